import {
  E_TCP_LAST_ACK,
  E_TCP_LAST_END,
  E_TCP_LAST_SEQ,
  E_TCP_LAST_WINDOW,
  E_TCP_STATE,
  TCP_END,
  TCP_END_FRAME,
  TCP_MAX_ACK,
  TCP_MAX_END,
  TCP_MAX_END_FRAME,
  TCP_MAX_WINDOW,
  TCP_SIDE_FLAGS,
} from '../entry.ts'
import type { Finding } from '../finding.ts'
import {
  REASON_TCP_ACK_OVER,
  REASON_TCP_ACK_UNDER,
  REASON_TCP_OVERSHOT,
  REASON_TCP_SEQ_OVER,
  REASON_TCP_SEQ_UNDER,
} from '../reasons.ts'
import { after, before } from '../sequence.ts'
import type { Segment } from './tcp-segment.ts'
import {
  agreeOnScaling,
  sideAt,
  sideFromOptions,
  startSide,
  TCP_SIDE_BE_LIBERAL,
  TCP_SIDE_DATA_UNACKNOWLEDGED,
  TCP_SIDE_MAX_ACK_SET,
  TCP_SIDE_SACK_PERMITTED,
} from './tcp-side.ts'
import { SEGMENT_ACK, TCP_SYN_RECV, TCP_SYN_SENT } from './tcp-states.ts'
import { lastDirectionOf, withFirstTransmission, withRetransmission } from './tcp-word.ts'

export const WINDOW_ACCEPT = 0
const WINDOW_INVALID = 1
export const WINDOW_IGNORE = 2

/** Bytes by which an ACK may be old whatever the window is (nf_conntrack's MAXACKWINCONST). */
export const MAX_ACK_WINDOW = 66_000

/**
 * Checks a segment against the windows of both sides, and moves them ("Real Stateful TCP Packet Filtering in IP
 * Filter", Guido van Rooij; oracle probes "small window…", "ack of data never sent", "old seq", "old ack").
 *
 * @param t the entries, @param e the entry's first word
 * @param segment its numbers are replaced by those that count, where it has none of its own
 * @param isLiberal nf_conntrack_tcp_be_liberal
 * @returns a WINDOW_ code; unless WINDOW_ACCEPT, `finding` has the reason
 */
export function checkWindow(
  t: Int32Array,
  e: number,
  state: number,
  segment: Segment,
  isLiberal: boolean,
  finding: Finding,
): number {
  const { direction, isSyn, hasAck } = segment
  const sender = sideAt(e, direction)
  const receiver = sideAt(e, 1 - direction)
  if ((t[receiver + TCP_SIDE_FLAGS] & TCP_SIDE_SACK_PERMITTED) === 0) segment.sack = segment.ack

  if (t[sender + TCP_MAX_WINDOW] === 0) {
    if (isSyn) startSender(t, sender, receiver, segment)
    else pickUpSender(t, sender, receiver, segment)
    // Simultaneous open: there is nothing more to check.
    if (isSyn && !hasAck) return WINDOW_ACCEPT
  } else if (isSyn && after(segment.end, t[sender + TCP_END]) && (state === TCP_SYN_SENT || state === TCP_SYN_RECV)) {
    startSender(t, sender, receiver, segment)
    if (direction === 1 && !hasAck) return WINDOW_ACCEPT
  }

  replaceMissing(t, sender, receiver, segment, state)
  const verdict = compareBounds(t, sender, receiver, segment, finding)
  if (verdict !== WINDOW_ACCEPT) {
    const forgives = isLiberal || (t[sender + TCP_SIDE_FLAGS] & TCP_SIDE_BE_LIBERAL) !== 0
    if (!forgives) return verdict
    finding.clear()
    return WINDOW_ACCEPT
  }
  moveBounds(t, sender, receiver, segment)
  if (segment.kind === SEGMENT_ACK) countRetransmission(t, e, segment)
  return WINDOW_ACCEPT
}

/** A SYN or SYN-ACK starts its side anew. */
function startSender(t: Int32Array, sender: number, receiver: number, segment: Segment): void {
  startSide(t, sender, segment.end, segment.window, segment.frame)
  t[sender + TCP_SIDE_FLAGS] = sideFromOptions(segment.options, t[sender + TCP_SIDE_FLAGS])
  if (segment.direction === 1) agreeOnScaling(t, sender, receiver)
}

/** The first segment of a side, in the middle of a connection: what it says is taken to be right. */
function pickUpSender(t: Int32Array, sender: number, receiver: number, segment: Segment): void {
  const { end, sack, frame } = segment
  startSide(t, sender, end, segment.window << (t[sender + TCP_SIDE_FLAGS] >>> 8), frame)
  t[sender + TCP_MAX_END] = (end + t[sender + TCP_MAX_WINDOW]) | 0
  if (t[receiver + TCP_MAX_WINDOW] === 0) {
    t[receiver + TCP_END] = sack
    t[receiver + TCP_MAX_END] = sack
    t[receiver + TCP_END_FRAME] = frame
    t[receiver + TCP_MAX_END_FRAME] = frame
  } else if (sack === ((t[receiver + TCP_END] + 1) | 0)) {
    // The answer to a keepalive.
    t[receiver + TCP_END] = sack
    t[receiver + TCP_END_FRAME] = frame
  }
}

/** Puts numbers that cannot fail in place of an acknowledgement that is none, and of the sequence number of an early RST. */
function replaceMissing(t: Int32Array, sender: number, receiver: number, segment: Segment, state: number): void {
  if (!segment.hasAck || (segment.isReset && segment.ack === 0)) {
    segment.ack = t[receiver + TCP_END]
    segment.sack = segment.ack
  }
  if (segment.isReset && segment.seq === 0 && state === TCP_SYN_SENT) {
    segment.seq = t[sender + TCP_END]
    segment.end = segment.seq
  }
}

