import { FRAME_CAPTURED_MAX } from './frame-batch.ts'

/** Block types (draft-ietf-opsawg-pcapng, section 11.1) whose contents matter here. */
export const BLOCK_SECTION = 0x0a0d0d0a
export const BLOCK_INTERFACE = 1
export const BLOCK_PACKET_OBSOLETE = 2
export const BLOCK_SIMPLE_PACKET = 3
export const BLOCK_ENHANCED_PACKET = 6

/**
 * Blocks without a packet that have a frame number in Wireshark all the same (observed with tshark 4.0): journal
 * entries, system call events of three versions, custom blocks.
 */
const NUMBERED_BLOCKS: readonly number[] = [0x9, 0x204, 0x216, 0x221, 0xbad, 0x40000bad]

/** Type, length, and the length once more. */
export const BLOCK_LENGTH_MIN = 12
export const SECTION_LENGTH_MIN = 28
export const INTERFACE_LENGTH_MIN = 20
/** Bytes before the frame in an enhanced or obsolete packet block. */
export const PACKET_HEADER_LENGTH = 28
/** Bytes before the frame in a simple packet block. */
export const SIMPLE_HEADER_LENGTH = 12

const BYTE_ORDER_MAGIC = 0x1a2b3c4d
/** Name resolution and interface statistics: known only to recognise a block after damage. */
const BLOCK_NAME_RESOLUTION = 4
const BLOCK_INTERFACE_STATISTICS = 5
/** Longer blocks are not believed when a damaged capture is searched for the next block. */
const SEARCHED_LENGTH_MAX = FRAME_CAPTURED_MAX + 4096

export function isPacketBlock(type: number): boolean {
  return type === BLOCK_ENHANCED_PACKET || type === BLOCK_SIMPLE_PACKET || type === BLOCK_PACKET_OBSOLETE
}

/** True for a block that takes a frame number without being a packet. */
export function isNumberedBlock(type: number): boolean {
  return NUMBERED_BLOCKS.includes(type)
}

/** True when the bytes begin as a pcapng capture does. */
export function isPcapng(head: Uint8Array): boolean {
  if (head.length < BLOCK_LENGTH_MIN) return false
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  return view.getUint32(0) === BLOCK_SECTION && sectionByteOrder(view, 0) !== null
}

/** Byte order of the section whose header starts at `from`: true little, false big, null neither. */
export function sectionByteOrder(view: DataView, from: number): boolean | null {
  if (view.getUint32(from + 8, true) === BYTE_ORDER_MAGIC) return true
  return view.getUint32(from + 8, false) === BYTE_ORDER_MAGIC ? false : null
}

/**
 * Looks through damaged bytes, four at a time (blocks are aligned), for a block of a known type whose two lengths
 * agree. Not found: `at` is where to go on when there is more to look at.
 */
export function findBlock(
  view: DataView,
  from: number,
  end: number,
  littleEndian: boolean,
  interfaces: number,
): { at: number; found: boolean } {
  let at = from
  for (; end - at >= PACKET_HEADER_LENGTH; at += 4) {
    const type = view.getUint32(at, littleEndian)
    const order = type === BLOCK_SECTION ? sectionByteOrder(view, at) : littleEndian
    if (order === null) continue
    const length = view.getUint32(at + 4, order)
    if (length < BLOCK_LENGTH_MIN || length > SEARCHED_LENGTH_MAX || (length & 3) !== 0) continue
    if (!plausibleBlock(view, type, at, length, order, interfaces)) continue
    if (length > end - at) return { at, found: false }
    if (view.getUint32(at + length - 4, order) === length) return { at, found: true }
  }
  return { at, found: false }
}

function plausibleBlock(
  view: DataView,
  type: number,
  at: number,
  length: number,
  littleEndian: boolean,
  interfaces: number,
): boolean {
  switch (type) {
    case BLOCK_ENHANCED_PACKET:
      return (
        view.getUint32(at + 8, littleEndian) < interfaces &&
        view.getUint32(at + 20, littleEndian) <= length - PACKET_HEADER_LENGTH - 4
      )
    case BLOCK_PACKET_OBSOLETE:
      return (
        view.getUint16(at + 8, littleEndian) < interfaces &&
        view.getUint32(at + 20, littleEndian) <= length - PACKET_HEADER_LENGTH - 4
      )
    case BLOCK_SIMPLE_PACKET:
      return interfaces > 0 && view.getUint32(at + 8, littleEndian) + SIMPLE_HEADER_LENGTH + 4 >= length - 3
    case BLOCK_SECTION:
      return length >= SECTION_LENGTH_MIN
    case BLOCK_INTERFACE:
      return length >= INTERFACE_LENGTH_MIN && view.getUint16(at + 10, littleEndian) === 0
    default:
      return type === BLOCK_NAME_RESOLUTION || type === BLOCK_INTERFACE_STATISTICS
  }
}
