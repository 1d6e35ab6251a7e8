import {
  FRAME_FLAG_NO_TIME,
  FRAME_FLAGS,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_WIRE_LENGTH,
  type FrameBatch,
} from './frame-batch.ts'

/** Numbers in a row of totals: what the frames of a batch amount to. */
export const TOTALS = 6
/** Bytes on the wire. */
export const TOTAL_BYTES = 0
/** The earliest and the latest time: seconds since the epoch, then nanoseconds. Infinite where no frame has a time. */
export const TOTAL_FIRST_SECONDS = 1
export const TOTAL_FIRST_NANOSECONDS = 2
export const TOTAL_LAST_SECONDS = 3
export const TOTAL_LAST_NANOSECONDS = 4
/** The link type of all frames, or NO_COMMON_LINK_TYPE. */
export const TOTAL_LINK_TYPE = 5

/** Frames of several link types, or none at all. */
export const NO_COMMON_LINK_TYPE = Number.NEGATIVE_INFINITY

/** Fills in the totals of a batch. */
export function addUp({ info, seconds, count }: FrameBatch, totals: Float64Array): void {
  let bytes = 0
  let firstSeconds = Number.POSITIVE_INFINITY
  let firstNanoseconds = 0
  let lastSeconds = Number.NEGATIVE_INFINITY
  let lastNanoseconds = 0
  let linkType = count > 0 ? info[FRAME_LINK_TYPE] : NO_COMMON_LINK_TYPE
  for (let i = 0, row = 0; i < count; i++, row += FRAME_INTS) {
    bytes += info[row + FRAME_WIRE_LENGTH]
    if (info[row + FRAME_LINK_TYPE] !== linkType) linkType = NO_COMMON_LINK_TYPE
    if ((info[row + FRAME_FLAGS] & FRAME_FLAG_NO_TIME) !== 0) continue
    const second = seconds[i]
    const nanoseconds = info[row + FRAME_NANOSECONDS]
    if (second > lastSeconds || (second === lastSeconds && nanoseconds > lastNanoseconds)) {
      lastSeconds = second
      lastNanoseconds = nanoseconds
    }
    if (second < firstSeconds || (second === firstSeconds && nanoseconds < firstNanoseconds)) {
      firstSeconds = second
      firstNanoseconds = nanoseconds
    }
  }
  totals[TOTAL_BYTES] = bytes
  totals[TOTAL_FIRST_SECONDS] = firstSeconds
  totals[TOTAL_FIRST_NANOSECONDS] = firstNanoseconds
  totals[TOTAL_LAST_SECONDS] = lastSeconds
  totals[TOTAL_LAST_NANOSECONDS] = lastNanoseconds
  totals[TOTAL_LINK_TYPE] = linkType
}
