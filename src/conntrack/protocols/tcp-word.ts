import { TCP_STATE_MASK } from './tcp-states.ts'

/** Parts of an entry's word E_TCP_STATE. */
const LAST_DIRECTION_SHIFT = 4
const LAST_KIND_SHIFT = 5
const LAST_KIND_MASK = 7
const LAST_SEGMENT_MASK = 0xf0
const RETRANSMISSIONS_SHIFT = 8
const ONE_RETRANSMISSION = 1 << RETRANSMISSIONS_SHIFT
/** The kernel counts in one byte. */
const RETRANSMISSIONS_MASK = 0xff << RETRANSMISSIONS_SHIFT
/** Of the last ignored SYN: TCP_SIDE_ flags, window scale and the bits below. */
const IGNORED_SHIFT = 16
const IGNORED_MASK = 0xffff << IGNORED_SHIFT

/** The next ACK may answer the ignored SYN (RFC 5961, section 4). */
export const EXPECTS_CHALLENGE_ACK = 0x40 << IGNORED_SHIFT
/** Both sides sent a SYN: the ACK that follows completes the handshake. */
export const SIMULTANEOUS_OPEN = 0x80 << IGNORED_SHIFT

/** TCP_ state. */
export function stateOf(word: number): number {
  return word & TCP_STATE_MASK
}

/** Direction of the last segment that was taken down. */
export function lastDirectionOf(word: number): number {
  return (word >>> LAST_DIRECTION_SHIFT) & 1
}

/** Its SEGMENT_ class. */
export function lastKindOf(word: number): number {
  return (word >>> LAST_KIND_SHIFT) & LAST_KIND_MASK
}

/** How often it has been repeated. */
export function retransmissionsOf(word: number): number {
  return (word & RETRANSMISSIONS_MASK) >>> RETRANSMISSIONS_SHIFT
}

export function withRetransmission(word: number): number {
  return (word & ~RETRANSMISSIONS_MASK) | ((word + ONE_RETRANSMISSION) & RETRANSMISSIONS_MASK)
}

/** What is sent in this direction is sent for the first time. */
export function withFirstTransmission(word: number, direction: number): number {
  return (word & ~(RETRANSMISSIONS_MASK | (1 << LAST_DIRECTION_SHIFT))) | (direction << LAST_DIRECTION_SHIFT)
}

/** Flags and window scale of the ignored SYN, as TCP_SIDE_FLAGS has them. */
export function ignoredSideOf(word: number): number {
  return word >>> IGNORED_SHIFT
}

/** A segment is taken down. */
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
