import {
  P_TCP_FLAGS_WINDOW,
  P_TCP_OPTIONS,
  P_TCP_SACK,
  TCP_ACK,
  TCP_OPTION_SACK_PERMITTED,
  TCP_OPTION_WSCALE,
  TCP_RST,
  TCP_SYN,
} from '../../wire/packet-fields.ts'
import {
  E_TCP_LAST_ACK,
  E_TCP_LAST_END,
  E_TCP_LAST_SEQ,
  E_TCP_LAST_WINDOW,
  E_TCP_SIDE,
  E_TCP_STATE,
  TCP_END,
  TCP_END_FRAME,
  TCP_MAX_ACK,
  TCP_MAX_END,
  TCP_MAX_END_FRAME,
  TCP_MAX_WINDOW,
  TCP_SIDE_FLAGS,
  TCP_SIDE_INTS,
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
import { SEGMENT_ACK, TCP_SYN_RECV, TCP_SYN_SENT } from './tcp-states.ts'
import { lastDirectionOf, withFirstTransmission, withRetransmission } from './tcp-word.ts'

/** Flags of one side of a connection. */
const TCP_SIDE_WINDOW_SCALE = 0x01
export const TCP_SIDE_SACK_PERMITTED = 0x02
/** This side sent the first FIN. */
export const TCP_SIDE_CLOSE_INIT = 0x04
/** Picked up in the middle: failing window checks are forgiven. */
export const TCP_SIDE_BE_LIBERAL = 0x08
export const TCP_SIDE_DATA_UNACKNOWLEDGED = 0x10
export const TCP_SIDE_MAX_ACK_SET = 0x20

export const WINDOW_ACCEPT = 0
const WINDOW_INVALID = 1
export const WINDOW_IGNORE = 2

/** Bytes by which an ACK may be old whatever the window is (nf_conntrack's MAXACKWINCONST). */
export const MAX_ACK_WINDOW = 66_000
const MAX_WINDOW_SCALE = 14

/** What the window check needs of a segment besides its row of header fields. */
export class Segment {
  seq = 0
  ack = 0
  end = 0
  /** As sent, unscaled. */
  window = 0
  flags = 0
  /** SEGMENT_ class. */
  kind = 0
}

/**
 * Flags and window scale that the options of a SYN set for its sender, packed as TCP_SIDE_FLAGS is.
 * @param before the side as it was: a SYN without any option leaves it so, any option clears all but the pick-up's mark
 */
export function sideFromOptions(fields: Int32Array, base: number, before: number): number {
  if (fields[base + P_TCP_FLAGS_WINDOW] >>> 28 === 5) return before
  const options = fields[base + P_TCP_OPTIONS]
  let side = before & TCP_SIDE_BE_LIBERAL
  if ((options & TCP_OPTION_SACK_PERMITTED) !== 0) side |= TCP_SIDE_SACK_PERMITTED
  if ((options & TCP_OPTION_WSCALE) !== 0) {
    const scale = options & 0xff
    side |= TCP_SIDE_WINDOW_SCALE | (Math.min(scale, MAX_WINDOW_SCALE) << 8)
  }
  return side
}

/**
 * Checks a segment against the windows of both sides, and moves them ("Real Stateful TCP Packet Filtering in IP
 * Filter", Guido van Rooij; oracle probes "small window…", "ack of data never sent", "old seq", "old ack").
 *
 * @param t the entries, @param e the entry's first word
 * @param ackOffset what must be subtracted from the sender's acknowledgement numbers to get the receiver's own numbers
 * (NAT rewriting)
 * @param liberal nf_conntrack_tcp_be_liberal
 */
export function checkWindow(
  t: Int32Array,
  e: number,
  direction: number,
  state: number,
  segment: Segment,
  fields: Int32Array,
  base: number,
  ackOffset: number,
  liberal: boolean,
  finding: Finding,
  frame: number,
): number {
  const sender = e + E_TCP_SIDE + direction * TCP_SIDE_INTS
  const receiver = e + E_TCP_SIDE + (1 - direction) * TCP_SIDE_INTS
  const flags = segment.flags
  const window = segment.window
  const isSyn = (flags & TCP_SYN) !== 0
  const hasAck = (flags & TCP_ACK) !== 0
  let seq = segment.seq
  let end = segment.end
  let ack = (segment.ack - ackOffset) | 0
  let sack =
    (t[receiver + TCP_SIDE_FLAGS] & TCP_SIDE_SACK_PERMITTED) !== 0 ? (fields[base + P_TCP_SACK] - ackOffset) | 0 : ack

  if (t[sender + TCP_MAX_WINDOW] === 0) {
    if (isSyn) {
      initSender(t, sender, receiver, fields, base, end, window, direction, frame)
      // Simultaneous open: there is nothing more to check.
      if (!hasAck) return WINDOW_ACCEPT
    } else {
      const scaled = window << (t[sender + TCP_SIDE_FLAGS] >>> 8)
      t[sender + TCP_END] = end
      t[sender + TCP_END_FRAME] = frame
      t[sender + TCP_MAX_WINDOW] = scaled === 0 ? 1 : scaled
      t[sender + TCP_MAX_END] = (end + t[sender + TCP_MAX_WINDOW]) | 0
      t[sender + TCP_MAX_END_FRAME] = frame
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
  } else if (isSyn && after(end, t[sender + TCP_END]) && (state === TCP_SYN_SENT || state === TCP_SYN_RECV)) {
    initSender(t, sender, receiver, fields, base, end, window, direction, frame)
    if (direction === 1 && !hasAck) return WINDOW_ACCEPT
  }

  if (!hasAck || ((flags & TCP_RST) !== 0 && ack === 0)) {
    ack = t[receiver + TCP_END]
    sack = ack
  }
  if ((flags & TCP_RST) !== 0 && seq === 0 && state === TCP_SYN_SENT) {
    seq = t[sender + TCP_END]
    end = seq
  }

  const forgiving = liberal || (t[sender + TCP_SIDE_FLAGS] & TCP_SIDE_BE_LIBERAL) !== 0
  const verdict = compareBounds(t, sender, receiver, seq, end, sack, finding)
  if (verdict !== WINDOW_ACCEPT) {
    if (forgiving) {
      finding.clear()
      return WINDOW_ACCEPT
    }
    return verdict
  }

  const scaled = isSyn ? window : window << (t[sender + TCP_SIDE_FLAGS] >>> 8)
  const announced = (scaled + (sack - ack)) >>> 0
  if (t[sender + TCP_MAX_WINDOW] >>> 0 < announced) t[sender + TCP_MAX_WINDOW] = announced
  if (after(end, t[sender + TCP_END])) {
    t[sender + TCP_END] = end
    t[sender + TCP_END_FRAME] = frame
    t[sender + TCP_SIDE_FLAGS] |= TCP_SIDE_DATA_UNACKNOWLEDGED
  }
  if (hasAck) {
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

  if (segment.kind === SEGMENT_ACK) countRetransmission(t, e, direction, seq, ack, end, window)
  return WINDOW_ACCEPT
}

/**
 * Checks the four bounds; `finding` says which one failed, with the frame that set it. Moves TCP_END only for an
 * overshot.
 */
function compareBounds(
  t: Int32Array,
  sender: number,
  receiver: number,
  seq: number,
  end: number,
  sack: number,
  finding: Finding,
): number {
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

/**
 * A SYN or SYN-ACK starts its side anew. Window scaling holds only where both sides offer it (RFC 7323, section 2.2).
 */
export function initSender(
  t: Int32Array,
  sender: number,
  receiver: number,
  fields: Int32Array,
  base: number,
  end: number,
  window: number,
  direction: number,
  frame: number,
): void {
  t[sender + TCP_END] = end
  t[sender + TCP_MAX_END] = end
  t[sender + TCP_END_FRAME] = frame
  t[sender + TCP_MAX_END_FRAME] = frame
  t[sender + TCP_MAX_WINDOW] = window === 0 ? 1 : window
  const side = sideFromOptions(fields, base, t[sender + TCP_SIDE_FLAGS])
  t[sender + TCP_SIDE_FLAGS] = side
  if (direction === 1 && (side & t[receiver + TCP_SIDE_FLAGS] & TCP_SIDE_WINDOW_SCALE) === 0) {
    t[sender + TCP_SIDE_FLAGS] &= 0xff
    t[receiver + TCP_SIDE_FLAGS] &= 0xff
  }
}

function countRetransmission(
  t: Int32Array,
  e: number,
  direction: number,
  seq: number,
  ack: number,
  end: number,
  window: number,
): void {
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
