import {
  FRAME_CAPTURED,
  FRAME_DIGITS_MASK,
  FRAME_DIGITS_SHIFT,
  FRAME_FILE,
  FRAME_FLAGS,
  FRAME_INTERFACE,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_OFFSET,
  FRAME_WIRE_LENGTH,
  type FrameBatch,
} from '../capture/frame-batch.ts'
import { ConnectionReader } from '../conntrack/connection-reader.ts'
import { TRACKER_CANNOT_TELL, TRACKER_DROPPED } from '../conntrack/finding.ts'
import { type HelperPort, helperNumber } from '../conntrack/helpers/registry.ts'
import { CT_INVALID, CT_UNTRACKED } from '../conntrack/status.ts'
import type { Sysctls } from '../conntrack/sysctls.ts'
import { Tracker } from '../conntrack/tracker.ts'
import { DEFRAG_COMPLETE, DEFRAG_DROPPED, DEFRAG_QUEUED, Defragmenter } from '../defrag/defragmenter.ts'
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
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { decodeFrame } from '../wire/frame.ts'
import {
  FRAGMENT_DEFRAG,
  IP_NONE,
  IP_V4,
  NOTE_CUT,
  NOTE_FRAGMENT_DROPPED,
  NOTE_FRAGMENT_QUEUED,
  NOTE_IP_CHECKSUM,
  NOTE_LOOPBACK_ONLY,
  NOTE_NONE,
  NOTE_NOT_ROUTED,
  NOTE_NOT_SEEN,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_OFFSET,
  P_NOTE,
  P_SRC,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { HelperPorts } from './helper-ports.ts'
import { INTERFACE_LOOPBACK } from './interfaces.ts'
import {
  CTSTATE_ESTABLISHED,
  CTSTATE_INVALID,
  CTSTATE_NEW,
  CTSTATE_NONE,
  CTSTATE_RELATED,
  CTSTATE_UNTRACKED,
  type Outcome,
} from './outcome.ts'
import { PATH_FORWARD, PATH_INPUT, PATH_LOOPBACK, PATH_OUTPUT, PATH_REFUSED, PATH_UNSEEN, pathOf } from './routing.ts'
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

export interface MachineOptions {
  readonly topology: Topology
  readonly sysctls: Sysctls
  readonly checksums: ChecksumPolicy
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
  readonly helperPorts?: readonly HelperPort[]
  /** Seed of the connection table's hash; shows in no result. */
  readonly seed: number
}

/**
 * The machine that the replay stands for: takes frame after frame through decoding, defragmentation and the hooks in the
 * kernel's order, and fills one Outcome each.
 *
 *     PREROUTING  defrag raw (conntrack) mangle     OUTPUT       defrag raw (conntrack) mangle filter security
 *     INPUT       mangle filter security (confirm)  POSTROUTING  mangle (confirm)
 *     FORWARD     mangle filter security
 */
export class Machine {
  readonly tracker: Tracker
  readonly defrag: Defragmenter
  /** Frames whose time lay before an earlier frame's: the clock stood still for them. */
  framesBackInTime = 0

  readonly #topology: Topology
  readonly #checksums: ChecksumPolicy
  readonly #helperPorts: HelperPorts
  readonly #rules4: RulesAtHooks
  readonly #rules6: RulesAtHooks
  readonly #packet: RulePacket
  readonly #fields = new Int32Array(PACKET_INTS)
  /** Connections kept alive by a packet whose verdict is unknown: entry -> that frame. */
  readonly #assumed = new Map<number, { connectionNumber: number; frame: number }>()
  #epochSecondsAtStart = Number.NaN
  #nowNs = 0
  #frame = 0
  #fileFrames: number[] = []

  constructor(options: MachineOptions) {
    this.tracker = new Tracker(options.sysctls, options.seed)
    this.defrag = new Defragmenter(options.sysctls)
    this.#topology = options.topology
    this.#checksums = options.checksums
    this.#helperPorts = new HelperPorts(options.helperPorts ?? [])
    this.#rules4 = new RulesAtHooks(options.ruleset4)
    this.#rules6 = new RulesAtHooks(options.ruleset6)
    this.#packet = new RulePacket(new ConnectionReader(this.tracker.current.table))
  }

  /** Frames taken so far. */
  get frames(): number {
    return this.#frame
  }

  /** Takes frame `index` of the batch all its way and says in `outcome` what became of it. */
  process(batch: FrameBatch, index: number, outcome: Outcome): void {
    const info = batch.info
    const row = index * FRAME_INTS
    const offset = info[row + FRAME_OFFSET]
    const captured = info[row + FRAME_CAPTURED]
    const wireLength = info[row + FRAME_WIRE_LENGTH]
    const linkType = info[row + FRAME_LINK_TYPE]
    const file = info[row + FRAME_FILE]
    const fields = this.#fields
    this.#frame++
    this.#fileFrames[file] = (this.#fileFrames[file] ?? 0) + 1
    outcome.frame = this.#frame
    outcome.file = file
    outcome.fileFrame = this.#fileFrames[file]
    outcome.epochSeconds = batch.seconds[index]
    outcome.nanoseconds = info[row + FRAME_NANOSECONDS]
    outcome.digits = (info[row + FRAME_FLAGS] >>> FRAME_DIGITS_SHIFT) & FRAME_DIGITS_MASK
    outcome.wireLength = wireLength
    outcome.linkType = linkType
    outcome.frameBytes = batch.bytes
    outcome.frameOffset = offset
    outcome.capturedLength = captured
    outcome.fields = fields
    outcome.base = 0
    this.#clear(outcome)
    this.#tick(outcome.epochSeconds, outcome.nanoseconds)
    decodeFrame(batch.bytes, offset, captured, wireLength, linkType, fields, 0)
    if (fields[P_FAMILY] === IP_NONE) outcome.note = fields[P_NOTE]
    else this.#enter(batch.bytes, outcome, info[row + FRAME_INTERFACE])
  }

  #clear(outcome: Outcome): void {
    outcome.note = NOTE_NONE
    outcome.state = CTSTATE_NONE
    outcome.direction = -1
    outcome.hook = -1
    outcome.dropHook = -1
    outcome.verdict = VERDICT_NONE
    outcome.rule = null
    outcome.possibleVerdicts = 0
    outcome.reason = 0
    outcome.reasonA = 0
    outcome.reasonB = 0
    outcome.reasonFrame = 0
    outcome.unknownText = null
    outcome.connectionNumber = 0
    outcome.confirmedNew = false
    outcome.assumesFrame = 0
  }

  /** The capture's clock is the only clock; it stands still where the capture's time runs backwards. */
  #tick(epochSeconds: number, nanoseconds: number): void {
    if (Number.isNaN(this.#epochSecondsAtStart)) this.#epochSecondsAtStart = epochSeconds
    const nowNs = (epochSeconds - this.#epochSecondsAtStart) * 1e9 + nanoseconds
    if (nowNs >= this.#nowNs) this.#nowNs = nowNs
    else this.framesBackInTime++
  }

  /** A datagram reaches the IP layer. */
  #enter(bytes: Uint8Array, outcome: Outcome, captureInterface: number): void {
    const fields = this.#fields
    const path = pathOf(fields, 0, this.#topology.mode, this.#topology.local)
    if (path === PATH_UNSEEN) {
      outcome.note = NOTE_NOT_SEEN
      return
    }
    const isSent = path === PATH_OUTPUT || path === PATH_LOOPBACK
    const note = fields[P_NOTE]
    if (note === NOTE_IP_CHECKSUM && !isSent) {
      const at = fields[P_L3_OFFSET] + 10
      if (this.#checksums.refusesHeader((bytes[at] << 8) | bytes[at + 1])) {
        outcome.note = note
        return
      }
    } else if (note === NOTE_CUT || (note === NOTE_LOOPBACK_ONLY && !isSent)) {
      outcome.note = note
      return
    }
    if ((fields[P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) {
      this.#travel(bytes, fields, path, outcome)
      return
    }
    const done = this.defrag.add(bytes, fields, 0, this.#nowNs, outcome.frame, captureInterface)
    if (done === DEFRAG_QUEUED) outcome.note = NOTE_FRAGMENT_QUEUED
    else if (done === DEFRAG_DROPPED) outcome.note = NOTE_FRAGMENT_DROPPED
    else if (done === DEFRAG_COMPLETE) {
      if (this.defrag.fields[P_NOTE] === NOTE_CUT) outcome.note = NOTE_CUT
      else this.#travel(this.defrag.bytes, this.defrag.fields, path, outcome)
    } else this.#travel(bytes, fields, path, outcome)
  }

  /** A whole datagram goes through the hooks. */
  #travel(bytes: Uint8Array, fields: Int32Array, path: number, outcome: Outcome): void {
    const packet = this.#packet
    const family = fields[P_FAMILY]
    const rules = family === IP_V4 ? this.#rules4 : this.#rules6
    packet.bytes = bytes
    packet.fields = fields
    packet.base = 0
    packet.nowNs = this.#nowNs
    packet.epochSeconds = outcome.epochSeconds
    packet.mark = 0
    packet.unknownMark = 0
    packet.untracked = false
    packet.helper = -1
    packet.forwarded = false
    packet.state = STATE_INVALID
    packet.direction = -1
    packet.connection = -1
    packet.possibleVerdicts = 0
    packet.unknownReason = -1
    packet.decidedBy = -1
    const ways = this.#topology.ways
    const isSent = path === PATH_OUTPUT || path === PATH_LOOPBACK
    const isLoop = path === PATH_LOOPBACK
    const inward = isLoop ? INTERFACE_LOOPBACK : isSent ? INTERFACE_NONE : ways.incoming(family, fields, P_SRC)
    const outward = isLoop
      ? INTERFACE_LOOPBACK
      : path === PATH_OUTPUT || path === PATH_FORWARD
        ? ways.outgoing(family, fields, P_DST)
        : INTERFACE_NONE
    const firstHook = isSent ? HOOK_OUTPUT : HOOK_PREROUTING
    if (isSent) outcome.hook = HOOK_OUTPUT
    packet.hook = firstHook
    packet.inInterface = isSent ? INTERFACE_NONE : inward
    packet.outInterface = isSent ? outward : INTERFACE_NONE

    if (!this.#passes(rules.runRaw(packet), rules, outcome)) return
    if (!this.#track(bytes, fields, isSent, outcome)) return
    if (!this.#passes(rules.run(packet), rules, outcome)) return
    if (path === PATH_REFUSED) {
      this.tracker.current.drop()
      outcome.note = NOTE_NOT_ROUTED
      outcome.verdict = VERDICT_NONE
      outcome.rule = null
      return
    }
    if (path === PATH_INPUT) {
      if (!this.#at(HOOK_INPUT, inward, INTERFACE_NONE, rules, outcome)) return
      if (!this.#confirm(bytes, fields, outcome)) return
    } else {
      if (path === PATH_FORWARD && !this.#at(HOOK_FORWARD, inward, outward, rules, outcome)) return
      packet.forwarded = path === PATH_FORWARD
      // POSTROUTING does not know the way in, whatever the way was.
      if (!this.#at(HOOK_POSTROUTING, INTERFACE_NONE, outward, rules, outcome)) return
      if (!this.#confirm(bytes, fields, outcome)) return
      if (isLoop && !this.#comeBack(rules, outcome)) return
    }
    if (outcome.verdict !== VERDICT_UNKNOWN) outcome.verdict = VERDICT_ACCEPT
  }

  /** A packet to the machine itself comes in again, with the connection that it already has. */
  #comeBack(rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = HOOK_PREROUTING
    packet.inInterface = INTERFACE_LOOPBACK
    packet.outInterface = INTERFACE_NONE
    if (!this.#passes(rules.runRaw(packet), rules, outcome)) return false
    if (!this.#passes(rules.run(packet), rules, outcome)) return false
    return this.#at(HOOK_INPUT, INTERFACE_LOOPBACK, INTERFACE_NONE, rules, outcome)
  }

  /** Runs one hook; false when the packet ends there. */
  #at(hook: number, inInterface: number, outInterface: number, rules: RulesAtHooks, outcome: Outcome): boolean {
    const packet = this.#packet
    packet.hook = hook
    packet.inInterface = inInterface
    packet.outInterface = outInterface
    if (hook !== HOOK_POSTROUTING) outcome.hook = hook
    return this.#passes(rules.run(packet), rules, outcome)
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
        outcome.unknownText = rules.unknownText(packet.unknownReason)
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
  #track(bytes: Uint8Array, fields: Int32Array, isSent: boolean, outcome: Outcome): boolean {
    const packet = this.#packet
    const tracker = this.tracker
    if (packet.untracked) {
      packet.state = STATE_UNTRACKED
      outcome.state = CTSTATE_UNTRACKED
      tracker.untrack(this.#nowNs)
      return true
    }
    tracker.current.helper =
      packet.helper >= 0 ? HELPER_OF_RULES[packet.helper] : this.#helperPorts.helperFor(fields, 0)
    const verifies = !isSent && this.#checksums.verifies(bytes, fields, 0)
    const result = tracker.track(bytes, fields, 0, verifies, this.#nowNs, outcome.frame)
    if (result === TRACKER_CANNOT_TELL) {
      outcome.note = NOTE_CUT
      return false
    }
    outcome.reason = tracker.finding.reason
    outcome.reasonA = tracker.finding.a
    outcome.reasonB = tracker.finding.b
    outcome.reasonFrame = tracker.finding.frame
    if (result === TRACKER_DROPPED) {
      outcome.verdict = VERDICT_DROP
      outcome.dropHook = packet.hook
      return false
    }
    const { current } = tracker
    const label = current.info
    outcome.state = CTSTATE_OF_INFO[label]
    outcome.connectionNumber = current.number
    packet.state = STATE_OF_INFO[label]
    packet.connection = current.id
    if (label < CT_UNTRACKED) {
      outcome.direction = current.direction
      packet.direction = outcome.direction
    }
    if (this.#assumed.size > 0 && label !== CT_INVALID) outcome.assumesFrame = this.#assumedFrame()
    return true
  }

  #assumedFrame(): number {
    const { id, number } = this.tracker.current
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
  #confirm(bytes: Uint8Array, fields: Int32Array, outcome: Outcome): boolean {
    const { current, helpers, finding } = this.tracker
    if (!helpers.run(bytes, fields, 0)) {
      outcome.verdict = VERDICT_DROP
      outcome.rule = null
      outcome.dropHook = this.#packet.hook
      outcome.reason = finding.reason
      outcome.reasonA = finding.a
      current.drop()
      return false
    }
    outcome.confirmedNew = current.confirm()
    if (outcome.confirmedNew && outcome.verdict === VERDICT_UNKNOWN) {
      this.#assumed.set(current.id, { connectionNumber: current.number, frame: outcome.frame })
    }
    return true
  }
}
