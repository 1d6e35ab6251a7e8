import { FRAME_INTS } from '../../capture/frame-batch.ts'
import { addUp } from '../../capture/frame-totals.ts'
import { PacketBatch } from '../../pipeline/packet-batch.ts'
import { P_FAMILY, PACKET_INTS } from '../../wire/packet-fields.ts'
import type { Machine } from '../machine.ts'
import type { Outcome, Sink } from '../outcome.ts'

/**
 * Replays a batch on a machine that started again, for sinks which have the first `said` frames of the capture already.
 */
export function replayAnew(
  said: number,
  batch: PacketBatch,
  machine: Machine,
  outcome: Outcome,
  sinks: readonly Sink[],
  familyFrames: Float64Array,
): void {
  const known = Math.min(Math.max(said - machine.frames, 0), batch.count)
  if (known < batch.count) {
    const rest = known === 0 ? batch : framesFrom(batch, known)
    for (const sink of sinks) sink.frames?.(rest)
  }
  for (let i = 0; i < batch.count; i++) {
    machine.approach(batch, i, i + 1)
    machine.process(batch, i, outcome)
    if (i < known) continue
    familyFrames[outcome.fields[outcome.base + P_FAMILY]]++
    for (const sink of sinks) sink.packet(outcome)
  }
}

/** The frames of a batch from number `from` on. */
function framesFrom({ capacity, bytes, info, seconds, rows, count }: PacketBatch, from: number): PacketBatch {
  const rest = new PacketBatch(capacity - from, bytes.length, {
    bytes,
    info: info.subarray(from * FRAME_INTS),
    seconds: seconds.subarray(from),
    rows: rows.subarray(from * PACKET_INTS),
  })
  rest.count = count - from
  addUp(rest, rest.totals)
  return rest
}