/**
 * Checks the four bounds; `finding` says which one failed, with the frame that set it. Moves TCP_END only for an
 * overshot.
 */
function compareBounds(t: Int32Array, sender: number, receiver: number, segment: Segment, finding: Finding): number {
  const { seq, end, sack } = segment
  const senderEnd = t[sender + TCP_END]
  const receiverEnd = t[receiver + TCP_END]
  const receiverWindow = t[receiver + TCP_MAX_WINDOW]
  const senderWindow = t[sender + TCP_MAX_WINDOW] >>> 0
  const ackLowerBound = (receiverEnd - Math.max(senderWindow, MAX_ACK_WINDOW) - 1) | 0
  const seqLowerBound = (senderEnd - receiverWindow - 1) | 0
  const inReceiveWindow = receiverWindow === 0 || after(end, seqLowerBound)
  const upperBound = (t[sender + TCP_MAX_END] + 1) | 0
  if (!before(seq, upperBound)) {
    const overshot = (end - upperBound + 2) >>> 0
    if (
      inReceiveWindow &&
      after(sack, ackLowerBound) &&
      overshot <= receiverWindow >>> 0 &&
      before(sack, receiverEnd + 1)
    ) {
      finding.set(REASON_TCP_OVERSHOT, overshot, t[sender + TCP_MAX_END], t[sender + TCP_MAX_END_FRAME])
      // If the peer accepts the data after all, its ACK must not look like one for data never sent.
      t[sender + TCP_END] = end
      t[sender + TCP_SIDE_FLAGS] |= TCP_SIDE_DATA_UNACKNOWLEDGED
      return WINDOW_IGNORE
    }
    finding.set(REASON_TCP_SEQ_OVER, seq, upperBound, t[sender + TCP_MAX_END_FRAME])
    return WINDOW_INVALID
  }
  if (!before(sack, receiverEnd + 1)) {
    finding.set(REASON_TCP_ACK_OVER, sack, receiverEnd + 1, t[receiver + TCP_END_FRAME])
    return WINDOW_INVALID
  }
  if (!inReceiveWindow) {
    finding.set(REASON_TCP_SEQ_UNDER, end, seqLowerBound, t[sender + TCP_END_FRAME])
    return WINDOW_IGNORE
  }
  if (!after(sack, ackLowerBound)) {
    finding.set(REASON_TCP_ACK_UNDER, sack, ackLowerBound, t[receiver + TCP_END_FRAME])
    return WINDOW_IGNORE
  }
  return WINDOW_ACCEPT
}

/** Moves the bounds of both sides by a segment that is within them. */
function moveBounds(t: Int32Array, sender: number, receiver: number, segment: Segment): void {
  const { end, ack, sack, frame } = segment
  const scaled = segment.isSyn ? segment.window : segment.window << (t[sender + TCP_SIDE_FLAGS] >>> 8)
  const announced = (scaled + (sack - ack)) >>> 0
  if (t[sender + TCP_MAX_WINDOW] >>> 0 < announced) t[sender + TCP_MAX_WINDOW] = announced
  if (after(end, t[sender + TCP_END])) {
    t[sender + TCP_END] = end
    t[sender + TCP_END_FRAME] = frame
    t[sender + TCP_SIDE_FLAGS] |= TCP_SIDE_DATA_UNACKNOWLEDGED
  }
  if (segment.hasAck) {
    if ((t[sender + TCP_SIDE_FLAGS] & TCP_SIDE_MAX_ACK_SET) === 0) {
      t[sender + TCP_MAX_ACK] = ack
      t[sender + TCP_SIDE_FLAGS] |= TCP_SIDE_MAX_ACK_SET
    } else if (after(ack, t[sender + TCP_MAX_ACK])) {
      t[sender + TCP_MAX_ACK] = ack
    }
  }
  if (t[receiver + TCP_MAX_WINDOW] !== 0 && after(end, t[sender + TCP_MAX_END])) {
    t[receiver + TCP_MAX_WINDOW] += end - t[sender + TCP_MAX_END]
  }
  if (after(sack + scaled, t[receiver + TCP_MAX_END] - 1)) {
    t[receiver + TCP_MAX_END] = sack + scaled + (scaled === 0 ? 1 : 0)
    t[receiver + TCP_MAX_END_FRAME] = frame
  }
  if (ack === t[receiver + TCP_END]) t[receiver + TCP_SIDE_FLAGS] &= ~TCP_SIDE_DATA_UNACKNOWLEDGED
}

/** Counts an ACK that is the same as the last one, and remembers any other. */
function countRetransmission(t: Int32Array, e: number, { direction, seq, ack, end, window }: Segment): void {
  const word = t[e + E_TCP_STATE]
  if (
    lastDirectionOf(word) === direction &&
    t[e + E_TCP_LAST_SEQ] === seq &&
    t[e + E_TCP_LAST_ACK] === ack &&
    t[e + E_TCP_LAST_END] === end &&
    t[e + E_TCP_LAST_WINDOW] === window
  ) {
    t[e + E_TCP_STATE] = withRetransmission(word)
    return
  }
  t[e + E_TCP_STATE] = withFirstTransmission(word, direction)
  t[e + E_TCP_LAST_SEQ] = seq
  t[e + E_TCP_LAST_ACK] = ack
  t[e + E_TCP_LAST_END] = end
  t[e + E_TCP_LAST_WINDOW] = window
}
