import { ConnectionReader } from '../conntrack/connection-reader.ts'
import { NO_ENTRY, NOT_LOOKED_UP } from '../conntrack/current.ts'
import { TRACKER_CANNOT_TELL, TRACKER_DROPPED } from '../conntrack/finding.ts'
import { HELPERS, helperNumber } from '../conntrack/helpers/registry.ts'
import { REASON_NONE } from '../conntrack/reasons.ts'
import { CT_RELATED, CT_RELATED_REPLY, CT_UNTRACKED } from '../conntrack/status.ts'
import { Tracker } from '../conntrack/tracker.ts'
import { HELPERS as RULE_HELPERS } from '../ruleset/helpers.ts'
import {
  HOOK_FORWARD,
  HOOK_INPUT,
  HOOK_OUTPUT,
  HOOK_POSTROUTING,
  HOOK_PREROUTING,
  INTERFACE_NONE,
  RulePacket,
  STATE_ESTABLISHED,
  STATE_INVALID,
  STATE_NEW,
  STATE_RELATED,
  STATE_UNTRACKED,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NONE,
  VERDICT_REJECT,
  VERDICT_UNKNOWN,
} from '../ruleset/rule-packet.ts'
import { TRACKING_NONE, trackingHelper, trackingTimeout, trackingZone } from '../ruleset/tracking.ts'
import {
  IP_V4,
  NOTE_CUT,
  NOTE_NOT_ROUTED,
  P_DST,
  P_FAMILY,
  P_L3_LENGTH,
  P_PROTOCOL,
  P_SRC,
} from '../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../wire/protocols.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { FastPath, NOT_TRACKED } from './fast-path.ts'
import { HelperPorts } from './helper-ports.ts'
import { INTERFACE_LOOPBACK } from './interfaces.ts'
import type { MachineOptions } from './machine.ts'
import { NatHooks } from './nat-hooks.ts'
import {
  CTSTATE_ESTABLISHED,
  CTSTATE_INVALID,
  CTSTATE_NEW,
  CTSTATE_NONE,
  CTSTATE_RELATED,
  CTSTATE_UNTRACKED,
  type Outcome,
} from './outcome.ts'
import { PATH_INPUT, PATH_LOOPBACK, PATH_OUTPUT, PATH_REFUSED, PATH_UNSEEN, pathOf } from './routing.ts'
import { RulesAtHooks } from './rules-at-hooks.ts'
import type { Topology } from './topology.ts'

/** CT_ code to the label, and to the bit that rules test. */
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

/** The rules' numbers of helpers to the tracker's. */
const HELPER_OF_RULES = RULE_HELPERS.map(({ name }) => helperNumber(name))

/**
 * A datagram's way through the hooks, in the kernel's order:
 *
 *     PREROUTING  raw (conntrack) mangle nat           OUTPUT       raw (conntrack) mangle nat filter security
 *     INPUT       mangle filter security nat (confirm) POSTROUTING  mangle nat (confirm)
 *     FORWARD     mangle filter security
 */
export class Journey {
  readonly tracker: Tracker
  readonly nat: NatHooks
  /** Null where every packet must be seen by the rules. */
  readonly fastPath: FastPath | null
  readonly #topology: Topology
  readonly #checksums: ChecksumPolicy
  readonly #verifiesChecksums: boolean
  readonly #helperPorts: HelperPorts
  readonly #rules4: RulesAtHooks
  readonly #rules6: RulesAtHooks
  readonly #hasNat: boolean
  readonly #packet: RulePacket
  /** Counts packets and bytes of connections where rules ask for them. */
  readonly #accounts: ConnectionReader | null
  /** Connections kept alive by a packet whose verdict is unknown: entry -> that frame. */
  readonly #assumed = new Map<number, { connectionNumber: number; frame: number }>()

