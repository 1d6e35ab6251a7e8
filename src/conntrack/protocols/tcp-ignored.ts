import {
  E_TCP_LAST_ACK,
  E_TCP_LAST_END,
  E_TCP_LAST_SEQ,
  E_TCP_LAST_WINDOW,
  E_TCP_STATE,
  TCP_SIDE_FLAGS,
  TCP_SIDE_INTS,
} from '../entry.ts'
import type { Segment } from './tcp-segment.ts'
import { sideAt, sideFromOptions, startSide, TCP_SIDE_BE_LIBERAL } from './tcp-side.ts'
import { SEGMENT_ACK, SEGMENT_SYN, SEGMENT_SYNACK, TCP_LAST_ACK, TCP_SYN_SENT } from './tcp-states.ts'
import { EXPECTS_CHALLENGE_ACK, ignoredSideOf, lastDirectionOf, lastKindOf, withIgnored, withLast } from './tcp-word.ts'

/** Records an ignored segment, in case the answer of the other side shows that it was valid. */
export function keepIgnored(t: Int32Array, e: number, segment: Segment, oldState: number): void {
  const { direction } = segment
  let word = withLast(t[e + E_TCP_STATE], direction, segment.kind)
  t[e + E_TCP_LAST_SEQ] = segment.seq
  t[e + E_TCP_LAST_END] = segment.end
  t[e + E_TCP_LAST_WINDOW] = segment.window
  if (segment.kind === SEGMENT_SYN && direction === 0) {
    const expects = oldState === TCP_LAST_ACK ? EXPECTS_CHALLENGE_ACK : 0
    word = withIgnored(word, sideFromOptions(segment.options, 0), expects)
  }
  t[e + E_TCP_STATE] = word
  if (oldState === TCP_SYN_SENT && segment.kind === SEGMENT_ACK && direction === 1) {
    t[e + E_TCP_LAST_ACK] = segment.ack
  }
}

/**
 * Whether the segment is the server's answer to a SYN that was ignored: the SYN was valid, the entry was out of date.
 */
export function grantsIgnoredSyn(t: Int32Array, e: number, segment: Segment): boolean {
  const word = t[e + E_TCP_STATE]
  return (
    segment.kind === SEGMENT_SYNACK &&
    lastKindOf(word) === SEGMENT_SYN &&
    lastDirectionOf(word) !== segment.direction &&
    segment.ack === t[e + E_TCP_LAST_END]
  )
}

/**
 * Restarts the entry from the ignored SYN, which replaces the data of its side. The answering side starts blank, except
 * for its TCP_SIDE_BE_LIBERAL flag.
 */
export function resumeIgnoredSyn(t: Int32Array, e: number, answer: Segment): void {
  const side = sideAt(e, 1 - answer.direction)
  t[e + E_TCP_STATE] &= ~EXPECTS_CHALLENGE_ACK
  startSide(t, side, t[e + E_TCP_LAST_END], t[e + E_TCP_LAST_WINDOW], answer.frame)
  t[side + TCP_SIDE_FLAGS] = ignoredSideOf(t[e + E_TCP_STATE])
  const other = sideAt(e, answer.direction)
  const kept = t[other + TCP_SIDE_FLAGS] & TCP_SIDE_BE_LIBERAL
  t.fill(0, other, other + TCP_SIDE_INTS)
  t[other + TCP_SIDE_FLAGS] = kept
}

/** Whether the ACK may answer a stray SYN instead of the FIN (RFC 5961, section 4). */
export function answersStraySyn(t: Int32Array, e: number, segment: Segment, oldState: number): boolean {
  const word = t[e + E_TCP_STATE]
  return (
    oldState === TCP_LAST_ACK &&
    segment.kind === SEGMENT_ACK &&
    lastDirectionOf(word) !== segment.direction &&
    lastKindOf(word) === SEGMENT_SYN &&
    (word & EXPECTS_CHALLENGE_ACK) !== 0
  )
}
