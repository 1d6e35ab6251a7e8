import { type FrameArrays, FrameBatch } from '../capture/frame-batch.ts'
import { PACKET_INTS } from '../wire/packet-fields.ts'

/** Where a batch of packets lies, when another thread is to see it. */
export interface PacketArrays extends FrameArrays {
  readonly rows: Int32Array
}

/** Frames together with their header fields, in which form they go to the machine. */
export class PacketBatch extends FrameBatch {
  /** PACKET_INTS integers for each frame: those of frame i begin at i * PACKET_INTS. */
  readonly rows: Int32Array

  constructor(capacity?: number, byteLength?: number, arrays: PacketArrays | null = null) {
    super(capacity, byteLength, arrays)
    this.rows = arrays?.rows ?? new Int32Array(this.capacity * PACKET_INTS)
  }
}
