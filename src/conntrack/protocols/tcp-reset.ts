import { E_STATUS, E_TCP_LAST_ACK, E_TCP_LAST_END, E_TCP_STATE, TCP_MAX_ACK, TCP_SIDE_FLAGS } from '../entry.ts'
import type { Finding } from '../finding.ts'
import { REASON_TCP_RST_BELOW } from '../reasons.ts'
import { before } from '../sequence.ts'
import { IPS_ASSURED, IPS_SEEN_REPLY } from '../status.ts'
import type { Segment } from './tcp-segment.ts'
import { sideAt, TCP_SIDE_MAX_ACK_SET } from './tcp-side.ts'
import {
  SEGMENT_ACK,
  SEGMENT_SYN,
  TCP_CLOSE,
  TCP_CLOSE_WAIT,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_LAST_ACK,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
} from './tcp-states.ts'
import { lastDirectionOf, lastKindOf } from './tcp-word.ts'

/** It closes the connection if it is in the window. */
const CLOSE_CHECK_WINDOW = 0
/** It closes the connection wherever it is. */
export const CLOSE_SKIP_WINDOW = 1
export const CLOSE_INVALID = 2
/**
 * In the window but not the exact sequence number: the receiver will answer with a challenge ACK, so the connection
 * stays as it is.
 */
export const CLOSE_KEEP_STATE = 3

/**
 * Judges a RST (RFC 5961, section 3: only the exact sequence number closes).
 * @param ignoresInvalid nf_conntrack_tcp_ignore_invalid_rst
 * @returns a CLOSE_ code
 */
export function judgeReset(
  t: Int32Array,
  e: number,
  segment: Segment,
  oldState: number,
  ignoresInvalid: boolean,
  finding: Finding,
): number {
  if (
    oldState === TCP_FIN_WAIT ||
    oldState === TCP_CLOSE_WAIT ||
    oldState === TCP_LAST_ACK ||
    oldState === TCP_TIME_WAIT ||
    oldState === TCP_CLOSE
  ) {
    return CLOSE_SKIP_WINDOW
  }
  const lastKind = lastKindOf(t[e + E_TCP_STATE])
  const peer = sideAt(e, 1 - segment.direction)
  if ((t[peer + TCP_SIDE_FLAGS] & TCP_SIDE_MAX_ACK_SET) === 0 || lastKind === SEGMENT_SYN) {
    return answersIgnored(t, e, segment, oldState) ? CLOSE_SKIP_WINDOW : CLOSE_CHECK_WINDOW
  }
  const established = oldState === TCP_ESTABLISHED && (t[e + E_STATUS] & IPS_ASSURED) !== 0
  if (segment.seq === 0 && !established) return CLOSE_CHECK_WINDOW
  if (before(segment.seq, t[peer + TCP_MAX_ACK]) && !ignoresInvalid) {
    finding.set(REASON_TCP_RST_BELOW, segment.seq, t[peer + TCP_MAX_ACK], 0)
    return CLOSE_INVALID
  }
  if (!established || segment.seq === t[peer + TCP_MAX_ACK]) return CLOSE_CHECK_WINDOW
  const lastDirection = lastDirectionOf(t[e + E_TCP_STATE])
  if (lastKind === SEGMENT_ACK && lastDirection === segment.direction && segment.seq === t[e + E_TCP_LAST_END]) {
    return CLOSE_CHECK_WINDOW
  }
  return CLOSE_KEEP_STATE
}

/** Whether a RST answers a SYN or ACK that was let through unchecked, so that the windows do not include it. */
export function answersIgnored(t: Int32Array, e: number, segment: Segment, oldState: number): boolean {
  const status = t[e + E_STATUS]
  const lastKind = lastKindOf(t[e + E_TCP_STATE])
  const lastDirection = lastDirectionOf(t[e + E_TCP_STATE])
  if (
    (((status & IPS_SEEN_REPLY) !== 0 && lastKind === SEGMENT_SYN && lastDirection !== segment.direction) ||
      ((status & IPS_ASSURED) === 0 && lastKind === SEGMENT_ACK)) &&
    segment.ack === t[e + E_TCP_LAST_END]
  ) {
    return true
  }
  return (
    oldState === TCP_SYN_SENT &&
    lastKind === SEGMENT_ACK &&
    lastDirection === 1 &&
    segment.seq === t[e + E_TCP_LAST_ACK]
  )
}
