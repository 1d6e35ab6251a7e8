import type { FrameBatch } from '../../src/capture/frame-batch.ts'
import type { FrameReader } from '../../src/capture/frame-reader.ts'
import type { Sink } from '../../src/netfilter/outcome.ts'
import { type ReplayOptions, type ReplaySummary, replay } from '../../src/netfilter/replay.ts'
import { addFrame, type FrameSettings, outcomeText } from './replaying.ts'

export interface TestFrame extends FrameSettings {
  bytes: Uint8Array
}

/** Gives frames in batches of the given sizes, over and over; every third comes by promise, as from a pipe. */
export class FramesReader implements FrameReader {
  readonly problems = []
  readonly files = []
  readonly bytesTotal = null
  readonly bytesRead = 0
  readonly #frames: readonly TestFrame[]
  readonly #sizes: readonly number[]
  #next = 0
  #turn = 0

  constructor(frames: readonly TestFrame[], sizes: readonly number[] = [2048]) {
    this.#frames = frames
    this.#sizes = sizes
  }

  read(batch: FrameBatch): boolean | Promise<boolean> {
    const size = Math.min(this.#sizes[this.#turn % this.#sizes.length], batch.capacity)
    batch.count = 0
    // Whoever still looks at the last batch shall see that it is gone.
    batch.bytes.fill(0xee, 0, 4096)
    for (const frame of this.#frames.slice(this.#next, this.#next + size)) addFrame(batch, frame.bytes, frame)
    this.#next += size
    const more = batch.count > 0
    return this.#turn++ % 3 === 2 ? Promise.resolve(more) : more
  }

  close(): void {}
}

export const OPTIONS: ReplayOptions = {
  local: [],
  interfaces: [],
  sysctls: new Map(),
  checksum: 'auto',
  assume: new Map(),
}

/** A replay of frames a millisecond apart, and what it says of each. */
export async function replayed(
  frames: readonly (Uint8Array | TestFrame)[],
  options: Partial<ReplayOptions> = {},
  sizes?: readonly number[],
): Promise<{ said: string[]; summary: ReplaySummary }> {
  const said: string[] = []
  const timed = frames.map((one, index) => ({
    time: index / 1000,
    ...(one instanceof Uint8Array ? { bytes: one } : one),
  }))
  const sink: Sink = { packet: (outcome) => void said.push(outcomeText(outcome)) }
  const summary = await replay(new FramesReader(timed, sizes), { ...OPTIONS, ...options }, [sink])
  return { said, summary }
}
