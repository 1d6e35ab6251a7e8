import type { PacketBatch } from '../pipeline/packet-batch.ts'
import type { RuleInfo } from '../ruleset/ruleset.ts'
import { LARGE_ZERO } from '../wire/large-zero.ts'

/** `Outcome.state`: the label, CTSTATE_NONE where the packet never met the tracker. */
export const CTSTATE_NONE = 0
export const CTSTATE_NEW = 1
export const CTSTATE_ESTABLISHED = 2
export const CTSTATE_RELATED = 3
export const CTSTATE_INVALID = 4
export const CTSTATE_UNTRACKED = 5
export const CTSTATE_NAMES = [null, 'NEW', 'ESTABLISHED', 'RELATED', 'INVALID', 'UNTRACKED'] as const

/**
 * What became of one frame: a single instance, filled anew for every frame and passed to every sink. A sink that wants
 * to keep something copies it. Header fields are `fields[base + P_…]` (wire/packet-fields.ts), with addresses and ports
 * as they stood in the frame.
 */
export class Outcome {
  /** Frame number as Wireshark counts, from 1; over all files in time order when several are replayed together. */
  frame = 0
  /** Index of the file among those given, and the frame's number within it. */
  file = 0
  fileFrame = 0
  /**
   * Time as captured: whole seconds since the epoch, nanoseconds, and how many decimal digits the capture has; these
   * are NO_TIME_DIGITS where it has no time for the frame.
   */
  epochSeconds = LARGE_ZERO
  nanoseconds = 0
  digits = 6
  /** Length of the frame on the wire, in bytes, link layer included. */
  wireLength = 0
  linkType = 0
  /** The bytes of the frame: bytes[frameOffset … frameOffset + capturedLength). */
  frameBytes: Uint8Array = new Uint8Array(0)
  frameOffset = 0
  capturedLength = 0
  /** Header fields of the frame (of the fragment itself, for fragments). */
  fields: Int32Array = new Int32Array(0)
  base = 0
  /** NOTE_ code: why there is no label, or NOTE_NONE. NOTE_NOT_ROUTED comes together with a label. */
  note = 0
  /** CTSTATE_ code. */
  state = 0
  /** 0 original, 1 reply, -1 none. */
  direction = -1
  /** HOOK_ number of the main hook (INPUT, FORWARD or OUTPUT), -1 for none. */
  hook = -1
  /** HOOK_ number where the packet was dropped, -1. */
  dropHook = -1
  /** VERDICT_ code (ruleset/packet/rule-packet.ts); VERDICT_NONE where no verdict applies. */
  verdict = 0
  /** The deciding rule or policy; null without rules. For UNKNOWN the rule that could not be decided. */
  rule: RuleInfo | null = null
  /** For UNKNOWN: bits 1 << VERDICT_… of the possible verdicts. */
  possibleVerdicts = 0
  /** REASON_ code (conntrack/reasons.ts) of an INVALID or ignored packet, 0 for none; `reasonText()` says it. */
  reason = 0
  reasonA = 0
  reasonB = 0
  /** Frame that set the bound named in the reason, 0 for none. */
  reasonFrame = 0
  /** For UNKNOWN: what is missing. */
  unknownText: string | null = null
  /** Number of the connection, from 1 in the order of creation (dropped ones included); 0 without connection. */
  connectionNumber = 0
  /** True when this packet created a connection entry that stayed (confirmed). */
  confirmedNew = false
  /**
   * Helper that would have made this NEW connection RELATED, had it been attached to the connection that announced it;
   * null for none.
   */
  hintHelper: string | null = null
  /** Earlier frame with an UNKNOWN verdict on which this label depends (it was taken as accepted), 0 for none. */
  assumesFrame = 0
  /**
   * For the frame that completes a datagram: all frames of its fragments, fragments[0 … fragmentCount), in order of
   * arrival.
   */
  fragments: Float64Array = new Float64Array(0)
  fragmentCount = 0
}

/** Packets that were accepted on the same way through the rules. */
export interface PassedPackets {
  readonly isV6: boolean
  /** CTSTATE_ code. */
  readonly state: number
  /** Each of them opened a connection. */
  readonly opens: boolean
  readonly protocol: number
  /** HOOK_ number of the main hook. */
  readonly hook: number
  readonly packets: number
  /** On the wire. */
  readonly bytes: number
}

/** How a sink receives packets for which it needs no outcome. */
export interface PassedSink {
  /**
   * Called before the first packet on a way (FlowCache) with the outcome of that packet, without connection and
   * direction.
   */
  way?(way: number, outcome: Outcome): void
  /**
   * Called instead of `Sink.packet` for frame `index` of a batch, a packet of this connection that took the short way
   * (FastPath).
   */
  packet(batch: PacketBatch, index: number, way: number, direction: number, connectionNumber: number): void
  /** Called with the totals of all these packets, before `Sink.end`. */
  total(passed: PassedPackets): void
}

/** A consumer of outcomes. */
export interface Sink {
  /** Called for each batch, before its packets. */
  frames?(batch: PacketBatch): void
  /** Called once per frame, in capture order. Must not keep the outcome. */
  packet(outcome: Outcome): void
  readonly passed?: PassedSink
  /** Awaited between batches: back-pressure. */
  drain?(): Promise<void> | void
  /**
   * Called when the capture has nothing more for now, as with a live one on a pipe: what is held back should be
   * written.
   */
  idle?(): Promise<void> | void
  /** Called once after the last frame. */
  end?(): Promise<void> | void
}
