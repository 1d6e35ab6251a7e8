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
  IP_V6,
  NOTE_NONE,
  P_FAMILY,
  P_FRAGMENT,
  P_IP_OPTIONS,
  P_L3_LENGTH,
  P_NOTE,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
  P_TTL,
} from '../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../wire/protocols.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { FlowCache, NO_WAY } from './flow-cache.ts'
import type { HelperPorts } from './helper-ports.ts'
import { CTSTATE_ESTABLISHED, type Outcome } from './outcome.ts'
import { PATH_LOOPBACK, PATH_OUTPUT } from './routing.ts'

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
  readonly #options: FastPathOptions

  constructor(options: FastPathOptions) {
    this.#options = options
    this.#flows = new FlowCache((options.ruleset4?.flagsAsked ?? 0) | (options.ruleset6?.flagsAsked ?? 0))
  }

  /**
   * Takes a packet its whole way, if it may be short, and says in `outcome`, which is blank, what became of it.
   * @returns false where the packet must go on its journey
   */
  take(bytes: Uint8Array, fields: Int32Array, base: number, nowNs: number, outcome: Outcome): boolean {
    const { tracker, checksums, verifiesChecksums, helperPorts } = this.#options
    const { current } = tracker
    this.trackedAhead = NOT_TRACKED
    current.lookedUp = NOT_LOOKED_UP
    if (!isPlain(fields, base)) return false
    const { table } = current
    current.begin(nowNs)
    current.zoneOriginal = 0
    current.zoneReply = 0
    const id = current.find(fields, base, 0, 0, false)
    current.lookedUp = id
    if (id === NO_ENTRY) return false
    const number = this.#flows.wayOf(table.entries, id, table.foundDirection, tcpFlagsOf(fields, base))
    if (number === NO_WAY) return false
    const way = this.#flows.way(number)
    current.helper = helperPorts.helperFor(fields, base)
    const verifies = way.arrives && verifiesChecksums && checksums.verifies(bytes, fields, base)
    const result = tracker.track(bytes, fields, base, verifies, nowNs, outcome.frame)
    if (result !== TRACKED || tracker.finding.reason !== REASON_NONE || !isEstablished(current.info)) {
      this.trackedAhead = result
      return false
    }
    this.#flows.take(number, fields[base + P_L3_LENGTH])
    outcome.state = CTSTATE_ESTABLISHED
    outcome.direction = current.direction
    outcome.hook = way.hook
    outcome.verdict = VERDICT_ACCEPT
    outcome.rule = way.rule
    outcome.connectionNumber = current.number
    return true
  }

  /** Keeps the way that a packet went, behind its journey, where the next ones like it may take it. */
  keep(packet: RulePacket, path: number, outcome: Outcome): void {
    const { tracker, ruleset4, ruleset6 } = this.#options
    const { current, finding } = tracker
    const { fields, base } = packet
    const isAccepted =
      outcome.verdict === VERDICT_ACCEPT && finding.reason === REASON_NONE && outcome.assumesFrame === 0
    if (!isAccepted || !isEstablished(current.info) || path === PATH_LOOPBACK) return
    if (!packet.steady || packet.hitCount > HITS_MAX || packet.tracking !== 0 || !isPlain(fields, base)) return
    if (tracker.onlooker.watches(fields, base)) return
    const { entries, extensions } = current.table
    const e = current.id * ENTRY_INTS
    const isPlainEntry = (entries[e + E_STATUS] & (ENTRY_TWO_TUPLES | IPS_SRC_NAT | IPS_DST_NAT)) === 0
    const hasHelper = extensions.records[entries[e + E_EXTENSION] * EXTENSION_INTS + X_HELPER] !== 0
    if (!isPlainEntry || !current.isConfirmed || hasHelper) return
    const isV6 = fields[base + P_FAMILY] === IP_V6
    const way = {
      ruleset: isV6 ? ruleset6 : ruleset4,
      isV6,
      arrives: path !== PATH_OUTPUT,
      hook: outcome.hook,
      rule: outcome.rule,
    }
    this.#flows.keep(way, packet, entries, current.id, current.direction, tcpFlagsOf(fields, base))
  }

  /** Gives the rules the packets that took the short way: before anybody reads their counters. */
  settle(): void {
    this.#flows.settle()
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
