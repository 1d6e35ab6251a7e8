import type { FrameBatch } from './frame-batch.ts'

/** Damage in a capture: what was wrong, where, and what that meant for the frames after it. */
export interface CaptureProblem {
  file: string
  /** Byte offset in the capture (after decompression) where the damage starts. */
  byteOffset: number
  /** Number of the last whole frame before the damage, counted in this file from 1; 0 when there was none. */
  afterFrame: number
  /** What is wrong, with the numbers, as a sentence without a full stop. */
  message: string
  /** True when reading this file ended here; false when the reader could go on after it. */
  fatal: boolean
}

/** The problem of a capture that cannot be opened. */
export function unreadable(file: string, message: string): CaptureProblem {
  return { file, byteOffset: 0, afterFrame: 0, message, fatal: true }
}

/** A stream of frames from one or several captures. */
export interface FrameReader {
  /** Fills `batch` anew. Resolves to false, with an empty batch, when there is nothing more. */
  read(batch: FrameBatch): boolean | Promise<boolean>
  /** Damage met so far, in the order it was met. */
  readonly problems: readonly CaptureProblem[]
  /** Bytes read from disk so far (compressed bytes, where compressed). */
  readonly bytesRead: number
  /** Bytes to be read in all, or null when unknown (pipes). */
  readonly bytesTotal: number | null
  /** What the files are, for the report: known once the first batch was read. */
  readonly files: readonly CaptureFileInfo[]
  close(): void
}

export interface CaptureFileInfo {
  path: string
  /** For example "pcap, microseconds, little-endian" or "pcapng"; "gzip" or "zstd" are named where they wrap it. */
  format: string
  frames: number
}

/** A capture that cannot be read at all: no such file, not a capture. The message says what to do next. */
export class CaptureError extends Error {
  override name = 'CaptureError'
}
