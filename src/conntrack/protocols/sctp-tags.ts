import { E_SCTP_FLAGS, E_SCTP_TAG, E_STATUS } from '../entry.ts'
import { IPS_CONFIRMED } from '../status.ts'
import type { SctpPacket } from './sctp-packet.ts'
import {
  CHUNK_ABORT,
  CHUNK_COOKIE_ECHO,
  CHUNK_DATA,
  CHUNK_HEARTBEAT,
  CHUNK_HEARTBEAT_ACK,
  CHUNK_INIT,
  CHUNK_SHUTDOWN_ACK,
  CHUNK_SHUTDOWN_COMPLETE,
} from './sctp-states.ts'

/** E_SCTP_FLAGS: a heartbeat with a foreign tag was seen, from the direction in FLAG_FAILED_REPLY. */
const FLAG_HEARTBEAT_FAILED = 1
const FLAG_FAILED_REPLY = 2
/** E_SCTP_FLAGS: an INIT was seen, << direction. */
const FLAG_INIT = 4
const FLAGS_OF_INITS = 3 * FLAG_INIT

/** A packet without any of these has the tag of its direction. */
const HAVE_OTHER_TAGS =
  (1 << CHUNK_INIT) |
  (1 << CHUNK_SHUTDOWN_COMPLETE) |
  (1 << CHUNK_COOKIE_ECHO) |
  (1 << CHUNK_ABORT) |
  (1 << CHUNK_SHUTDOWN_ACK) |
  (1 << CHUNK_HEARTBEAT) |
  (1 << CHUNK_HEARTBEAT_ACK)

export const HEARTBEAT_WRONG = 0
const HEARTBEAT_RIGHT = 1
/** It may come over a new path: the association stays as it is until the answer shows who it was. */
export const HEARTBEAT_FOREIGN = 2

/** The tag that packets of this packet's direction carry. */
export function tagDue(t: Int32Array, e: number, { direction }: SctpPacket): number {
  return t[e + E_SCTP_TAG + direction]
}

/** Whether the packet's tag may stand over its chunks; some of them are asked for each (tagFitsChunk). */
export function tagFits(t: Int32Array, e: number, packet: SctpPacket): boolean {
  return (packet.types & HAVE_OTHER_TAGS) !== 0 || packet.tag === tagDue(t, e, packet)
}

/** RFC 9260, section 8.5.1. */
export function tagFitsChunk(t: Int32Array, e: number, packet: SctpPacket, chunk: number): boolean {
  const { direction, tag } = packet
  switch (packet.typeOf(chunk)) {
    case CHUNK_INIT:
      return tag === 0
    case CHUNK_ABORT:
    case CHUNK_SHUTDOWN_COMPLETE:
      return tag === t[e + E_SCTP_TAG + (packet.hasReflectedTag(chunk) ? 1 - direction : direction)]
    case CHUNK_COOKIE_ECHO:
      return tag === tagDue(t, e, packet)
    default:
      return true
  }
}

/** The tags of a new association, from its first packet's chunk. */
export function learnFirstTag(t: Int32Array, e: number, packet: SctpPacket, chunk: number): void {
  const type = packet.typeOf(chunk)
  if (type === CHUNK_INIT) t[e + E_SCTP_TAG + 1] = packet.initTagOf(chunk)
  else if (type === CHUNK_HEARTBEAT) t[e + E_SCTP_TAG] = packet.tag
  else if (type === CHUNK_SHUTDOWN_ACK) t[e + E_SCTP_TAG + 1] = packet.tag
}

/**
 * A HEARTBEAT or its ACK. If the tag of its direction is not known yet, it is the first to name it.
 * @param followsForeign a HEARTBEAT_FOREIGN is in the same packet
 * @returns a HEARTBEAT_ code
 */
export function takeHeartbeat(
  t: Int32Array,
  e: number,
  packet: SctpPacket,
  type: number,
  followsForeign: boolean,
): number {
  const { direction, tag } = packet
  const due = tagDue(t, e, packet)
  if (due === 0) {
    t[e + E_SCTP_TAG + direction] = tag
    return HEARTBEAT_RIGHT
  }
  if (tag === due) {
    t[e + E_SCTP_FLAGS] &= ~FLAG_HEARTBEAT_FAILED
    return HEARTBEAT_RIGHT
  }
  if ((packet.types & (1 << CHUNK_DATA)) !== 0 || followsForeign) return HEARTBEAT_WRONG
  const flags = t[e + E_SCTP_FLAGS]
  if (type === CHUNK_HEARTBEAT) {
    const from = direction === 1 ? FLAG_FAILED_REPLY : 0
    t[e + E_SCTP_FLAGS] = (flags & ~FLAG_FAILED_REPLY) | FLAG_HEARTBEAT_FAILED | from
    return HEARTBEAT_FOREIGN
  }
  const failedDirection = (flags & FLAG_FAILED_REPLY) !== 0 ? 1 : 0
  if ((flags & FLAG_HEARTBEAT_FAILED) === 0 || failedDirection === direction) return HEARTBEAT_WRONG
  t[e + E_SCTP_FLAGS] = flags & ~FLAG_HEARTBEAT_FAILED
  t[e + E_SCTP_TAG + direction] = tag
  t[e + E_SCTP_TAG + 1 - direction] = 0
  return HEARTBEAT_RIGHT
}

/** Notes an INIT. One with the tag that is known already is a repetition, not a new start. */
export function noteInit(t: Int32Array, e: number, { direction }: SctpPacket, initTag: number): void {
  const peerTag = e + E_SCTP_TAG + 1 - direction
  if (t[peerTag] === initTag && (t[e + E_STATUS] & IPS_CONFIRMED) !== 0) return
  if (hasBothInits(t, e)) t[e + E_SCTP_FLAGS] &= ~(FLAG_INIT << (1 - direction))
  t[e + E_SCTP_FLAGS] |= FLAG_INIT << direction
  t[peerTag] = initTag
}

/**
 * An INIT ACK names its sender's tag, unless the sender's own INIT has named it before.
 * @returns whether the tag may be that; nothing has changed if not
 */
export function noteInitAck(t: Int32Array, e: number, { direction }: SctpPacket, initTag: number): boolean {
  const peerTag = e + E_SCTP_TAG + 1 - direction
  const known = t[peerTag]
  const peerAsked = (t[e + E_SCTP_FLAGS] & (FLAG_INIT << (1 - direction))) !== 0
  if (known !== initTag && (hasBothInits(t, e) || (!peerAsked && known !== 0))) return false
  t[peerTag] = initTag
  return true
}

/** The handshake is over: the next INIT is a new start. */
export function forgetInits(t: Int32Array, e: number): void {
  t[e + E_SCTP_FLAGS] &= ~FLAGS_OF_INITS
}

function hasBothInits(t: Int32Array, e: number): boolean {
  return (t[e + E_SCTP_FLAGS] & FLAGS_OF_INITS) === FLAGS_OF_INITS
}
