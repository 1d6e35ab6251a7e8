import { FRAME_CAPTURED_MAX, FRAME_INTS, type FrameArrays, FrameBatch } from '../capture/frame-batch.ts'
import { TOTALS } from '../capture/frame-totals.ts'
import { PACKET_INTS } from '../wire/packet-fields.ts'

/** The arrays of a batch of packets that another thread shares. */
interface PacketArrays extends FrameArrays {
  readonly rows: Int32Array
  readonly totals?: Float64Array
}

/** Frames together with their header fields: what the machine takes. */
export class PacketBatch extends FrameBatch {
  /** PACKET_INTS integers for each frame: those of frame i begin at i * PACKET_INTS. */
  readonly rows: Int32Array
  /** What the frames amount to (frame-totals.ts). */
  readonly totals: Float64Array

  constructor(capacity?: number, byteLength?: number, arrays: PacketArrays | null = null) {
    super(capacity, byteLength, arrays)
    this.rows = arrays?.rows ?? new Int32Array(this.capacity * PACKET_INTS)
    this.totals = arrays?.totals ?? new Float64Array(TOTALS)
  }
}

/** Frames of a batch in memory that threads share. */
export const FRAMES = 2048
const BYTES = 2 * FRAME_CAPTURED_MAX

/** As much as a row: rows keep beginning at multiples of their length, so that each lies in two lines of the cache. */
const TOTALS_BYTES = PACKET_INTS * Int32Array.BYTES_PER_ELEMENT
const SECONDS_BYTES = FRAMES * Float64Array.BYTES_PER_ELEMENT
const INFO_BYTES = FRAMES * FRAME_INTS * Int32Array.BYTES_PER_ELEMENT
const ROWS_BYTES = FRAMES * PACKET_INTS * Int32Array.BYTES_PER_ELEMENT
/** Memory that such a batch takes. */
export const BATCH_BYTES = TOTALS_BYTES + SECONDS_BYTES + INFO_BYTES + ROWS_BYTES + BYTES

/** The batch at byte `at` of the memory. */
export function batchIn(memory: SharedArrayBuffer, at: number): PacketBatch {
  const seconds = at + TOTALS_BYTES
  const info = seconds + SECONDS_BYTES
  const rows = info + INFO_BYTES
  return new PacketBatch(FRAMES, BYTES, {
    totals: new Float64Array(memory, at, TOTALS),
    seconds: new Float64Array(memory, seconds, FRAMES),
    info: new Int32Array(memory, info, FRAMES * FRAME_INTS),
    rows: new Int32Array(memory, rows, FRAMES * PACKET_INTS),
    bytes: new Uint8Array(memory, rows + ROWS_BYTES, BYTES),
  })
}
