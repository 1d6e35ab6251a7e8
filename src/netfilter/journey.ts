import { ConnectionReader } from '../conntrack/connection-reader.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../ruleset/packet/hooks.ts'
import { PART_DESTINATION, PART_ROUTE, PART_TTL } from '../ruleset/packet/packet-edits.ts'
import {
  INTERFACE_NONE,
  RulePacket,
  STATE_INVALID,
  VERDICT_ACCEPT,
  VERDICT_NONE,
  VERDICT_REJECT,
  VERDICT_UNKNOWN,
} from '../ruleset/packet/rule-packet.ts'
import { IP_V4, NOTE_NOT_ROUTED, P_DST, P_FAMILY, P_SRC } from '../wire/packet-fields.ts'
import { ConntrackHook } from './conntrack-hook.ts'
import type { FastPath } from './fast-path/fast-path.ts'
import { INTERFACE_LOOPBACK } from './interfaces.ts'
import type { MachineOptions } from './machine-options.ts'
import type { NatHooks } from './nat-hooks.ts'
import { CTSTATE_INVALID, CTSTATE_NONE, type Outcome } from './outcome.ts'
import {
  hasRefusedOptions,
  isRefusedOnLoopback,
  PATH_INPUT,
  PATH_LOOPBACK,
  PATH_OUTPUT,
  PATH_REFUSED,
  PATH_UNSEEN,
  pathOf,
} from './routing.ts'
import { RulesAtHooks } from './rules-at-hooks.ts'
import type { Topology } from './topology.ts'

/**
 * A datagram's way through the hooks, in the kernel's order:
 *
 *     PREROUTING  raw (conntrack) mangle nat           OUTPUT       raw (conntrack) mangle nat filter security
 *     INPUT       mangle filter security nat (confirm) POSTROUTING  mangle nat (confirm)
 *     FORWARD     mangle filter security
 */
export class Journey {
  readonly #conntrack: ConntrackHook
  readonly #topology: Topology
  readonly #rules4: RulesAtHooks
  readonly #rules6: RulesAtHooks
  readonly #packet: RulePacket

  constructor(options: MachineOptions) {
    const { routes } = options.topology
    this.#topology = options.topology
    this.#rules4 = new RulesAtHooks(options.ruleset4, routes)
    this.#rules6 = new RulesAtHooks(options.ruleset6, routes)
    this.#conntrack = new ConntrackHook(options, this.#rules4.hasNat || this.#rules6.hasNat)
    this.#packet = new RulePacket(new ConnectionReader(this.tracker.current.table))
  }

  get tracker(): Tracker {
    return this.#conntrack.tracker
  }

  get nat(): NatHooks {
    return this.#conntrack.nat
  }

  /** Null where every packet has to pass the hooks. */
  get fastPath(): FastPath | null {
    return this.#conntrack.fastPath
  }

