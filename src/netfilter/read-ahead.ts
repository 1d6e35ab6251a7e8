import { FRAME_CAPTURED, FRAME_INTS, FRAME_OFFSET, type FrameBatch } from '../capture/frame-batch.ts'
import { PacketBatch } from '../pipeline/packet-batch.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import { PACKET_INTS } from '../wire/packet-fields.ts'

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

/** Behind the last byte of the last frame. */
function endOf({ count, info }: FrameBatch): number {
  let end = 0
  for (let row = 0; row < count * FRAME_INTS; row += FRAME_INTS) {
    end = Math.max(end, info[row + FRAME_OFFSET] + info[row + FRAME_CAPTURED])
  }
  return end
}
