import { IP_V6, P_DST, P_FAMILY, P_PROTOCOL, P_SRC } from '../wire/packet-fields.ts'

/** A port that is not known yet. */
export const ANY_PORT = -1

/** A connection that a helper read out of another one, its master. */
export interface Expectation {
  /** IP_V4 or IP_V6, transport protocol, zone of the master. */
  readonly family: number
  readonly protocol: number
  readonly zone: number
  /** Words of the address it must come from; null for any. */
  readonly source: readonly number[] | null
  /** IPv4: which bits of that address count; all when absent. */
  readonly sourceMask?: number
  /** Port it must come from, or ANY_PORT. Of GRE, ports are keys. */
  readonly sourcePort: number
  readonly destination: readonly number[]
  readonly destinationPort: number
  /** Which of the helper's limits it counts against. */
  readonly policy: number
  /** Helper of the expected connection, null for none. */
  readonly helper: string | null
  /** It stays until its time is over, even after a connection has fulfilled it. */
  readonly permanent: boolean
  /** No connection fulfils it before it is activated (`renew`). */
  readonly inactive?: boolean
  /** An identical expectation of another master is not a conflict; it then serves both. */
  readonly anyMaster?: boolean
  /** The expectation that this tuple fulfils is removed when this one is fulfilled. */
  readonly pairedWith?: Omit<ExpectedTuple, 'family' | 'zone'>
  /** Number of the helper that announced it. */
  readonly announcedBy: number
  /** Direction of the master's packet that announced it: 0 original, 1 reply. */
  readonly direction: number
  /** How the expected connection is translated, if its master is translated; null where the rules decide. */
  readonly follow: Follow | null
}

/** The tuple of an expected connection. */
export interface ExpectedTuple {
  /** IP_V4 or IP_V6. */
  readonly family: number
  readonly protocol: number
  readonly zone: number
  /** Words of the addresses. */
  readonly source: readonly number[]
  readonly sourcePort: number
  readonly destination: readonly number[]
  readonly destinationPort: number
}

/** That of a connection whose first packet is at `base`; of GRE, ports are keys. */
export function tupleOf(
  fields: Int32Array,
  base: number,
  zone: number,
  sourcePort: number,
  destinationPort: number,
): ExpectedTuple {
  const family = fields[base + P_FAMILY]
  const words = family === IP_V6 ? 4 : 1
  return {
    family,
    protocol: fields[base + P_PROTOCOL],
    zone,
    source: [...fields.subarray(base + P_SRC, base + P_SRC + words)],
    sourcePort,
    destination: [...fields.subarray(base + P_DST, base + P_DST + words)],
    destinationPort,
  }
}

/** How an expected connection is translated, on the pattern of its master (nat/follow-master.ts). */
export interface Follow {
  /** Source of its packets after the translation; port -1 to leave the port as it is. */
  readonly source: readonly number[]
  readonly sourcePort: number
  /** Destination of its packets after the translation. */
  readonly destination: readonly number[]
  readonly destinationPort: number
  /**
   * SIP: the source is translated only if it is this address; for media, as the stream of the other direction was
   * announced.
   */
  readonly onlyFrom: readonly number[] | null
}

/** How many expectations of one policy a master may have (0 for any number), and how long they live. */
export interface ExpectationPolicy {
  readonly maxExpected: number
  readonly timeoutSeconds: number
}

/** An expectation in the table. */
export interface PendingExpectation extends Expectation {
  readonly master: number
  expiresNs: number
  isInactive: boolean
}

/** What became of an announced expectation. */
export const EXPECT_ADDED = 0
/** There is another expectation that the same packets could fulfil. */
export const EXPECT_BUSY = 1
/** There are too many expectations. */
export const EXPECT_FULL = 2
/** An identical one of another master exists (`anyMaster`). */
export const EXPECT_ALREADY = 3

const ALL_BITS = -1

