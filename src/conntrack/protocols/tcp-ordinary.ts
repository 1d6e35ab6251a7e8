import {
  P_L4_LENGTH,
  P_TCP_ACK,
  P_TCP_FLAGS_WINDOW,
  P_TCP_SACK,
  P_TCP_SEQ,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  TCP_URG,
} from '../../wire/packet-fields.ts'
import {
  E_STATUS,
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
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY, IPS_SEQ_ADJUST } from '../status.ts'
import { optionsOf } from './tcp-segment.ts'
import {
  agreeOnScaling,
  sideAt,
  sideFromOptions,
  startSide,
  TCP_SIDE_CLOSE_INIT,
  TCP_SIDE_DATA_UNACKNOWLEDGED,
  TCP_SIDE_MAX_ACK_SET,
  TCP_SIDE_SACK_PERMITTED,
} from './tcp-side.ts'
import {
  SEGMENT_ACK,
  SEGMENT_FIN,
  SEGMENT_SYNACK,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_LAST_ACK,
  TCP_STATE_MASK,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
  TCP_TRANSITIONS,
} from './tcp-states.ts'
import { MAX_ACK_WINDOW } from './tcp-window.ts'
import { EXPECTS_CHALLENGE_ACK, stateOf, withLast, withState } from './tcp-word.ts'

const STATUS_ASKED = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_SEQ_ADJUST
const STATUS_WANTED = IPS_CONFIRMED | IPS_SEEN_REPLY

/** The flags of which only ACK may be set. PSH does not matter, FIN is looked at separately. */
const FLAGS_ASKED = TCP_URG | TCP_ACK | TCP_RST | TCP_SYN
/** The flags that SEGMENT_CLASS looks at. */
const FLAGS_OF_CLASS = 0x3f
const HEADER_BYTES = 20

/**
 * A shortcut for most segments: an ACK, or a FIN with ACK, with or without data, within all bounds of an answered
 * connection, from the end of the handshake on. It does what the state table, its special cases and the window check
 * would do, that is what `TcpTracker.track` does (test/conntrack/ordinary.test.ts), except for the timeout.
 *
 * @param t the entries, @param e the entry's first word
 * @returns false for any other segment; nothing has changed then
 */
export function moveOrdinary(
  t: Int32Array,
  e: number,
  direction: number,
  fields: Int32Array,
  base: number,
  frame: number,
): boolean {
  const packed = t[e + E_TCP_STATE]
  const state = packed & TCP_STATE_MASK
  const flagsWindow = fields[base + P_TCP_FLAGS_WINDOW]
  const flags = flagsWindow >>> 16
  const status = t[e + E_STATUS]
  if ((status & STATUS_ASKED) !== STATUS_WANTED || (flags & FLAGS_ASKED) !== TCP_ACK) return false
  const isFin = (flags & TCP_FIN) !== 0
  if (state !== TCP_ESTABLISHED && !isOrdinaryState(state, packed, direction, isFin)) return false
  const header = (flagsWindow >>> 28) << 2
  const length = fields[base + P_L4_LENGTH]
  if (header < HEADER_BYTES || header > length) return false
  const seq = fields[base + P_TCP_SEQ]
  const end = (seq + length - header + (isFin ? 1 : 0)) | 0
  const ack = fields[base + P_TCP_ACK]
  const window = flagsWindow & 0xffff
  const sender = sideAt(e, direction)
  const receiver = sideAt(e, 1 - direction)
  let senderFlags = t[sender + TCP_SIDE_FLAGS]
  let receiverFlags = t[receiver + TCP_SIDE_FLAGS]
  // No sequence offsets here: connections whose payload NAT rewrites are excluded by STATUS_ASKED.
  const sack = (receiverFlags & TCP_SIDE_SACK_PERMITTED) !== 0 ? fields[base + P_TCP_SACK] : ack
  const senderWindow = t[sender + TCP_MAX_WINDOW]
  const receiverWindow = t[receiver + TCP_MAX_WINDOW]
  const senderEnd = t[sender + TCP_END]
  const receiverEnd = t[receiver + TCP_END]
  const senderMaxEnd = t[sender + TCP_MAX_END]
  if (senderWindow <= 0 || receiverWindow <= 0) return false
  const ackWindow = Math.max(senderWindow, MAX_ACK_WINDOW)
  if (
    ((seq - senderMaxEnd - 1) | 0) >= 0 ||
    ((sack - receiverEnd - 1) | 0) >= 0 ||
    ((senderEnd - receiverWindow - 1 - end) | 0) >= 0 ||
    ((receiverEnd - ackWindow - 1 - sack) | 0) >= 0
  ) {
    return false
  }
  const scaled = window << (senderFlags >>> 8)
  const announced = (scaled + (sack - ack)) >>> 0
  if (senderWindow < announced) t[sender + TCP_MAX_WINDOW] = announced
  if (((senderEnd - end) | 0) < 0) {
    t[sender + TCP_END] = end
    t[sender + TCP_END_FRAME] = frame
    senderFlags |= TCP_SIDE_DATA_UNACKNOWLEDGED
  }
  if ((senderFlags & TCP_SIDE_MAX_ACK_SET) === 0 || ((t[sender + TCP_MAX_ACK] - ack) | 0) < 0) {
    t[sender + TCP_MAX_ACK] = ack
    senderFlags |= TCP_SIDE_MAX_ACK_SET
  }
  const kind = isFin ? SEGMENT_FIN : SEGMENT_ACK
  const newState = TCP_TRANSITIONS[(direction << 7) | (kind << 4) | state]
  if (newState === TCP_FIN_WAIT && state !== TCP_FIN_WAIT) senderFlags |= TCP_SIDE_CLOSE_INIT
  else if (newState === TCP_ESTABLISHED) t[e + E_STATUS] = status | IPS_ASSURED
  t[sender + TCP_SIDE_FLAGS] = senderFlags
  if (((senderMaxEnd - end) | 0) < 0) t[receiver + TCP_MAX_WINDOW] = receiverWindow + end - senderMaxEnd
  if (((t[receiver + TCP_MAX_END] - 1 - sack - scaled) | 0) < 0) {
    t[receiver + TCP_MAX_END] = sack + scaled + (scaled === 0 ? 1 : 0)
    t[receiver + TCP_MAX_END_FRAME] = frame
  }
  if (ack === receiverEnd && (receiverFlags & TCP_SIDE_DATA_UNACKNOWLEDGED) !== 0) {
    receiverFlags &= ~TCP_SIDE_DATA_UNACKNOWLEDGED
    t[receiver + TCP_SIDE_FLAGS] = receiverFlags
  }
  // The same as withState and withLast (tcp-word.ts), in one step.
  const moved = newState | (direction << 4) | (kind << 5)
  if (isFin) {
    t[e + E_TCP_STATE] = (packed & ~0xff) | moved
    return true
  }
  // As countRetransmission in tcp-window.ts, and then the new state.
  if (
    ((packed >>> 4) & 1) === direction &&
    t[e + E_TCP_LAST_SEQ] === seq &&
    t[e + E_TCP_LAST_ACK] === ack &&
    t[e + E_TCP_LAST_END] === end &&
    t[e + E_TCP_LAST_WINDOW] === window
  ) {
    t[e + E_TCP_STATE] = (packed & ~0xffff) | ((packed + 0x100) & 0xff00) | moved
  } else {
    t[e + E_TCP_STATE] = (packed & ~0xffff) | moved
    t[e + E_TCP_LAST_SEQ] = seq
    t[e + E_TCP_LAST_ACK] = ack
    t[e + E_TCP_LAST_END] = end
    t[e + E_TCP_LAST_WINDOW] = window
  }
  return true
}

