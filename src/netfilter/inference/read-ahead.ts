import { FRAME_CAPTURED, FRAME_INTS, FRAME_OFFSET, type FrameBatch } from '../../capture/frame-batch.ts'
import { PacketBatch } from '../../pipeline/packet-batch.ts'
import type { PacketSource } from '../../pipeline/packet-source.ts'
import { PACKET_INTS } from '../../wire/packet-fields.ts'
import type { FirstFrames } from './first-frames.ts'

/**
 * How much of a capture is looked at before the replay, where something must be inferred: so many frames, but not more
 * bytes.
 */
const FRAMES = 4096
const BYTES = 32 << 20

/**
 * Reads the beginning of a capture and has `seen` look at each part of it while the next one is being read: always at
 * the same frames of a capture, in whatever pieces it comes.
 * @returns all frames that were read, which are to be replayed first, in separate batches, since those of the source
 * are used again
 */
export async function readAhead(source: PacketSource, seen: FirstFrames): Promise<readonly PacketBatch[]> {
  const batches: PacketBatch[] = []
  let frames = 0
  let bytes = 0
  while (frames < FRAMES && bytes < BYTES) {
    const batch = await source.next()
    if (batch === null) break
    let count = 0
    for (; count < batch.count && frames < FRAMES && bytes < BYTES; count++) {
      frames++
      bytes += batch.info[count * FRAME_INTS + FRAME_CAPTURED]
    }
    if (batch.count === 0) continue
    const kept = copyOf(batch)
    batches.push(kept)
    seen.look(kept, count)
  }
  return batches
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
  copy.totals.set(batch.totals)
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