/** The expected connections by destination. Not on the hot path: only connections with a helper use it. */
export class ExpectationTable {
  /** Whether the master of an expectation is still alive. */
  masterLives: (master: number) => boolean = () => true
  /** Hash of destination to expectations, the newest first. */
  readonly #byDestination = new Map<number, PendingExpectation[]>()
  readonly #byMaster = new Map<number, PendingExpectation[]>()
  readonly #max: number
  /** Expectations in the table, including some that may have expired since the table was last searched. */
  count = 0
  /** Ever announced, for the report. */
  announced = 0
  /** No expectation expires before this. */
  #soonestNs = Number.POSITIVE_INFINITY

  /** @param max expectations of all connections together (nf_conntrack_expect_max) */
  constructor(max: number) {
    this.#max = max
  }

  /**
   * Announces a connection. It replaces an identical expectation of the same master, is refused where another one could
   * be mistaken for it, and replaces the oldest of its policy where there are too many.
   * @returns an EXPECT_ code
   */
  add(expectation: Expectation, policy: ExpectationPolicy, master: number, nowNs: number): number {
    this.#expire(nowNs)
    for (const other of [...this.#at(expectation)]) {
      if (other.expiresNs <= nowNs) continue
      if ((expectation.anyMaster || other.master === master) && isSame(other, expectation)) {
        if (other.policy !== expectation.policy || other.master !== master) return EXPECT_ALREADY
        this.forget(other)
        break
      }
      if (clash(other, expectation)) return EXPECT_BUSY
    }
    if (policy.maxExpected > 0) {
      const ofPolicy = this.ofMaster(master, nowNs).filter((one) => one.policy === expectation.policy)
      if (ofPolicy.length >= policy.maxExpected) this.forget(ofPolicy[0])
    }
    if (this.count >= this.#max) return EXPECT_FULL
    const expiresNs = nowNs + policy.timeoutSeconds * 1e9
    const isInactive = expectation.inactive === true
    const pending: PendingExpectation = { ...expectation, master, expiresNs, isInactive }
    const hash = hashOf(expectation)
    const atHash = this.#byDestination.get(hash)
    if (atHash === undefined) this.#byDestination.set(hash, [pending])
    else atHash.unshift(pending)
    const ofMaster = this.#byMaster.get(master)
    if (ofMaster === undefined) this.#byMaster.set(master, [pending])
    else ofMaster.push(pending)
    this.#soonestNs = Math.min(this.#soonestNs, expiresNs)
    this.count++
    this.announced++
    return EXPECT_ADDED
  }

  /** As `match`, but removes the expectation unless it is permanent. */
  take(tuple: ExpectedTuple, nowNs: number): PendingExpectation | null {
    const one = this.match(tuple, nowNs)
    if (one === null) return null
    if (!one.permanent) this.forget(one)
    if (one.pairedWith !== undefined) {
      const other = this.find({ ...one.pairedWith, family: tuple.family, zone: tuple.zone }, nowNs)
      if (other !== null) this.forget(other)
    }
    return one
  }

  /** The expectation that a new connection with this tuple fulfils, or null. */
  match(tuple: ExpectedTuple, nowNs: number): PendingExpectation | null {
    this.#expire(nowNs)
    const one = this.#fitting(tuple, nowNs).find(({ isInactive }) => !isInactive)
    return one !== undefined && this.masterLives(one.master) ? one : null
  }

  /** The newest expectation, active or not, that a connection with this tuple would fulfil, or null. */
  find(tuple: ExpectedTuple, nowNs: number): PendingExpectation | null {
    return this.#fitting(tuple, nowNs)[0] ?? null
  }

  /** All live expectations of a master, oldest first. */
  ofMaster(master: number, nowNs: number): readonly PendingExpectation[] {
    return (this.#byMaster.get(master) ?? []).filter((one) => one.expiresNs > nowNs)
  }

  /** Removes all expectations of a master that no longer exists. */
  forgetOf(master: number): void {
    for (const one of [...(this.#byMaster.get(master) ?? [])]) this.forget(one)
  }

  forget(one: PendingExpectation): void {
    remove(this.#byDestination, hashOf(one), one)
    if (remove(this.#byMaster, one.master, one)) this.count--
  }

  /** All that have not expired. */
  *live(nowNs: number): Generator<PendingExpectation> {
    for (const list of this.#byMaster.values()) for (const one of list) if (one.expiresNs > nowNs) yield one
  }

  /** Activates or renews an expectation, with a new expiry time. */
  renew(one: PendingExpectation, expiresNs: number): void {
    one.isInactive = false
    one.expiresNs = expiresNs
    this.#soonestNs = Math.min(this.#soonestNs, expiresNs)
  }

  /** The newest first. */
  #fitting(tuple: ExpectedTuple, nowNs: number): PendingExpectation[] {
    const { zone, source, sourcePort } = tuple
    return this.#at(tuple).filter(
      (one) =>
        one.expiresNs > nowNs &&
        one.zone === zone &&
        (one.sourcePort === ANY_PORT || one.sourcePort === sourcePort) &&
        (one.source === null || isAt(one.source, source, one.sourceMask ?? ALL_BITS)),
    )
  }

  #at(tuple: Pick<Expectation, 'family' | 'protocol' | 'destination' | 'destinationPort'>): PendingExpectation[] {
    const { family, protocol, destination, destinationPort } = tuple
    const all = this.#byDestination.get(hashOf(tuple)) ?? []
    return all.filter(
      (one) =>
        one.family === family &&
        one.protocol === protocol &&
        one.destinationPort === destinationPort &&
        isAt(one.destination, destination, ALL_BITS),
    )
  }

  /** Removes what has expired, if anything can have. */
  #expire(nowNs: number): void {
    if (nowNs < this.#soonestNs) return
    this.#soonestNs = Number.POSITIVE_INFINITY
    for (const list of [...this.#byMaster.values()]) {
      for (const one of [...list]) {
        if (one.expiresNs <= nowNs) this.forget(one)
        else this.#soonestNs = Math.min(this.#soonestNs, one.expiresNs)
      }
    }
  }
}

function hashOf({ destination, destinationPort }: Pick<Expectation, 'destination' | 'destinationPort'>): number {
  return Math.imul(destination[destination.length - 1] ^ destination[0], 0x9e3779b1) ^ destinationPort
}

function isAt(address: readonly number[], other: readonly number[], mask: number): boolean {
  return address.every((word, i) => ((word ^ other[i]) & mask) === 0)
}

function maskOf(expectation: Expectation): number {
  return expectation.source === null ? 0 : (expectation.sourceMask ?? ALL_BITS)
}

/** Same source and mask, in the same zone; their destinations are the same already. */
function isSame(a: Expectation, b: Expectation): boolean {
  if (a.zone !== b.zone || a.sourcePort !== b.sourcePort || maskOf(a) !== maskOf(b)) return false
  return a.source === null || b.source === null || isAt(a.source, b.source, maskOf(a))
}

/** A packet could fulfil both; their destinations are the same already. */
function clash(a: Expectation, b: Expectation): boolean {
  if (a.zone !== b.zone) return false
  if (a.source !== null && b.source !== null && !isAt(a.source, b.source, maskOf(a) & maskOf(b))) return false
  return a.sourcePort === ANY_PORT || b.sourcePort === ANY_PORT || a.sourcePort === b.sourcePort
}

function remove(map: Map<number, PendingExpectation[]>, key: number, one: PendingExpectation): boolean {
  const list = map.get(key)
  const at = list?.indexOf(one) ?? -1
  if (list === undefined || at < 0) return false
  list.splice(at, 1)
  if (list.length === 0) map.delete(key)
  return true
}