/**
 * The same for the usual answer to a SYN: a SYN-ACK that acknowledges exactly what the SYN sent and is the first
 * segment of its side.
 */
export function answerOpening(
  t: Int32Array,
  e: number,
  direction: number,
  fields: Int32Array,
  base: number,
  frame: number,
): boolean {
  const word = t[e + E_TCP_STATE]
  const status = t[e + E_STATUS]
  const flagsWindow = fields[base + P_TCP_FLAGS_WINDOW]
  if ((status & STATUS_ASKED) !== IPS_CONFIRMED || direction !== 1 || stateOf(word) !== TCP_SYN_SENT) return false
  if (((flagsWindow >>> 16) & FLAGS_OF_CLASS) !== (TCP_SYN | TCP_ACK)) return false
  const header = (flagsWindow >>> 28) << 2
  const length = fields[base + P_L4_LENGTH]
  if (header < HEADER_BYTES || header > length) return false
  const client = sideAt(e, 0)
  const server = sideAt(e, 1)
  const ack = fields[base + P_TCP_ACK]
  if (t[server + TCP_MAX_WINDOW] !== 0 || t[client + TCP_MAX_WINDOW] <= 0) return false
  if (ack !== t[client + TCP_END] || fields[base + P_TCP_SACK] !== ack) return false
  const window = flagsWindow & 0xffff
  const end = (fields[base + P_TCP_SEQ] + length - header + 1) | 0
  startSide(t, server, end, window, frame)
  t[server + TCP_SIDE_FLAGS] = sideFromOptions(optionsOf(fields, base), t[server + TCP_SIDE_FLAGS])
  agreeOnScaling(t, server, client)
  t[server + TCP_MAX_ACK] = ack
  t[server + TCP_SIDE_FLAGS] |= TCP_SIDE_MAX_ACK_SET
  if (((t[client + TCP_MAX_END] - 1 - ack - window) | 0) < 0) {
    t[client + TCP_MAX_END] = ack + window + (window === 0 ? 1 : 0)
    t[client + TCP_MAX_END_FRAME] = frame
  }
  t[client + TCP_SIDE_FLAGS] &= ~TCP_SIDE_DATA_UNACKNOWLEDGED
  t[e + E_TCP_STATE] = withLast(withState(word, TCP_SYN_RECV), 1, SEGMENT_SYNACK)
  t[e + E_STATUS] = status | IPS_SEEN_REPLY
  return true
}

/** Whether the state table alone says what becomes of a connection that is not established. */
function isOrdinaryState(state: number, packed: number, direction: number, isFin: boolean): boolean {
  // The reply's ACK may be that of a simultaneous open.
  if (state === TCP_SYN_RECV) return direction === 0 && !isFin
  // The ACK may answer a stray SYN.
  if (state === TCP_LAST_ACK) return (packed & EXPECTS_CHALLENGE_ACK) === 0
  return state > TCP_ESTABLISHED && state <= TCP_TIME_WAIT
}