  /** Takes a whole datagram through the hooks, and fills in `outcome`. @param path a PATH_ other than PATH_UNSEEN */
  travel(bytes: Uint8Array, fields: Int32Array, base: number, path: number, outcome: Outcome): void {
    const packet = this.#packet
    packet.bytes = bytes
    packet.fields = fields
    packet.base = base
    packet.number++
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

  /** A datagram from outside: PREROUTING, then where routing sends it. */
  #arrive(path: number, rules: RulesAtHooks, outcome: Outcome): void {
    const packet = this.#packet
    const { routes } = this.#topology
    const inward = routes.incoming(packet.fields[packet.base + P_FAMILY], packet.fields, packet.base + P_SRC)
    if (!this.#enter(HOOK_PREROUTING, inward, INTERFACE_NONE, rules, outcome)) return
    if (this.#isLost(rules, outcome)) return
    path = packet.edits.parts & PART_ROUTE ? PATH_INPUT : this.#routeAgain(path)
    if (path === PATH_REFUSED) {
      this.#refuse(outcome)
      return
    }
    if (path === PATH_INPUT) {
      if (!this.#at(HOOK_INPUT, inward, INTERFACE_NONE, rules, outcome)) return
      if (this.#conntrack.confirm(packet, outcome)) this.#accept(outcome)
      return
    }
    const outward = routes.outgoing(packet.fields[packet.base + P_FAMILY], packet.fields, packet.base + P_DST)
    if (!this.#at(HOOK_FORWARD, inward, outward, rules, outcome)) return
    packet.forwarded = true
    if (!this.#at(HOOK_POSTROUTING, inward, outward, rules, outcome)) return
    if (this.#conntrack.confirm(packet, outcome)) this.#accept(outcome)
  }

  /**
   * A datagram from the machine itself: OUTPUT and POSTROUTING. If it is for the machine itself, it then comes in over
   * the loopback device.
   */
  #leave(path: number, rules: RulesAtHooks, outcome: Outcome): void {
    const packet = this.#packet
    outcome.hook = HOOK_OUTPUT
    if (!this.#enter(HOOK_OUTPUT, INTERFACE_NONE, this.#outwardOf(path), rules, outcome)) return
    if (this.#isLost(rules, outcome)) return
    path = this.#routeAgain(path)
    const outward = this.#outwardOf(path)
    if (!this.#at(HOOK_POSTROUTING, INTERFACE_NONE, outward, rules, outcome)) return
    if (!this.#conntrack.confirm(packet, outcome)) return
    if (path !== PATH_LOOPBACK || this.#comeIn(rules, outcome)) this.#accept(outcome)
  }

  /**
   * A datagram over the loopback device: PREROUTING, where the tracker judges an INVALID packet again, and INPUT. False
   * when the packet is dropped.
   */
  #comeIn(rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = HOOK_PREROUTING
    packet.inInterface = INTERFACE_LOOPBACK
    packet.outInterface = INTERFACE_NONE
    const isJudgedAgain = outcome.state === CTSTATE_INVALID
    if (isJudgedAgain) packet.tracking = 0
    if (!this.#passes(rules.runRaw(packet), rules, outcome)) return false
    if (isJudgedAgain && !this.#conntrack.trackAgain(packet, outcome)) return false
    if (!this.#runHook(rules, outcome)) return false
    const { mode, local } = this.#topology
    const isRoutedAgain = isJudgedAgain && this.nat.changedDestination && !this.nat.redirected
    const { fields, base } = packet
    if (hasRefusedOptions(fields, base) || (isRoutedAgain && isRefusedOnLoopback(fields, base, mode, local))) {
      this.#refuse(outcome)
      return false
    }
    if (!this.#at(HOOK_INPUT, INTERFACE_LOOPBACK, INTERFACE_NONE, rules, outcome)) return false
    return !isJudgedAgain || this.#conntrack.confirm(packet, outcome)
  }

  /** Whether the packet's further way is unknown. Its verdict is UNKNOWN then, and no later rule is evaluated. */
  #isLost(rules: RulesAtHooks, outcome: Outcome): boolean {
    if ((this.#packet.edits.uncertain & PART_ROUTE) === 0) return false
    if (rules.hasNat) this.nat.passBy()
    if (this.#conntrack.confirm(this.#packet, outcome)) this.#accept(outcome)
    return true
  }

  /** Routing refuses the packet. */
  #refuse(outcome: Outcome): void {
    this.tracker.current.drop()
    outcome.note = NOTE_NOT_ROUTED
    outcome.verdict = VERDICT_NONE
    outcome.rule = null
  }

  #outwardOf(path: number): number {
    if (path === PATH_LOOPBACK) return INTERFACE_LOOPBACK
    const { fields, base } = this.#packet
    return this.#topology.routes.outgoing(fields[base + P_FAMILY], fields, base + P_DST)
  }

  /** The PATH_ after PREROUTING or OUTPUT: routing looks at the destination as NAT or DNPT left it, and at the TTL. */
  #routeAgain(path: number): number {
    const { edits } = this.#packet
    if (!this.nat.changedDestination && (edits.parts & (PART_DESTINATION | PART_TTL)) === 0) return path
    if (this.nat.redirected) return PATH_INPUT
    const { mode, local } = this.#topology
    const again = pathOf(this.#packet.fields, this.#packet.base, mode, local)
    // A host forwards nothing.
    return again === PATH_UNSEEN ? PATH_REFUSED : again
  }

  #accept(outcome: Outcome): void {
    if (outcome.verdict !== VERDICT_UNKNOWN) outcome.verdict = VERDICT_ACCEPT
  }

  /** Runs the first hook: raw, the tracker, then the other tables. False when the packet is dropped. */
  #enter(hook: number, inInterface: number, outInterface: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = hook
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    if (rules.actsRawAt[hook] && !this.#passes(rules.runRaw(packet), rules, outcome)) return false
    return this.#conntrack.track(packet, outcome) && this.#runHook(rules, outcome)
  }

  /** Runs one hook; false when the packet is dropped. */
  #at(hook: number, inInterface: number, outInterface: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = hook
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    if (hook !== HOOK_POSTROUTING) outcome.hook = hook
    return this.#runHook(rules, outcome)
  }

  /** Runs the hook's tables after the tracker, with nat in its place. */
  #runHook(rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    if (!rules.hasNat || packet.hook === HOOK_FORWARD) {
      return !rules.actsAt[packet.hook] || this.#passes(rules.run(packet), rules, outcome)
    }
    if (!this.#passes(rules.runBeforeNat(packet), rules, outcome)) return false
    if (!this.#passes(this.nat.run(packet, rules), rules, outcome)) {
      this.#conntrack.noteFinding(outcome)
      return false
    }
    return (packet.edits.uncertain & PART_ROUTE) !== 0 || this.#passes(rules.runAfterNat(packet), rules, outcome)
  }

  /** Notes a hook's verdict in the outcome; false when the packet is dropped. */
  #passes(verdict: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    if (verdict === VERDICT_ACCEPT) {
      if (outcome.verdict !== VERDICT_UNKNOWN && rules.filterDecision >= 0)
        outcome.rule = rules.info(rules.filterDecision)
      return true
    }
    const packet = this.#packet
    if (verdict === VERDICT_UNKNOWN) {
      // The first UNKNOWN verdict is the packet's. The packet goes on as if accepted, and results that depend on that
      // say so.
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
    if (verdict === VERDICT_REJECT && outcome.rule?.rejectsWithReset === true) {
      this.tracker.closeByReset(packet.fields, packet.base)
    }
    if (outcome.state !== CTSTATE_NONE) this.tracker.current.drop()
    return false
  }
}
