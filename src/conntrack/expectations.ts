import { IP_V6 } from '../wire/packet-fields.ts'

/** A port or address that is not known yet. */
export const ANY_PORT = -1

/** A connection that a helper read out of another one, its master. */
export interface Expectation {
  /** IP_V4 or IP_V6, transport protocol, zone of the master. */
  readonly family: number
  readonly protocol: number
  readonly zone: number
  /** Words of the address it must come from; null for any. */
  readonly source: readonly number[] | null
  /** Port it must come from, or ANY_PORT. */
  readonly sourcePort: number
  readonly destination: readonly number[]
  readonly destinationPort: number
  /** Which of the helper's limits it counts against. */
  readonly policy: number
  /** Helper of the expected connection, null for none. */
  readonly helper: string | null
  /** It stays when a connection has come, until its time is over. */
  readonly permanent: boolean
  /** Direction of the master's packet that announced it: 0 original, 1 reply. */
  readonly direction: number
  /** What the destination was before NAT moved it: the expected connection is translated the same way. */
  readonly beforeNat: { readonly address: readonly number[]; readonly port: number } | null
}

/** How many expectations of one policy a master may have, and how long they live. */
export interface ExpectationPolicy {
  readonly maxExpected: number
  readonly timeoutSeconds: number
}

/** An expectation in the table. */
export interface PendingExpectation extends Expectation {
  readonly master: number
  readonly masterNumber: number
  expiresNs: number
}

/** All of a machine together may expect so many (nf_conntrack_expect_max of a kernel with 262144 buckets). */
export const EXPECT_MAX = 4096

/** What became of an announced expectation. */
export const EXPECT_ADDED = 0
/** The same one was there: it was renewed. */
export const EXPECT_RENEWED = 1
/** Another one that could be meant for the same packets is there. */
export const EXPECT_BUSY = 2
/** Too many. */
export const EXPECT_FULL = 3

/** The connections that are expected, by where they go to. Cold: only connections with a helper get here. */
export class ExpectationTable {
  /** Destination port and address to expectations, the newest first. */
  readonly #byDestination = new Map<string, PendingExpectation[]>()
  readonly #byMaster = new Map<number, PendingExpectation[]>()
  /** Expectations that have not expired when last looked at. */
  count = 0
  /** Ever announced, for the report. */
  announced = 0

  /**
   * Announces a connection (nf_ct_expect_related): an identical expectation is renewed, one that could be mistaken for it
   * refuses it, the oldest of its policy makes room.
   */
  add(
    expectation: Expectation,
    policy: ExpectationPolicy,
    master: number,
    masterNumber: number,
    nowNs: number,
  ): number {
    const key = keyOf(expectation.family, expectation.protocol, expectation.destination, expectation.destinationPort)
    const expiresNs = nowNs + policy.timeoutSeconds * 1e9
    for (const other of [...(this.#byDestination.get(key) ?? [])]) {
      if (other.expiresNs <= nowNs) this.#forget(other)
      else if (isSame(other, expectation, master)) this.#forget(other)
      else if (clash(other, expectation)) return EXPECT_BUSY
    }
    const ofMaster = (this.#byMaster.get(master) ?? []).filter((one) => one.expiresNs > nowNs)
    const ofPolicy = ofMaster.filter((one) => one.policy === expectation.policy)
    if (policy.maxExpected > 0 && ofPolicy.length >= policy.maxExpected) this.#forget(ofPolicy[0])
    if (this.count >= EXPECT_MAX) return EXPECT_FULL
    const pending: PendingExpectation = { ...expectation, master, masterNumber, expiresNs }
    push(this.#byDestination, key, pending)
    push(this.#byMaster, master, pending)
    this.count++
    this.announced++
    return EXPECT_ADDED
  }

  /**
   * The expectation that a new connection fulfils, or null. It is used up unless it is permanent.
   * @param fields row whose addresses at `source` and `destination` are the connection's
   */
  take(
    fields: Int32Array,
    family: number,
    protocol: number,
    zone: number,
    source: number,
    destination: number,
    sourcePort: number,
    destinationPort: number,
    nowNs: number,
  ): PendingExpectation | null {
    const words = family === IP_V6 ? 4 : 1
    const key = keyOf(family, protocol, fields.subarray(destination, destination + words), destinationPort)
    for (const one of this.#byDestination.get(key) ?? []) {
      if (one.expiresNs <= nowNs || one.zone !== zone) continue
      if (one.sourcePort !== ANY_PORT && one.sourcePort !== sourcePort) continue
      if (one.source?.some((word, i) => word !== fields[source + i])) continue
      if (!one.permanent) this.#forget(one)
      return one
    }
    return null
  }

  /** All live expectations of a master, oldest first. */
  ofMaster(master: number, nowNs: number): readonly PendingExpectation[] {
    return (this.#byMaster.get(master) ?? []).filter((one) => one.expiresNs > nowNs)
  }

  /** Forgets those that `isMeant` picks among the master's. */
  forgetOf(master: number, isMeant: (one: PendingExpectation) => boolean = () => true): void {
    for (const one of [...(this.#byMaster.get(master) ?? [])]) if (isMeant(one)) this.#forget(one)
  }

  #forget(one: PendingExpectation): void {
    const key = keyOf(one.family, one.protocol, one.destination, one.destinationPort)
    remove(this.#byDestination, key, one)
    if (remove(this.#byMaster, one.master, one)) this.count--
  }
}

function keyOf(family: number, protocol: number, destination: ArrayLike<number>, port: number): string {
  return `${family}/${protocol}/${Array.from(destination).join('.')}:${port}`
}

/** Same tuple and mask, policy and master. */
function isSame(a: PendingExpectation, b: Expectation, master: number): boolean {
  return a.master === master && a.policy === b.policy && a.sourcePort === b.sourcePort && sameWords(a.source, b.source)
}

/** A packet could fulfil both; their destinations are the same already. */
function clash(a: Expectation, b: Expectation): boolean {
  if (a.zone !== b.zone) return false
  if (a.source !== null && b.source !== null && !sameWords(a.source, b.source)) return false
  return a.sourcePort === ANY_PORT || b.sourcePort === ANY_PORT || a.sourcePort === b.sourcePort
}

function sameWords(a: readonly number[] | null, b: readonly number[] | null): boolean {
  if (a === null || b === null) return a === b
  return a.every((word, i) => word === b[i])
}

function push<K>(map: Map<K, PendingExpectation[]>, key: K, one: PendingExpectation): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [one])
  else list.push(one)
}

function remove<K>(map: Map<K, PendingExpectation[]>, key: K, one: PendingExpectation): boolean {
  const list = map.get(key)
  const at = list?.indexOf(one) ?? -1
  if (list === undefined || at < 0) return false
  list.splice(at, 1)
  if (list.length === 0) map.delete(key)
  return true
}
