import { TCP_STATE_MASK } from './tcp-states.ts'

// Layout of E_TCP_STATE, from the low bits: state, direction and class of the last segment, retransmissions, ignored
// SYN.

const LAST_DIRECTION_SHIFT = 4
const LAST_KIND_SHIFT = 5
const LAST_KIND_MASK = 7
const LAST_SEGMENT_MASK = 0xf0
const RETRANSMISSIONS_SHIFT = 8
const ONE_RETRANSMISSION = 1 << RETRANSMISSIONS_SHIFT
/** The kernel counts in one byte. */
const RETRANSMISSIONS_MASK = 0xff << RETRANSMISSIONS_SHIFT
/** Of the last ignored SYN: flags and window scale as in TCP_SIDE_FLAGS, and the two flags below. */
const IGNORED_SHIFT = 16
const IGNORED_MASK = 0xffff << IGNORED_SHIFT

/** The next ACK may answer the ignored SYN (RFC 5961, section 4). */
export const EXPECTS_CHALLENGE_ACK = 0x40 << IGNORED_SHIFT
/** Both sides have sent a SYN; the next ACK completes the handshake. */
export const SIMULTANEOUS_OPEN = 0x80 << IGNORED_SHIFT

/** TCP_ state of the connection. */
export function stateOf(word: number): number {
  return word & TCP_STATE_MASK
}

/** Direction of the last segment that was recorded. */
export function lastDirectionOf(word: number): number {
  return (word >>> LAST_DIRECTION_SHIFT) & 1
}

/** Its SEGMENT_ class. */
export function lastKindOf(word: number): number {
  return (word >>> LAST_KIND_SHIFT) & LAST_KIND_MASK
}

/** How often the last segment with ACK was retransmitted. */
export function retransmissionsOf(word: number): number {
  return (word & RETRANSMISSIONS_MASK) >>> RETRANSMISSIONS_SHIFT
}

export function withRetransmission(word: number): number {
  return (word & ~RETRANSMISSIONS_MASK) | ((word + ONE_RETRANSMISSION) & RETRANSMISSIONS_MASK)
}

/** Records the direction of a segment that is not a retransmission. */
export function withFirstTransmission(word: number, direction: number): number {
  return (word & ~(RETRANSMISSIONS_MASK | (1 << LAST_DIRECTION_SHIFT))) | (direction << LAST_DIRECTION_SHIFT)
}

/** Flags and window scale of the ignored SYN, packed as TCP_SIDE_FLAGS. */
export function ignoredSideOf(word: number): number {
  return word >>> IGNORED_SHIFT
}

/** Records direction and class of a segment. */
export function withLast(word: number, direction: number, kind: number): number {
  return (word & ~LAST_SEGMENT_MASK) | (direction << LAST_DIRECTION_SHIFT) | (kind << LAST_KIND_SHIFT)
}

export function withState(word: number, state: number): number {
  return (word & ~TCP_STATE_MASK) | state
}

/** @param side flags and window scale of the ignored SYN, @param expects EXPECTS_CHALLENGE_ACK or 0 */
export function withIgnored(word: number, side: number, expects: number): number {
  return (word & ~IGNORED_MASK) | (side << IGNORED_SHIFT) | expects
}
