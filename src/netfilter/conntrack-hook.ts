import { ConnectionReader } from '../conntrack/connection-reader.ts'
import { NO_ENTRY, NOT_LOOKED_UP } from '../conntrack/current-connection.ts'
import { TRACKER_CANNOT_TELL, TRACKER_DROPPED } from '../conntrack/finding.ts'
import { HELPERS, helperNumber } from '../conntrack/helpers/registry.ts'
import { REASON_NONE } from '../conntrack/reasons.ts'
import { CT_RELATED, CT_RELATED_REPLY, CT_UNTRACKED } from '../conntrack/status.ts'
import { Tracker } from '../conntrack/tracker.ts'
import { ATTACHABLE_HELPERS } from '../ruleset/attachable-helpers.ts'
import { HOOK_POSTROUTING, HOOK_PREROUTING } from '../ruleset/packet/hooks.ts'
import {
  type RulePacket,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_NEW,
  STATE_RELATED,
  STATE_UNTRACKED,
  VERDICT_DROP,
  VERDICT_NONE,
  VERDICT_UNKNOWN,
} from '../ruleset/packet/rule-packet.ts'
import { TRACKING_NONE, trackingHelper, trackingTimeout, trackingZone } from '../ruleset/packet/tracking.ts'
import { FLOW_SEED } from '../wire/flow-hash.ts'
import { NOTE_CUT, NOTE_NONE, P_L3_LENGTH, P_PROTOCOL } from '../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../wire/protocols.ts'
import { AssumedConnections } from './assumed-connections.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { FastPath } from './fast-path/fast-path.ts'
import { NOT_TRACKED } from './fast-path/track-ahead.ts'
import { HelperPorts } from './helper-ports.ts'
import type { MachineOptions } from './machine-options.ts'
import { NatHooks } from './nat-hooks.ts'
import {
  CTSTATE_ESTABLISHED,
  CTSTATE_INVALID,
  CTSTATE_NEW,
  CTSTATE_NONE,
  CTSTATE_RELATED,
  CTSTATE_UNTRACKED,
  Outcome,
} from './outcome.ts'

/** By CT_ code: the label (CTSTATE_), and the bit that rules test (STATE_). */
const CTSTATE_OF_INFO = [
  CTSTATE_ESTABLISHED,
  CTSTATE_RELATED,
  CTSTATE_NEW,
  CTSTATE_ESTABLISHED,
  CTSTATE_RELATED,
  CTSTATE_NONE,
  CTSTATE_NONE,
  CTSTATE_UNTRACKED,
  CTSTATE_INVALID,
]
const STATE_OF_INFO = [
  STATE_ESTABLISHED,
  STATE_RELATED,
  STATE_NEW,
  STATE_ESTABLISHED,
  STATE_RELATED,
  STATE_INVALID,
  STATE_INVALID,
  STATE_UNTRACKED,
  STATE_INVALID,
]

/** Number of each of the rules' helpers (ATTACHABLE_HELPERS) among the tracker's. */
const TRACKER_HELPER = ATTACHABLE_HELPERS.map(({ name }) => helperNumber(name))

/**
 * The two places of connection tracking among the hooks: after the raw table, where a packet gets its connection, and
 * after the last table, where the connection is confirmed.
 */
export class ConntrackHook {
  readonly tracker: Tracker
  readonly nat: NatHooks
  /** Null where every packet has to pass the hooks. */
  readonly fastPath: FastPath | null
  readonly #checksums: ChecksumPolicy
  readonly #verifiesChecksums: boolean
  readonly #helperPorts: HelperPorts
  readonly #hasNat: boolean
  /** Counts packets and bytes of connections where rules ask for them. */
  readonly #accounts: ConnectionReader | null
  readonly #assumedConnections = new AssumedConnections()
  /** Receives the result of `trackAgain`, which is not reported. */
  readonly #second = new Outcome()

  /** @param hasNat whether some nat table is loaded */
  constructor(options: MachineOptions, hasNat: boolean) {
    this.tracker = new Tracker(options.sysctls, FLOW_SEED, options.timeoutPolicies)
    this.tracker.helpers.networks = options.topology.local
    this.tracker.onlooker.runner.networks = options.topology.local
    this.#checksums = options.checksums
    this.#verifiesChecksums = options.sysctls.nf_conntrack_checksum !== 0
    this.#helperPorts = new HelperPorts(options.helperPorts ?? [])
    this.#hasNat = hasNat
    const connections = new ConnectionReader(this.tracker.current.table)
    const counts = options.ruleset4?.countsConnections || options.ruleset6?.countsConnections
    this.#accounts = counts ? connections : null
    this.nat = new NatHooks(this.tracker.current, connections, options, this.tracker.finding)
    this.fastPath =
      counts || options.fastPath === false
        ? null
        : new FastPath({
            ...options,
            tracker: this.tracker,
            verifiesChecksums: this.#verifiesChecksums,
            helperPorts: this.#helperPorts,
            assumedConnections: this.#assumedConnections,
            binder: hasNat ? this.nat.binder : null,
          })
  }

