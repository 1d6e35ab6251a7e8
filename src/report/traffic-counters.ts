import { FRAME_INTS, FRAME_LINK_TYPE } from '../capture/frame-batch.ts'
import {
  NO_COMMON_LINK_TYPE,
  TOTAL_BYTES,
  TOTAL_FIRST_NANOSECONDS,
  TOTAL_FIRST_SECONDS,
  TOTAL_LAST_NANOSECONDS,
  TOTAL_LAST_SECONDS,
  TOTAL_LINK_TYPE,
} from '../capture/frame-totals.ts'
import type { Outcome, PassedSink, Sink } from '../netfilter/outcome.ts'
import { CTSTATE_INVALID, CTSTATE_NAMES, CTSTATE_NEW, CTSTATE_NONE, CTSTATE_RELATED } from '../netfilter/outcome.ts'
import type { PacketBatch } from '../pipeline/packet-batch.ts'
import { HOOK_NAMES } from '../ruleset/packet/hooks.ts'
import {
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_NAMES,
  VERDICT_REJECT,
  VERDICT_UNKNOWN,
} from '../ruleset/packet/rule-packet.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import { LARGE_ZERO } from '../wire/large-zero.ts'
import {
  IP_NONE,
  NOTE_NAMES,
  NOTE_NONE,
  NOTE_NOT_ROUTED,
  P_FAMILY,
  P_PROTOCOL,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import { BlockedConversations } from './blocked-conversations.ts'
import { OwnAnswers } from './own-answers.ts'

/** Rows of the tables by protocol: 0 to 255, and one for header chains without a transport header. */
export const PROTOCOL_ROWS = 257
/** Reason codes are small; none is beyond this. */
const REASONS = 256
/** Rules with undecided packets that are told apart. */
const UNDECIDED_MAX = 64

/** Packets that a rule (or a drop without one) took away. */
export interface DropCount {
  readonly rule: RuleInfo | null
  packets: number
  bytes: number
  /** Packets whose label assumes that an undecided packet has passed. */
  resting: number
  /** Conversations whose first dropped packet it dropped. */
  conversations: number
  readonly firstFrame: number
}

/** Packets that got the same kind of reason, and the first of them. */
export interface ReasonCount {
  readonly code: number
  packets: number
  readonly frame: number
  readonly a: number
  readonly b: number
  readonly boundFrame: number
}

interface UndecidedCount {
  readonly rule: RuleInfo | null
  readonly missing: string | null
  packets: number
  /** Bits 1 << VERDICT_… */
  possible: number
  readonly firstFrame: number
}

interface Instant {
  seconds: number
  nanoseconds: number
}

/** Counts what the summary reports. For most packets that takes a few additions in typed arrays. */
export class TrafficCounters implements Sink {
  frameCount = 0
  bytes = LARGE_ZERO
  /** Earliest and latest time of frames that have one; infinite where none has. */
  readonly first: Instant = { seconds: Number.POSITIVE_INFINITY, nanoseconds: LARGE_ZERO }
  readonly last: Instant = { seconds: Number.NEGATIVE_INFINITY, nanoseconds: LARGE_ZERO }
  /** Packets by CTSTATE_ * PROTOCOL_ROWS + protocol. */
  readonly states = new Float64Array(CTSTATE_NAMES.length * PROTOCOL_ROWS)
  /** Confirmed connections, by protocol. */
  readonly connections = new Float64Array(PROTOCOL_ROWS)
  /** Packets and bytes by (hook + 1) * verdicts + verdict. */
  readonly verdictPackets = new Float64Array((HOOK_NAMES.length + 1) * VERDICT_NAMES.length)
  readonly verdictBytes = new Float64Array((HOOK_NAMES.length + 1) * VERDICT_NAMES.length)
  /** Frames by NOTE_ code. */
  readonly notes = new Float64Array(NOTE_NAMES.length)
  /** Frames by link type. */
  readonly linkTypes = new Map<number, number>()
  readonly invalid: (ReasonCount | undefined)[] = new Array(REASONS)
  readonly ignored: (ReasonCount | undefined)[] = new Array(REASONS)
  /** Of packets that no rule dropped, but the tracker. */
  readonly trackerDrops: (ReasonCount | undefined)[] = new Array(REASONS)
  readonly drops = new Map<RuleInfo | null, DropCount>()
  readonly undecided: UndecidedCount[] = []
  /** Undecided packets of rules beyond the first UNDECIDED_MAX. */
  undecidedOthers = 0
  /** Packets whose label assumes that an undecided packet has passed. */
  resting = 0
  blocked: BlockedConversations | null = null
  /** Null as long as nothing was rejected, and everything routed. */
  ownAnswers: OwnAnswers | null = null
  #highestConnection = 0
  #lastDrop: DropCount | null = null
  #lastUndecided: UndecidedCount | null = null

  get invalidPackets(): number {
    const row = CTSTATE_INVALID * PROTOCOL_ROWS
    return this.states.subarray(row, row + PROTOCOL_ROWS).reduce((sum, packets) => sum + packets, 0)
  }

  readonly passed: PassedSink = {
    packet: (batch, index, _way, _direction, connectionNumber) => {
      if (this.blocked !== null) this.blocked.accepted(batch.rows, index * PACKET_INTS)
      if (connectionNumber > this.#highestConnection) this.#highestConnection = connectionNumber
    },
    total: ({ protocol, state, opens, hook, packets, bytes }) => {
      this.states[state * PROTOCOL_ROWS + protocol] += packets
      if (opens) this.connections[protocol] += packets
      const cell = (hook + 1) * VERDICT_NAMES.length + VERDICT_ACCEPT
      this.verdictPackets[cell] += packets
      this.verdictBytes[cell] += bytes
    },
  }

  /** Counts what the capture says about frames, whatever they contain. */
  frames(batch: PacketBatch): void {
    const { totals } = batch
    this.frameCount += batch.count
    this.bytes += totals[TOTAL_BYTES]
    this.#takeFirst(totals[TOTAL_FIRST_SECONDS], totals[TOTAL_FIRST_NANOSECONDS])
    this.#takeLast(totals[TOTAL_LAST_SECONDS], totals[TOTAL_LAST_NANOSECONDS])
    if (totals[TOTAL_LINK_TYPE] !== NO_COMMON_LINK_TYPE) this.#takeLinkType(totals[TOTAL_LINK_TYPE], batch.count)
    else for (let i = 0; i < batch.count; i++) this.#takeLinkType(batch.info[i * FRAME_INTS + FRAME_LINK_TYPE], 1)
  }

  packet(outcome: Outcome): void {
    if (outcome.note !== NOTE_NONE) {
      this.notes[outcome.note]++
      if (outcome.note === NOTE_NOT_ROUTED) this.#takeRefused(outcome, false)
    }

    const { verdict, state } = outcome
    const protocol = outcome.fields[outcome.base + P_PROTOCOL]
    const row = protocol < 0 ? PROTOCOL_ROWS - 1 : protocol
    if (state !== CTSTATE_NONE) {
      this.states[state * PROTOCOL_ROWS + row]++
      if (outcome.confirmedNew) this.connections[row]++
    }
    const cell = (outcome.hook + 1) * VERDICT_NAMES.length + verdict
    this.verdictPackets[cell]++
    this.verdictBytes[cell] += outcome.wireLength

    if (outcome.reason !== 0) this.#takeReason(outcome)
    if (state === CTSTATE_INVALID) this.ownAnswers?.invalid(outcome)
    if (outcome.assumesFrame > 0) this.resting++
    if (verdict === VERDICT_DROP || verdict === VERDICT_REJECT) this.#takeDrop(outcome)
    else if (verdict === VERDICT_UNKNOWN) {
      this.#takeUndecided(outcome)
      this.blocked?.undecided(outcome.fields, outcome.base)
    } else if (verdict === VERDICT_ACCEPT) this.blocked?.accepted(outcome.fields, outcome.base)
    if (outcome.connectionNumber > this.#highestConnection) this.#highestConnection = outcome.connectionNumber
  }

  #takeLinkType(linkType: number, frames: number): void {
    this.linkTypes.set(linkType, (this.linkTypes.get(linkType) ?? 0) + frames)
  }

  #takeFirst(seconds: number, nanoseconds: number): void {
    const { first } = this
    if (seconds > first.seconds || (seconds === first.seconds && nanoseconds >= first.nanoseconds)) return
    first.seconds = seconds
    first.nanoseconds = nanoseconds
  }

  #takeLast(seconds: number, nanoseconds: number): void {
    const { last } = this
    if (seconds < last.seconds || (seconds === last.seconds && nanoseconds <= last.nanoseconds)) return
    last.seconds = seconds
    last.nanoseconds = nanoseconds
  }

  #takeReason(outcome: Outcome): void {
    const counts = this.#reasonsOf(outcome)
    const known = counts[outcome.reason]
    if (known !== undefined) {
      known.packets++
      return
    }
    counts[outcome.reason] = {
      code: outcome.reason,
      packets: 1,
      frame: outcome.frame,
      a: outcome.reasonA,
      b: outcome.reasonB,
      boundFrame: outcome.reasonFrame,
    }
  }

  #reasonsOf({ verdict, rule, state }: Outcome): (ReasonCount | undefined)[] {
    if (verdict === VERDICT_DROP && rule === null) return this.trackerDrops
    return state === CTSTATE_INVALID || state === CTSTATE_NONE ? this.invalid : this.ignored
  }

  #takeDrop(outcome: Outcome): void {
    const drop = this.#lastDrop?.rule === outcome.rule ? (this.#lastDrop as DropCount) : this.#dropOf(outcome)
    this.#lastDrop = drop
    drop.packets++
    drop.bytes += outcome.wireLength
    if (outcome.assumesFrame > 0) drop.resting++
    if (outcome.fields[outcome.base + P_FAMILY] === IP_NONE) return
    if (outcome.verdict === VERDICT_REJECT) this.#takeRefused(outcome, true)
    this.blocked ??= new BlockedConversations()
    const opens = outcome.state === CTSTATE_NEW || outcome.state === CTSTATE_RELATED
    const fromTheStart = opens && outcome.connectionNumber > this.#highestConnection
    if (this.blocked.dropped(outcome, fromTheStart)) drop.conversations++
  }

  #takeRefused(outcome: Outcome, isRejected: boolean): void {
    this.ownAnswers ??= new OwnAnswers()
    this.ownAnswers.refused(outcome, isRejected)
  }

  #dropOf(outcome: Outcome): DropCount {
    let drop = this.drops.get(outcome.rule)
    if (drop === undefined) {
      drop = { rule: outcome.rule, packets: 0, bytes: 0, resting: 0, conversations: 0, firstFrame: outcome.frame }
      this.drops.set(outcome.rule, drop)
    }
    return drop
  }

  #takeUndecided(outcome: Outcome): void {
    const last = this.#lastUndecided
    if (last !== null && last.rule === outcome.rule && last.missing === outcome.unknownText) {
      last.packets++
      last.possible |= outcome.possibleVerdicts
      return
    }
    for (const one of this.undecided) {
      if (one.rule === outcome.rule && one.missing === outcome.unknownText) {
        one.packets++
        one.possible |= outcome.possibleVerdicts
        this.#lastUndecided = one
        return
      }
    }
    if (this.undecided.length === UNDECIDED_MAX) {
      this.undecidedOthers++
      return
    }
    this.#lastUndecided = {
      rule: outcome.rule,
      missing: outcome.unknownText,
      packets: 1,
      possible: outcome.possibleVerdicts,
      firstFrame: outcome.frame,
    }
    this.undecided.push(this.#lastUndecided)
  }
}