  constructor(options: MachineOptions) {
    this.tracker = new Tracker(options.sysctls, options.seed, options.timeoutPolicies)
    this.tracker.helpers.networks = options.topology.local
    this.tracker.onlooker.runner.networks = options.topology.local
    this.#topology = options.topology
    this.#checksums = options.checksums
    this.#verifiesChecksums = options.sysctls.nf_conntrack_checksum !== 0
    this.#helperPorts = new HelperPorts(options.helperPorts ?? [])
    this.#rules4 = new RulesAtHooks(options.ruleset4)
    this.#rules6 = new RulesAtHooks(options.ruleset6)
    this.#hasNat = this.#rules4.hasNat || this.#rules6.hasNat
    const connections = new ConnectionReader(this.tracker.current.table)
    const counts = options.ruleset4?.countsConnections || options.ruleset6?.countsConnections
    this.#accounts = counts ? connections : null
    this.#packet = new RulePacket(connections)
    this.fastPath =
      counts || options.fastPath === false
        ? null
        : new FastPath({
            ...options,
            tracker: this.tracker,
            verifiesChecksums: this.#verifiesChecksums,
            helperPorts: this.#helperPorts,
          })
    this.nat = new NatHooks(this.tracker.current, connections, options, this.tracker.finding)
  }

  /** A whole datagram goes its way: a PATH_ other than PATH_UNSEEN. Fills in what `outcome` says of it. */
  travel(bytes: Uint8Array, fields: Int32Array, base: number, path: number, outcome: Outcome): void {
    const packet = this.#packet
    packet.bytes = bytes
    packet.fields = fields
    packet.base = base
    packet.nowNs = this.tracker.current.nowNs
    packet.tracking = 0
    packet.forwarded = false
    packet.steady = true
    packet.hitCount = 0
    const rules = fields[base + P_FAMILY] === IP_V4 ? this.#rules4 : this.#rules6
    if (!rules.isEmpty) {
      packet.epochSeconds = outcome.epochSeconds
      packet.mark = 0
      packet.unknownMark = 0
      packet.state = STATE_INVALID
      packet.direction = -1
      packet.connection = -1
      packet.possibleVerdicts = 0
      packet.unknownReason = -1
      packet.decidedBy = -1
      packet.edits.begin()
    }
    if (path === PATH_OUTPUT || path === PATH_LOOPBACK) this.#leave(path, rules, outcome)
    else this.#arrive(path, rules, outcome)
    if (!rules.isEmpty) packet.edits.undo(packet)
    this.fastPath?.keep(packet, path, outcome)
  }

