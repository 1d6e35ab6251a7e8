import { NO_ENTRY, NOT_LOOKED_UP } from '../conntrack/current.ts'
import { E_EXTENSION, E_STATUS, ENTRY_INTS, ENTRY_TWO_TUPLES } from '../conntrack/entry.ts'
import { EXTENSION_INTS, X_HELPER } from '../conntrack/extensions.ts'
import { TRACKED } from '../conntrack/finding.ts'
import { REASON_NONE } from '../conntrack/reasons.ts'
import { CT_ESTABLISHED, CT_ESTABLISHED_REPLY, IPS_DST_NAT, IPS_SRC_NAT } from '../conntrack/status.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import { HITS_MAX, type RulePacket, VERDICT_ACCEPT } from '../ruleset/rule-packet.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import {
  FRAGMENT_DEFRAG,
  FRAGMENT_REASSEMBLED,
  IP_NONE,
  IP_V6,
  NOTE_NONE,
  P_FAMILY,
  P_FRAGMENT,
  P_HASH,
  P_IP_OPTIONS,
  P_L3_LENGTH,
  P_NOTE,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
  P_TTL,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../wire/protocols.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { FlowCache, NO_WAY, Way } from './flow-cache.ts'
import type { HelperPorts } from './helper-ports.ts'
import { CTSTATE_ESTABLISHED, type Outcome, type PassedPackets } from './outcome.ts'
import { PATH_LOOPBACK, PATH_OUTPUT } from './routing.ts'

/** Packets whose connections are looked for at once. */
export const APPROACHED = 32

/** P_HASH of packets that are not for the short way; one in four thousand million that are gets it too, and goes all its way. */
const NO_HASH = 0

/** The packet was not tracked ahead of the rules. */
export const NOT_TRACKED = -1

export interface FastPathOptions {
  readonly tracker: Tracker
  readonly checksums: ChecksumPolicy
  /** Whether the tracker looks at checksums at all. */
  readonly verifiesChecksums: boolean
  readonly helperPorts: HelperPorts
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
}

/**
 * The short way of plain TCP and UDP packets whose connection is established and whose way through the rules is known from
 * an earlier packet (FlowCache): the tracker judges them as any other; only where it has something to say do they still
 * go through the hooks. Nothing of it shows in a result.
 */
export class FastPath {
  /** What the tracker said of the current packet, where it was asked ahead of the rules: good for the packet's journey. */
  trackedAhead = NOT_TRACKED
  readonly #flows: FlowCache
  /** Filled anew for each way that is kept. */
  readonly #way = new Way()
  readonly #hashes = new Int32Array(APPROACHED)
  readonly #tracker: Tracker
  readonly #checksums: ChecksumPolicy
  readonly #verifiesChecksums: boolean
  readonly #helperPorts: HelperPorts
  readonly #ruleset4: CompiledRuleset | null
  readonly #ruleset6: CompiledRuleset | null

  constructor(options: FastPathOptions) {
    this.#tracker = options.tracker
    this.#checksums = options.checksums
    this.#verifiesChecksums = options.verifiesChecksums
    this.#helperPorts = options.helperPorts
    this.#ruleset4 = options.ruleset4
    this.#ruleset6 = options.ruleset6
    this.#flows = new FlowCache((options.ruleset4?.flagsAsked ?? 0) | (options.ruleset6?.flagsAsked ?? 0))
  }

  /**
   * Before any of them is taken: finds out which packets [from, to) of a batch may take the short way, and has their
   * connections brought to the processor's cache.
   * @param to at most APPROACHED more than `from`
   */
  approach(rows: Int32Array, from: number, to: number): void {
    const { key, table } = this.#tracker.current
    const hashes = this.#hashes
    let count = 0
    for (let base = from * PACKET_INTS; base < to * PACKET_INTS; base += PACKET_INTS) {
      rows[base + P_HASH] = NO_HASH
      if (rows[base + P_FAMILY] === IP_NONE || !isPlain(rows, base)) continue
      key.fill(rows, base, 0, 0, 0)
      rows[base + P_HASH] = key.hash
      hashes[count++] = key.hash
    }
    table.approach(hashes, count)
  }

  /**
   * Takes a packet its whole way, if it may be short.
   * @param frame its number, @param wireLength of the frame in bytes
   * @returns the number of the way, for `describe`; NO_WAY where the packet must go on its journey
   */
  take(bytes: Uint8Array, fields: Int32Array, base: number, frame: number, wireLength: number): number {
    const { current } = this.#tracker
    this.trackedAhead = NOT_TRACKED
    current.lookedUp = NOT_LOOKED_UP
    const hash = fields[base + P_HASH]
    if (hash === NO_HASH) return NO_WAY
    const { table } = current
    current.begin()
    const id = current.findPlain(fields, base, hash)
    current.lookedUp = id
    current.lookedUpDirection = table.foundDirection
    if (id === NO_ENTRY) return NO_WAY
    const way = this.#flows.wayOf(table.entries, id, table.foundDirection, tcpFlagsOf(fields, base))
    if (way === NO_WAY) return NO_WAY
    current.helper = this.#helperPorts.helperFor(fields, base)
    current.timeoutPolicy = 0
    const verifies =
      this.#verifiesChecksums && this.#flows.way(way).arrives && this.#checksums.verifies(bytes, fields, base)
    const result = this.#tracker.track(bytes, fields, base, verifies, frame)
    if (result !== TRACKED || this.#tracker.finding.reason !== REASON_NONE || !isEstablished(current.info)) {
      this.trackedAhead = result
      return NO_WAY
    }
    this.#flows.take(way, fields[base + P_L3_LENGTH], wireLength)
    return way
  }

  /** Says in `outcome`, which is blank, what became of the packet that `take` just took. */
  describe(way: number, outcome: Outcome): void {
    const { current } = this.#tracker
    const { hook, rule } = this.#flows.way(way)
    outcome.state = CTSTATE_ESTABLISHED
    outcome.direction = current.direction
    outcome.hook = hook
    outcome.verdict = VERDICT_ACCEPT
    outcome.rule = rule
    outcome.connectionNumber = current.number
  }

  /** Keeps the way that a packet went, behind its journey, where the next ones like it may take it. */
  keep(packet: RulePacket, path: number, outcome: Outcome): void {
    const { current, finding, onlooker } = this.#tracker
    const { fields, base } = packet
    const isAccepted =
      outcome.verdict === VERDICT_ACCEPT && finding.reason === REASON_NONE && outcome.assumesFrame === 0
    if (!isAccepted || !isEstablished(current.info) || path === PATH_LOOPBACK) return
    if (!packet.steady || packet.hitCount > HITS_MAX || packet.tracking !== 0 || !isPlain(fields, base)) return
    if (onlooker.watches(fields, base)) return
    const { entries, extensions } = current.table
    const e = current.id * ENTRY_INTS
    const isPlainEntry = (entries[e + E_STATUS] & (ENTRY_TWO_TUPLES | IPS_SRC_NAT | IPS_DST_NAT)) === 0
    const hasHelper = extensions.records[entries[e + E_EXTENSION] * EXTENSION_INTS + X_HELPER] !== 0
    if (!isPlainEntry || !current.isConfirmed || hasHelper) return
    const isV6 = fields[base + P_FAMILY] === IP_V6
    const way = this.#way
    way.ruleset = isV6 ? this.#ruleset6 : this.#ruleset4
    way.isV6 = isV6
    way.protocol = fields[base + P_PROTOCOL]
    way.arrives = path !== PATH_OUTPUT
    way.hook = outcome.hook
    way.rule = outcome.rule
    this.#flows.keep(way, packet, entries, current.id, current.direction, tcpFlagsOf(fields, base))
  }

  /** Gives the rules the packets that took the short way, before anybody reads their counters. Says which they were. */
  settle(): PassedPackets[] {
    return this.#flows.settle()
  }
}

function isEstablished(info: number): boolean {
  return info === CT_ESTABLISHED || info === CT_ESTABLISHED_REPLY
}

/** Routing has nothing against the packet that it would not have against the others of its connection. */
function isPlain(fields: Int32Array, base: number): boolean {
  const protocol = fields[base + P_PROTOCOL]
  return (
    (protocol === PROTO_TCP || protocol === PROTO_UDP) &&
    fields[base + P_NOTE] === NOTE_NONE &&
    fields[base + P_TTL] > 1 &&
    fields[base + P_IP_OPTIONS] === 0 &&
    (fields[base + P_FRAGMENT] & (FRAGMENT_DEFRAG | FRAGMENT_REASSEMBLED)) === 0
  )
}

function tcpFlagsOf(fields: Int32Array, base: number): number {
  return fields[base + P_PROTOCOL] === PROTO_TCP ? (fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & 0xff : 0
}
