import {
  E_TCP_SIDE,
  E_TCP_STATE,
  TCP_END,
  TCP_END_FRAME,
  TCP_MAX_END,
  TCP_MAX_END_FRAME,
  TCP_MAX_WINDOW,
  TCP_SIDE_FLAGS,
  TCP_SIDE_INTS,
} from '../entry.ts'
import type { Finding } from '../finding.ts'
import { REASON_TCP_CANNOT_OPEN, REASON_TCP_NOT_LOOSE } from '../reasons.ts'
import { SEGMENT_NONE, TCP_INVALID, TCP_NONE, TCP_SYN_SENT, TCP_TRANSITIONS } from './tcp-states.ts'
import { type Segment, sideFromOptions, TCP_SIDE_BE_LIBERAL, TCP_SIDE_SACK_PERMITTED } from './tcp-window.ts'
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
  fields: Int32Array,
  base: number,
  isLoose: boolean,
  frame: number,
  finding: Finding,
): boolean {
  const state = TCP_TRANSITIONS[(segment.kind << 4) | TCP_NONE]
  if (state === TCP_INVALID) {
    finding.set(REASON_TCP_CANNOT_OPEN, segment.kind, 0, 0)
    return false
  }
  const side = e + E_TCP_SIDE
  const other = side + TCP_SIDE_INTS
  const window = segment.window === 0 ? 1 : segment.window
  t[side + TCP_END] = segment.end
  t[side + TCP_END_FRAME] = frame
  t[side + TCP_MAX_WINDOW] = window
  t[side + TCP_MAX_END_FRAME] = frame
  if (state === TCP_SYN_SENT) {
    t[side + TCP_MAX_END] = segment.end
    t[side + TCP_SIDE_FLAGS] = sideFromOptions(fields, base, 0)
    t[other + TCP_MAX_END] = window
    t[other + TCP_MAX_END_FRAME] = frame
  } else {
    if (!isLoose) {
      finding.set(REASON_TCP_NOT_LOOSE, 0, 0, 0)
      return false
    }
    t[side + TCP_MAX_END] = segment.end + window
    t[side + TCP_SIDE_FLAGS] = TCP_SIDE_SACK_PERMITTED | TCP_SIDE_BE_LIBERAL
    t[other + TCP_SIDE_FLAGS] = TCP_SIDE_SACK_PERMITTED | TCP_SIDE_BE_LIBERAL
  }
  t[e + E_TCP_STATE] = withLast(0, 0, SEGMENT_NONE)
  return true
}