  /** Tracks the packet, after the raw table; false when the tracker drops it. */
  track(packet: RulePacket, outcome: Outcome): boolean {
    const { tracker } = this
    const { fields, base } = packet
    if (this.#hasNat) this.nat.begin()
    const { tracking } = packet
    if ((tracking & TRACKING_NONE) !== 0) {
      packet.state = STATE_UNTRACKED
      outcome.state = CTSTATE_UNTRACKED
      tracker.untrack()
      return true
    }
    const { current } = tracker
    const helper = trackingHelper(tracking)
    current.helper = helper >= 0 ? TRACKER_HELPER[helper] : this.#helperPorts.helperFor(fields, base)
    current.timeoutPolicy = trackingTimeout(tracking)
    current.zoneOriginal = trackingZone(tracking, 0, packet.mark)
    current.zoneReply = trackingZone(tracking, 1, packet.mark)
    if (this.#hasNat) this.nat.binder.chancePorts.learnFrom(fields, base)
    // The lookup of the fast path was in zone 0.
    if ((current.zoneOriginal | current.zoneReply) !== 0) current.lookedUp = NOT_LOOKED_UP
    const result = this.#judge(packet, outcome.frame)
    if (result === TRACKER_CANNOT_TELL) {
      outcome.note = NOTE_CUT
      return false
    }
    this.noteFinding(outcome)
    if (this.#hasNat && current.fulfilled !== null) this.nat.followMaster()
    if (result === TRACKER_DROPPED) {
      outcome.verdict = VERDICT_DROP
      outcome.dropHook = packet.hook
      return false
    }
    const label = current.info
    outcome.state = CTSTATE_OF_INFO[label]
    outcome.connectionNumber = current.number
    packet.state = STATE_OF_INFO[label]
    packet.connection = current.id
    packet.direction = label < CT_UNTRACKED ? current.direction : -1
    outcome.direction = packet.direction
    const missed = tracker.onlooker.helperMissed(fields, base)
    if (missed >= 0) outcome.hintHelper = HELPERS[missed].name
    if (this.#accounts !== null) this.#account(this.#accounts, packet)
    if (!this.#assumedConnections.isEmpty) outcome.assumesFrame = this.#assumedFrame()
    return true
  }

  /**
   * A packet from the machine to itself that was INVALID when it was sent is tracked again when it comes in, now also
   * by its checksum, and in the zone that rules set there. The label stays that of the first time. False when the
   * packet is dropped.
   */
  trackAgain(packet: RulePacket, outcome: Outcome): boolean {
    if (this.fastPath !== null) this.fastPath.ahead.said = NOT_TRACKED
    this.tracker.current.lookedUp = NOT_LOOKED_UP
    const second = this.#second
    second.frame = outcome.frame
    second.note = NOTE_NONE
    second.verdict = VERDICT_NONE
    second.dropHook = -1
    if (this.track(packet, second)) return true
    outcome.note = second.note
    outcome.verdict = second.verdict
    outcome.dropHook = second.dropHook
    return false
  }

  /** The tracker's result: now, or as given ahead of the rules (TrackAhead). */
  #judge(packet: RulePacket, frame: number): number {
    const { bytes, fields, base, hook } = packet
    const ahead = this.fastPath === null ? NOT_TRACKED : this.fastPath.ahead.said
    if (ahead !== NOT_TRACKED) return ahead
    const verifies =
      hook === HOOK_PREROUTING && this.#verifiesChecksums && this.#checksums.verifies(bytes, fields, base)
    return this.tracker.track(bytes, fields, base, verifies, frame)
  }

  /**
   * Counts the packet for its connection. Packets that the tracker ignored, repeated openings and ICMP errors do not
   * count (oracle: fuzzing of firewalls with connbytes).
   */
  #account(connections: ConnectionReader, packet: RulePacket): void {
    const { id, info, direction, renewed } = this.tracker.current
    if (id < 0 || !renewed || this.tracker.finding.reason !== REASON_NONE) return
    const { fields, base } = packet
    const protocol = fields[base + P_PROTOCOL]
    const isRelated = info === CT_RELATED || info === CT_RELATED_REPLY
    if (isRelated && (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6)) return
    connections.account(id, direction === 1, fields[base + P_L3_LENGTH])
  }

  /** Copies the tracker's reason into the outcome. */
  noteFinding(outcome: Outcome): void {
    const { finding } = this.tracker
    outcome.reason = finding.reason
    outcome.reasonA = finding.a
    outcome.reasonB = finding.b
    outcome.reasonFrame = finding.frame
  }

  /**
   * The frame that is assumed to have passed, so that the packet's connection (or the one that made it INVALID) exists;
   * 0 for none.
   */
  #assumedFrame(): number {
    const { current } = this.tracker
    const { id, number, refusedBy, refusedByNumber } = current
    if (refusedBy !== NO_ENTRY) return this.#assumedConnections.frameOf(refusedBy, refusedByNumber)
    return id === NO_ENTRY ? 0 : this.#assumedConnections.frameOf(id, number)
  }

  /**
   * The end of the hooks: the helper reads the packet, and a new connection is confirmed; if the verdict is unknown, on
   * the assumption that the packet passed. False when the helper drops the packet.
   */
  confirm(packet: RulePacket, outcome: Outcome): boolean {
    const { current, helpers, onlooker } = this.tracker
    const isSent = packet.hook === HOOK_POSTROUTING && !packet.forwarded
    if (!helpers.run(packet.bytes, packet.fields, packet.base, isSent) || this.nat.isClash(this.#hasNat)) {
      outcome.verdict = VERDICT_DROP
      outcome.rule = null
      outcome.dropHook = packet.hook
      this.noteFinding(outcome)
      current.drop()
      return false
    }
    onlooker.look(packet.bytes, packet.fields, packet.base, isSent)
    outcome.confirmedNew = current.confirm()
    if (outcome.confirmedNew && outcome.verdict === VERDICT_UNKNOWN) {
      this.#assumedConnections.note(current.id, current.number, outcome.frame)
    }
    return true
  }
}