  /** From outside: PREROUTING, then where routing sends it. */
  #arrive(path: number, rules: RulesAtHooks, outcome: Outcome): void {
    const packet = this.#packet
    const { ways } = this.#topology
    const inward = ways.incoming(packet.fields[packet.base + P_FAMILY], packet.fields, packet.base + P_SRC)
    if (!this.#enter(HOOK_PREROUTING, inward, INTERFACE_NONE, rules, outcome)) return
    path = this.#routeAgain(path)
    if (path === PATH_REFUSED) {
      this.tracker.current.drop()
      outcome.note = NOTE_NOT_ROUTED
      outcome.verdict = VERDICT_NONE
      outcome.rule = null
      return
    }
    if (path === PATH_INPUT) {
      if (!this.#at(HOOK_INPUT, inward, INTERFACE_NONE, rules, outcome)) return
      if (this.#confirm(outcome)) this.#accept(outcome)
      return
    }
    const outward = ways.outgoing(packet.fields[packet.base + P_FAMILY], packet.fields, packet.base + P_DST)
    if (!this.#at(HOOK_FORWARD, inward, outward, rules, outcome)) return
    packet.forwarded = true
    // POSTROUTING does not know the way in, whatever the way was.
    if (!this.#at(HOOK_POSTROUTING, INTERFACE_NONE, outward, rules, outcome)) return
    if (this.#confirm(outcome)) this.#accept(outcome)
  }

  /** From the machine itself: OUTPUT and POSTROUTING; to itself, it then comes in over the loopback device. */
  #leave(path: number, rules: RulesAtHooks, outcome: Outcome): void {
    const packet = this.#packet
    outcome.hook = HOOK_OUTPUT
    if (!this.#enter(HOOK_OUTPUT, INTERFACE_NONE, this.#outwardOf(path), rules, outcome)) return
    path = this.#routeAgain(path)
    const outward = this.#outwardOf(path)
    if (!this.#at(HOOK_POSTROUTING, INTERFACE_NONE, outward, rules, outcome)) return
    if (!this.#confirm(outcome)) return
    if (path === PATH_LOOPBACK) {
      packet.hook = HOOK_PREROUTING
      packet.inInterface = INTERFACE_LOOPBACK
      packet.outInterface = INTERFACE_NONE
      if (!this.#passes(rules.runRaw(packet), rules, outcome)) return
      if (!this.#runHook(rules, outcome)) return
      if (!this.#at(HOOK_INPUT, INTERFACE_LOOPBACK, INTERFACE_NONE, rules, outcome)) return
    }
    this.#accept(outcome)
  }

  #outwardOf(path: number): number {
    if (path === PATH_LOOPBACK) return INTERFACE_LOOPBACK
    const { fields, base } = this.#packet
    return this.#topology.ways.outgoing(fields[base + P_FAMILY], fields, base + P_DST)
  }

  /** Routing looks at the destination that NAT left. */
  #routeAgain(path: number): number {
    if (!this.nat.changedDestination) return path
    if (this.nat.redirected) return PATH_INPUT
    const { mode, local } = this.#topology
    const again = pathOf(this.#packet.fields, this.#packet.base, mode, local)
    // A host forwards nothing.
    return again === PATH_UNSEEN ? PATH_REFUSED : again
  }

  #accept(outcome: Outcome): void {
    if (outcome.verdict !== VERDICT_UNKNOWN) outcome.verdict = VERDICT_ACCEPT
  }

  /** The first hook: raw, the tracker, then the rest. False when the packet ends there. */
  #enter(hook: number, inInterface: number, outInterface: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = hook
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    if (rules.actsRawAt[hook] && !this.#passes(rules.runRaw(packet), rules, outcome)) return false
    return this.#track(outcome) && this.#runHook(rules, outcome)
  }

  /** Runs one hook; false when the packet ends there. */
  #at(hook: number, inInterface: number, outInterface: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = hook
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    if (hook !== HOOK_POSTROUTING) outcome.hook = hook
    return this.#runHook(rules, outcome)
  }

  /** The hook's tables behind the tracker, with nat in its place. */
  #runHook(rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    if (!rules.hasNat || packet.hook === HOOK_FORWARD) {
      return !rules.actsAt[packet.hook] || this.#passes(rules.run(packet), rules, outcome)
    }
    if (!this.#passes(rules.runBeforeNat(packet), rules, outcome)) return false
    if (!this.#passes(this.nat.run(packet, rules), rules, outcome)) {
      this.#noteFinding(outcome)
      return false
    }
    return this.#passes(rules.runBehindNat(packet), rules, outcome)
  }

  /** Takes note of a hook's verdict; false when the packet ends there. */
  #passes(verdict: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    if (verdict === VERDICT_ACCEPT) {
      if (outcome.verdict !== VERDICT_UNKNOWN && rules.filterDecision >= 0)
        outcome.rule = rules.info(rules.filterDecision)
      return true
    }
    const packet = this.#packet
    if (verdict === VERDICT_UNKNOWN) {
      // The first unknown stands for the packet; it goes on as accepted, and what depends on that says so.
      if (outcome.verdict !== VERDICT_UNKNOWN) {
        outcome.verdict = VERDICT_UNKNOWN
        outcome.rule = rules.info(packet.decidedBy)
        outcome.possibleVerdicts = packet.possibleVerdicts
        outcome.unknownText = rules.unknownText(packet.unknownReason) ?? this.nat.missing
      }
      return true
    }
    outcome.verdict = verdict
    outcome.rule = rules.info(packet.decidedBy)
    outcome.possibleVerdicts = 0
    outcome.unknownText = null
    outcome.dropHook = packet.hook
    if (verdict === VERDICT_REJECT && outcome.rule?.rejectsWithReset === true) this.tracker.closeByReset()
    if (outcome.state !== CTSTATE_NONE) this.tracker.current.drop()
    return false
  }

  /** The tracker's turn, behind the raw table; false when the packet ends there. */
  #track(outcome: Outcome): boolean {
    const packet = this.#packet
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
    current.helper = helper >= 0 ? HELPER_OF_RULES[helper] : this.#helperPorts.helperFor(fields, base)
    current.timeoutPolicy = trackingTimeout(tracking)
    current.zoneOriginal = trackingZone(tracking, 0, packet.mark)
    current.zoneReply = trackingZone(tracking, 1, packet.mark)
    if (this.#hasNat) this.nat.binder.chancePorts.learnFrom(fields, base)
    // Neither what was just learned nor other zones were known when the fast path looked.
    if (this.#hasNat || (current.zoneOriginal | current.zoneReply) !== 0) current.lookedUp = NOT_LOOKED_UP
    const result = this.#judge(outcome.frame)
    if (result === TRACKER_CANNOT_TELL) {
      outcome.note = NOTE_CUT
      return false
    }
    this.#noteFinding(outcome)
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
    if (label < CT_UNTRACKED) {
      outcome.direction = current.direction
      packet.direction = outcome.direction
    }
    const missed = tracker.onlooker.helperMissed(fields, base)
    if (missed >= 0) outcome.hintHelper = HELPERS[missed].name
    if (this.#accounts !== null) this.#account(this.#accounts)
    if (this.#assumed.size > 0) outcome.assumesFrame = this.#assumedFrame()
    return true
  }

  /** What the tracker says of the packet, or said of it ahead of the rules. */
  #judge(frame: number): number {
    const { bytes, fields, base, hook } = this.#packet
    const ahead = this.fastPath === null ? NOT_TRACKED : this.fastPath.trackedAhead
    if (ahead !== NOT_TRACKED) return ahead
    const verifies =
      hook === HOOK_PREROUTING && this.#verifiesChecksums && this.#checksums.verifies(bytes, fields, base)
    return this.tracker.track(bytes, fields, base, verifies, frame)
  }

  /** Packets that the tracker ignored, repeated openings and ICMP errors do not count (oracle: fuzzing of firewalls with connbytes). */
  #account(connections: ConnectionReader): void {
    const { id, info, direction, renewed } = this.tracker.current
    if (id < 0 || !renewed || this.tracker.finding.reason !== REASON_NONE) return
    const { fields, base } = this.#packet
    const protocol = fields[base + P_PROTOCOL]
    const isRelated = info === CT_RELATED || info === CT_RELATED_REPLY
    if (isRelated && (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6)) return
    connections.account(id, direction === 1, fields[base + P_L3_LENGTH])
  }

  #noteFinding(outcome: Outcome): void {
    const { finding } = this.tracker
    outcome.reason = finding.reason
    outcome.reasonA = finding.a
    outcome.reasonB = finding.b
    outcome.reasonFrame = finding.frame
  }

  /** The frame that the packet's connection, or the one that made it INVALID, is taken to have passed by; 0 for none. */
  #assumedFrame(): number {
    const { current } = this.tracker
    const isRefused = current.refusedBy !== NO_ENTRY
    const id = isRefused ? current.refusedBy : current.id
    const number = isRefused ? current.refusedByNumber : current.number
    const assumption = this.#assumed.get(id)
    if (assumption === undefined) return 0
    if (assumption.connectionNumber === number) return assumption.frame
    this.#assumed.delete(id)
    return 0
  }

  /**
   * The end of the hooks: the helper reads the packet, a new connection is confirmed, on an assumption where the verdict
   * is unknown. False when the helper drops the packet.
   */
  #confirm(outcome: Outcome): boolean {
    const packet = this.#packet
    const { current, helpers, onlooker } = this.tracker
    const isSent = packet.hook === HOOK_POSTROUTING && !packet.forwarded
    if (!helpers.run(packet.bytes, packet.fields, packet.base, isSent) || this.nat.isClash(this.#hasNat)) {
      outcome.verdict = VERDICT_DROP
      outcome.rule = null
      outcome.dropHook = packet.hook
      this.#noteFinding(outcome)
      current.drop()
      return false
    }
    onlooker.look(packet.bytes, packet.fields, packet.base, isSent)
    outcome.confirmedNew = current.confirm()
    if (outcome.confirmedNew && outcome.verdict === VERDICT_UNKNOWN) {
      this.#assumed.set(current.id, { connectionNumber: current.number, frame: outcome.frame })
    }
    return true
  }
}
