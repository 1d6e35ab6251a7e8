import { FRAME_CAPTURED_MAX } from './frame-batch.ts'

/** What is wrong with a record that claims more bytes than FRAME_CAPTURED_MAX. */
export function recordTooLong(captured: number): string {
  return `a record claims ${captured} bytes, more than the ${FRAME_CAPTURED_MAX} that a frame may have`
}

/** What is wrong with a capture that ends `left` bytes into a record. */
export function endsInsideRecord(left: number, recordHeaderLength: number): string {
  return left < recordHeaderLength
    ? `the capture ends inside a record header, ${left} of ${recordHeaderLength} bytes`
    : `the capture ends inside a record, with ${left - recordHeaderLength} bytes of its frame`
}
