import { E_TCP_STATE, TCP_MAX_END, TCP_MAX_END_FRAME, TCP_MAX_WINDOW, TCP_SIDE_FLAGS } from '../entry.ts'
import type { Finding } from '../finding.ts'
import { REASON_TCP_CANNOT_OPEN, REASON_TCP_NOT_LOOSE } from '../reasons.ts'
import type { Segment } from './tcp-segment.ts'
import { sideAt, sideFromOptions, startSide, TCP_SIDE_BE_LIBERAL, TCP_SIDE_SACK_PERMITTED } from './tcp-side.ts'
import { SEGMENT_NONE, TCP_INVALID, TCP_NONE, TCP_SYN_SENT, TCP_TRANSITIONS } from './tcp-states.ts'
import { withLast } from './tcp-word.ts'

/**
 * Fills in a blank entry from the first segment of a connection: a SYN, or with nf_conntrack_tcp_loose an ACK in the
 * middle of the connection. False, with the reason in `finding`, for any other segment.
 * @param isLoose nf_conntrack_tcp_loose
 */
export function openConnection(
  t: Int32Array,
  e: number,
  segment: Segment,
  isLoose: boolean,
  finding: Finding,
): boolean {
  const state = TCP_TRANSITIONS[(segment.kind << 4) | TCP_NONE]
  if (state === TCP_INVALID) {
    finding.set(REASON_TCP_CANNOT_OPEN, segment.kind, 0, 0)
    return false
  }
  if (state !== TCP_SYN_SENT && !isLoose) {
    finding.set(REASON_TCP_NOT_LOOSE, 0, 0, 0)
    return false
  }
  const side = sideAt(e, 0)
  const other = sideAt(e, 1)
  startSide(t, side, segment.end, segment.window, segment.frame)
  if (state === TCP_SYN_SENT) {
    t[side + TCP_SIDE_FLAGS] = sideFromOptions(segment.options, 0)
    t[other + TCP_MAX_END] = t[side + TCP_MAX_WINDOW]
    t[other + TCP_MAX_END_FRAME] = segment.frame
  } else {
    t[side + TCP_MAX_END] += t[side + TCP_MAX_WINDOW]
    t[side + TCP_SIDE_FLAGS] = TCP_SIDE_SACK_PERMITTED | TCP_SIDE_BE_LIBERAL
    t[other + TCP_SIDE_FLAGS] = TCP_SIDE_SACK_PERMITTED | TCP_SIDE_BE_LIBERAL
  }
  t[e + E_TCP_STATE] = withLast(0, 0, SEGMENT_NONE)
  return true
}
