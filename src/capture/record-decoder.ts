import type { FrameBatch } from './frame-batch.ts'
import type { CaptureProblem } from './frame-reader.ts'

/** One capture format: finds the records in a run of bytes and describes their frames. */
export interface RecordDecoder {
  /** What the file is, for people: "pcap, microseconds, little-endian". */
  readonly description: string
  /** True when nothing after the last consumed byte can be read any more. */
  readonly ended: boolean
  /**
   * Describes the whole records in batch.bytes[from, end) as frames of `batch`, until the batch is full or the next
   * record is not there completely. Gives the position after what was consumed; beyond `end` when bytes that are
   * still to come are to be skipped. Needs never more than batch.bytes.length bytes at once.
   *
   * @param base offset in the capture of batch.bytes[0]
   */
  scan(batch: FrameBatch, from: number, end: number, base: number): number
  /** The capture ends with `left` bytes of a record, or `missing` bytes before the end of a skipped one. */
  finish(offset: number, left: number, missing: number): void
}

/** Records damage: where it starts, how many frames came before, what it is, and whether reading ends there. */
export interface DamageLog {
  add(byteOffset: number, afterFrame: number, message: string, fatal: boolean): CaptureProblem
}
