import {
  E_TCP_LAST_ACK,
  E_TCP_LAST_END,
  E_TCP_LAST_SEQ,
  E_TCP_LAST_WINDOW,
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
import { SEGMENT_ACK, SEGMENT_SYN, SEGMENT_SYNACK, TCP_LAST_ACK, TCP_SYN_SENT } from './tcp-states.ts'
import { type Segment, sideFromOptions, TCP_SIDE_BE_LIBERAL } from './tcp-window.ts'
import { EXPECTS_CHALLENGE_ACK, ignoredSideOf, lastDirectionOf, lastKindOf, withIgnored, withLast } from './tcp-word.ts'

/** Records an ignored segment, in case the answer of the other side shows that it was valid. */
export function keepIgnored(
  t: Int32Array,
  e: number,
  direction: number,
  oldState: number,
  segment: Segment,
  fields: Int32Array,
  base: number,
): void {
  let word = withLast(t[e + E_TCP_STATE], direction, segment.kind)
  t[e + E_TCP_LAST_SEQ] = segment.seq
  t[e + E_TCP_LAST_END] = segment.end
  t[e + E_TCP_LAST_WINDOW] = segment.window
  if (segment.kind === SEGMENT_SYN && direction === 0) {
    const expects = oldState === TCP_LAST_ACK ? EXPECTS_CHALLENGE_ACK : 0
    word = withIgnored(word, sideFromOptions(fields, base, 0), expects)
  }
  t[e + E_TCP_STATE] = word
  if (oldState === TCP_SYN_SENT && segment.kind === SEGMENT_ACK && direction === 1) {
    t[e + E_TCP_LAST_ACK] = segment.ack
  }
}

/**
 * Whether the segment is the server's answer to a SYN that was ignored: the SYN was valid, the entry was out of date.
 */
export function grantsIgnoredSyn(t: Int32Array, e: number, direction: number, segment: Segment): boolean {
  const word = t[e + E_TCP_STATE]
  return (
    segment.kind === SEGMENT_SYNACK &&
    lastKindOf(word) === SEGMENT_SYN &&
    lastDirectionOf(word) !== direction &&
    segment.ack === t[e + E_TCP_LAST_END]
  )
}

/**
 * Restarts the entry from the ignored SYN, which replaces the data of its side. The answering side starts blank, except
 * for its TCP_SIDE_BE_LIBERAL flag.
 * @param answering direction of the answer
 */
export function resumeIgnoredSyn(t: Int32Array, e: number, answering: number, frame: number): void {
  const side = e + E_TCP_SIDE + (1 - answering) * TCP_SIDE_INTS
  t[e + E_TCP_STATE] &= ~EXPECTS_CHALLENGE_ACK
  t[side + TCP_END] = t[e + E_TCP_LAST_END]
  t[side + TCP_MAX_END] = t[e + E_TCP_LAST_END]
  t[side + TCP_MAX_WINDOW] = t[e + E_TCP_LAST_WINDOW] === 0 ? 1 : t[e + E_TCP_LAST_WINDOW]
  t[side + TCP_SIDE_FLAGS] = ignoredSideOf(t[e + E_TCP_STATE])
  t[side + TCP_END_FRAME] = frame
  t[side + TCP_MAX_END_FRAME] = frame
  const other = e + E_TCP_SIDE + answering * TCP_SIDE_INTS
  const kept = t[other + TCP_SIDE_FLAGS] & TCP_SIDE_BE_LIBERAL
  t.fill(0, other, other + TCP_SIDE_INTS)
  t[other + TCP_SIDE_FLAGS] = kept
}

/** Whether the ACK may answer a stray SYN instead of the FIN (RFC 5961, section 4). */
export function answersStraySyn(t: Int32Array, e: number, direction: number, oldState: number, kind: number): boolean {
  const word = t[e + E_TCP_STATE]
  return (
    oldState === TCP_LAST_ACK &&
    kind === SEGMENT_ACK &&
    lastDirectionOf(word) !== direction &&
    lastKindOf(word) === SEGMENT_SYN &&
    (word & EXPECTS_CHALLENGE_ACK) !== 0
  )
}
