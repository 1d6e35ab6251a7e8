import { FRAME_CAPTURED, FRAME_INTS, FRAME_OFFSET, type FrameBatch } from '../capture/frame-batch.ts'
import type { FrameReader } from '../capture/frame-reader.ts'
import { decodeBatch } from '../pipeline/decode-batch.ts'
import { PacketBatch } from '../pipeline/packet-batch.ts'

/** What is looked at before a replay starts, where something must be inferred: so many frames, but not more bytes. */
const FRAMES = 4096
const BYTES = 4 << 20

/** The beginning of a capture, kept until something was learned from it. */
export interface Beginning {
  /** All frames that were read, to be replayed first. */
  readonly batches: readonly PacketBatch[]
  /** How many of them to learn from: always the same for a capture, however it comes in pieces. */
  readonly frames: number
}

export const NOTHING_READ: Beginning = { batches: [], frames: 0 }

/** Reads the beginning of a capture. Small batches, as a pipe gives them, are put together. */
export async function readAhead(reader: FrameReader): Promise<Beginning> {
  const batches: PacketBatch[] = []
  let frames = 0
  let bytes = 0
  let spare = new PacketBatch()
  while (frames < FRAMES && bytes < BYTES && (await reader.read(spare))) {
    for (let i = 0; i < spare.count && frames < FRAMES && bytes < BYTES; i++) {
      frames++
      bytes += spare.info[i * FRAME_INTS + FRAME_CAPTURED]
    }
    const last = batches.at(-1)
    if (last === undefined || !append(last, spare)) {
      batches.push(spare)
      spare = new PacketBatch()
    }
  }
  for (const batch of batches) decodeBatch(batch)
  return { batches, frames }
}

/** Adds the frames of one batch to another; false, and nothing done, where they do not fit. */
function append(batch: FrameBatch, more: FrameBatch): boolean {
  let end = endOf(batch)
  if (batch.count + more.count > batch.capacity || end + endOf(more) > batch.bytes.length) return false
  for (let i = 0; i < more.count; i++) {
    const from = more.info.subarray(i * FRAME_INTS, (i + 1) * FRAME_INTS)
    const row = batch.count * FRAME_INTS
    batch.bytes.set(more.bytes.subarray(from[FRAME_OFFSET], from[FRAME_OFFSET] + from[FRAME_CAPTURED]), end)
    batch.info.set(from, row)
    batch.info[row + FRAME_OFFSET] = end
    batch.seconds[batch.count++] = more.seconds[i]
    end += from[FRAME_CAPTURED]
  }
  return true
}

/** Behind the last byte that a frame of the batch lies in. */
function endOf(batch: FrameBatch): number {
  let end = 0
  for (let row = 0; row < batch.count * FRAME_INTS; row += FRAME_INTS) {
    end = Math.max(end, batch.info[row + FRAME_OFFSET] + batch.info[row + FRAME_CAPTURED])
  }
  return end
}
