import { FRAME_CAPTURED, FRAME_INTS, FRAME_OFFSET, type FrameBatch } from '../capture/frame-batch.ts'
import { PacketBatch } from '../pipeline/packet-batch.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import { PACKET_INTS } from '../wire/packet-fields.ts'

/**
 * How much of a capture is looked at before the replay, where something must be inferred: so many frames, but not more
 * bytes.
 */
const FRAMES = 4096
const BYTES = 32 << 20

/** The beginning of a capture, kept until the replay starts. */
interface Beginning {
  /** All frames that were read; they are replayed first. */
  readonly batches: readonly PacketBatch[]
  /** How many of them to look at: always the same for a capture, in whatever pieces it is read. */
  readonly frames: number
}

export const NOTHING_READ: Beginning = { batches: [], frames: 0 }

/** Reads the beginning of a capture into separate batches, since those of the source are used again. */
export async function readAhead(source: PacketSource): Promise<Beginning> {
  const batches: PacketBatch[] = []
  let frames = 0
  let bytes = 0
  while (frames < FRAMES && bytes < BYTES) {
    const batch = await source.next()
    if (batch === null) break
    for (let i = 0; i < batch.count && frames < FRAMES && bytes < BYTES; i++) {
      frames++
      bytes += batch.info[i * FRAME_INTS + FRAME_CAPTURED]
    }
    if (batch.count > 0) batches.push(copyOf(batch))
  }
  return { batches, frames }
}

function copyOf(batch: PacketBatch): PacketBatch {
  const { count } = batch
  const end = endOf(batch)
  const copy = new PacketBatch(count, end)
  copy.count = count
  copy.bytes.set(batch.bytes.subarray(0, end))
  copy.info.set(batch.info.subarray(0, count * FRAME_INTS))
  copy.seconds.set(batch.seconds.subarray(0, count))
  copy.rows.set(batch.rows.subarray(0, count * PACKET_INTS))
  return copy
}

/** Offset after the last byte of the last frame. */
function endOf({ count, info }: FrameBatch): number {
  let end = 0
  for (let row = 0; row < count * FRAME_INTS; row += FRAME_INTS) {
    end = Math.max(end, info[row + FRAME_OFFSET] + info[row + FRAME_CAPTURED])
  }
  return end
}
