import { type CaptureClock, captureClock } from './capture-clock.ts'
import { FRAME_FLAG_INBOUND, FRAME_FLAG_OUTBOUND } from './frame-batch.ts'

const OPTION_END = 0
/** epb_flags and pack_flags share code and form; the low two bits tell the direction. */
const OPTION_PACKET_FLAGS = 2
const DIRECTION_MASK = 3
const DIRECTION_INBOUND = 1
const DIRECTION_OUTBOUND = 2
const OPTION_TSRESOL = 9
const OPTION_TSOFFSET = 14

/** One capturing interface of a pcapng section. */
export interface CaptureInterface {
  linkType: number
  /** 0: no limit. */
  snapLength: number
  /** if_tsresol; null for none. */
  resolution: number | null
  offsetSeconds: number
  /** Made from both. */
  clock: CaptureClock
}

/**
 * Told of an option at view[at] that claims more bytes than its block has left. The options after it cannot be found.
 */
export type OptionTooLong = (at: number, code: number, length: number) => void

/**
 * Reads an Interface Description Block's body, `from` after the block's length field, `end` before the trailing one.
 */
export function parseInterface(
  view: DataView,
  from: number,
  end: number,
  littleEndian: boolean,
  tooLong: OptionTooLong,
): CaptureInterface {
  let resolution: number | null = null
  let offsetSeconds = 0
  let at = from + 8
  while (at + 4 <= end) {
    const code = view.getUint16(at, littleEndian)
    const length = view.getUint16(at + 2, littleEndian)
    if (code === OPTION_END) break
    if (at + 4 + length > end) {
      tooLong(at, code, length)
      break
    }
    at += 4
    if (code === OPTION_TSRESOL && length >= 1) resolution = view.getUint8(at)
    if (code === OPTION_TSOFFSET && length >= 8) offsetSeconds = Number(view.getBigInt64(at, littleEndian))
    at += (length + 3) & ~3
  }
  return {
    linkType: view.getUint16(from, littleEndian),
    snapLength: view.getUint32(from + 4, littleEndian),
    resolution,
    offsetSeconds,
    clock: captureClock(resolution, offsetSeconds),
  }
}

/** FRAME_FLAG_INBOUND, FRAME_FLAG_OUTBOUND or 0, from the options of a packet block in view[at, end). */
export function directionFlags(
  view: DataView,
  at: number,
  end: number,
  littleEndian: boolean,
  tooLong: OptionTooLong,
): number {
  while (at + 4 <= end) {
    const code = view.getUint16(at, littleEndian)
    const length = view.getUint16(at + 2, littleEndian)
    if (code === OPTION_END) return 0
    if (at + 4 + length > end) {
      tooLong(at, code, length)
      return 0
    }
    if (code === OPTION_PACKET_FLAGS && length === 4) {
      const direction = view.getUint32(at + 4, littleEndian) & DIRECTION_MASK
      if (direction === DIRECTION_INBOUND) return FRAME_FLAG_INBOUND
      return direction === DIRECTION_OUTBOUND ? FRAME_FLAG_OUTBOUND : 0
    }
    at += 4 + ((length + 3) & ~3)
  }
  return 0
}
