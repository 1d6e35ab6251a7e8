import { FRAME_CAPTURED, FRAME_INTS, FRAME_OFFSET, type FrameBatch } from '../capture/frame-batch.ts'
import { decodeBatch } from '../pipeline/decode-batch.ts'
import { PacketBatch } from '../pipeline/packet-batch.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'

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

/** Reads the beginning of a capture into batches of its own: those of the source do not last. */
export async function readAhead(source: PacketSource): Promise<Beginning> {
  const batches: PacketBatch[] = []
  let frames = 0
  let bytes = 0
  while (frames < FRAMES && bytes < BYTES) {
    const batch = await source.next()
    if (batch === null) break
    for (let i = 0; i < batch.count; i++) {
      const captured = batch.info[i * FRAME_INTS + FRAME_CAPTURED]
      if (frames < FRAMES && bytes < BYTES) {
        frames++
        bytes += captured
      }
      keep(batches, batch, i)
    }
  }
  for (const batch of batches) decodeBatch(batch)
  return { batches, frames }
}

/** Adds a frame to the last batch, or to a new one where it does not fit. */
function keep(batches: PacketBatch[], from: FrameBatch, index: number): void {
  const frame = from.info.subarray(index * FRAME_INTS, (index + 1) * FRAME_INTS)
  let batch = batches.at(-1)
  let end = batch === undefined ? 0 : endOf(batch)
  if (batch === undefined || batch.count === batch.capacity || end + frame[FRAME_CAPTURED] > batch.bytes.length) {
    batch = new PacketBatch()
    batches.push(batch)
    end = 0
  }
  const row = batch.count * FRAME_INTS
  batch.bytes.set(from.bytes.subarray(frame[FRAME_OFFSET], frame[FRAME_OFFSET] + frame[FRAME_CAPTURED]), end)
  batch.info.set(frame, row)
  batch.info[row + FRAME_OFFSET] = end
  batch.seconds[batch.count++] = from.seconds[index]
}

/** Behind the last byte of the last frame. */
function endOf({ count, info }: FrameBatch): number {
  const last = (count - 1) * FRAME_INTS
  return info[last + FRAME_OFFSET] + info[last + FRAME_CAPTURED]
}
