import { TCP_OPTION_SACK_PERMITTED, TCP_OPTION_WSCALE } from '../../wire/packet-fields.ts'
import {
  E_TCP_SIDE,
  TCP_END,
  TCP_END_FRAME,
  TCP_MAX_END,
  TCP_MAX_END_FRAME,
  TCP_MAX_WINDOW,
  TCP_SIDE_FLAGS,
  TCP_SIDE_INTS,
} from '../entry.ts'
import { NO_OPTIONS } from './tcp-segment.ts'

/** Flags of one side of a connection. */
const TCP_SIDE_WINDOW_SCALE = 0x01
export const TCP_SIDE_SACK_PERMITTED = 0x02
/** This side sent the first FIN. */
export const TCP_SIDE_CLOSE_INIT = 0x04
/** Picked up in the middle: failing window checks are forgiven. */
export const TCP_SIDE_BE_LIBERAL = 0x08
export const TCP_SIDE_DATA_UNACKNOWLEDGED = 0x10
export const TCP_SIDE_MAX_ACK_SET = 0x20

const MAX_WINDOW_SCALE = 14

/** First word of the side that sends in `direction`. @param e first word of the entry */
export function sideAt(e: number, direction: number): number {
  return e + E_TCP_SIDE + direction * TCP_SIDE_INTS
}

/** Flags of both sides: those that either has. */
export function flagsOfSides(t: Int32Array, e: number): number {
  return t[sideAt(e, 0) + TCP_SIDE_FLAGS] | t[sideAt(e, 1) + TCP_SIDE_FLAGS]
}

/**
 * Flags and window scale that the options of a SYN set for its sender, packed as TCP_SIDE_FLAGS is.
 * @param options TCP_OPTION_ bits with the window scale, or NO_OPTIONS
 * @param before the side as it was: a SYN without any option leaves it so, any option clears all but the pick-up's mark
 */
export function sideFromOptions(options: number, before: number): number {
  if (options === NO_OPTIONS) return before
  let side = before & TCP_SIDE_BE_LIBERAL
  if ((options & TCP_OPTION_SACK_PERMITTED) !== 0) side |= TCP_SIDE_SACK_PERMITTED
  if ((options & TCP_OPTION_WSCALE) !== 0) {
    const scale = options & 0xff
    side |= TCP_SIDE_WINDOW_SCALE | (Math.min(scale, MAX_WINDOW_SCALE) << 8)
  }
  return side
}

/** All that a side has sent ends at `end`, and nobody has let it send more. @param window its own, 0 counts as 1 */
export function startSide(t: Int32Array, side: number, end: number, window: number, frame: number): void {
  t[side + TCP_END] = end
  t[side + TCP_MAX_END] = end
  t[side + TCP_END_FRAME] = frame
  t[side + TCP_MAX_END_FRAME] = frame
  t[side + TCP_MAX_WINDOW] = window === 0 ? 1 : window
}

/** After a SYN-ACK: window scaling holds only where both sides offer it (RFC 7323, section 2.2). */
export function agreeOnScaling(t: Int32Array, sender: number, receiver: number): void {
  if ((t[sender + TCP_SIDE_FLAGS] & t[receiver + TCP_SIDE_FLAGS] & TCP_SIDE_WINDOW_SCALE) !== 0) return
  t[sender + TCP_SIDE_FLAGS] &= 0xff
  t[receiver + TCP_SIDE_FLAGS] &= 0xff
}
