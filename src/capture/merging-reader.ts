import {
  FRAME_CAPTURED,
  FRAME_CAPTURED_MAX,
  FRAME_INTS,
  FRAME_NANOSECONDS,
  FRAME_OFFSET,
  FrameBatch,
} from './frame-batch.ts'
import type { CaptureFileInfo, CaptureProblem, FrameReader } from './frame-reader.ts'
import { WaitingCapture } from './waiting-capture.ts'

/** Every capture being merged has a batch of its own; there may be hundreds, so these are small. */
const BATCH_FRAMES = 1024
const BATCH_BYTES = FRAME_CAPTURED_MAX + 65_536

const NO_FRAMES = new FrameBatch(0, 0)

/** A batch as large as those that captures are merged from. */
export function mergedBatch(): FrameBatch {
  return new FrameBatch(BATCH_FRAMES, BATCH_BYTES)
}

/** One of the captures being merged: its batch, and the next frame of it. */
class MergedInput {
  readonly reader: FrameReader
  /** Its place among the captures as named. */
  readonly order: number
  batch = NO_FRAMES
  next = 0
  ended = false
  /** The capture is not opened before the turn of its first frame, whose time is known already (WaitingCapture). */
  waits = false
  /**
   * The latest time so far, which never goes back: so the frames of a capture keep their order even where its clock
   * runs backwards.
   */
  seconds = Number.NEGATIVE_INFINITY
  nanoseconds = 0

  constructor(reader: FrameReader, order: number) {
    this.reader = reader
    this.order = order
    if (!(reader instanceof WaitingCapture)) return
    this.waits = true
    this.seconds = reader.startSeconds
    this.nanoseconds = reader.startNanoseconds
  }

  get mustRead(): boolean {
    return !this.ended && !this.waits && this.next === this.batch.count
  }

  read(): boolean | Promise<boolean> {
    if (this.batch === NO_FRAMES) this.batch = mergedBatch()
    return this.reader.read(this.batch)
  }

  /** @param more whether the batch was filled */
  filled(more: boolean): void {
    this.next = 0
    this.ended = !more
    if (more) this.advanceClock()
    else this.batch = NO_FRAMES
  }

  /** Advances the time to that of the next frame. */
  advanceClock(): void {
    const seconds = this.batch.seconds[this.next]
    const nanoseconds = this.batch.info[this.next * FRAME_INTS + FRAME_NANOSECONDS]
    if (seconds > this.seconds || (seconds === this.seconds && nanoseconds > this.nanoseconds)) {
      this.seconds = seconds
      this.nanoseconds = nanoseconds
    }
  }

  isBefore(other: MergedInput): boolean {
    return this.seconds < other.seconds || (this.seconds === other.seconds && this.nanoseconds < other.nanoseconds)
  }
}

/**
 * Merges several captures by time. Frames of one capture keep their order; of frames with equal times, that of the
 * capture named first comes first.
 */
export class MergingReader implements FrameReader {
  readonly problems: readonly CaptureProblem[]
  readonly #inputs: readonly MergedInput[]

  /** @param readers in the order in which they were named; @param problems the list that all of them write to */
  constructor(readers: readonly FrameReader[], problems: readonly CaptureProblem[]) {
    this.#inputs = readers.map((reader, order) => new MergedInput(reader, order))
    this.problems = problems
  }

  get files(): readonly CaptureFileInfo[] {
    return this.#inputs.flatMap((input) => input.reader.files)
  }

  get bytesRead(): number {
    return this.#inputs.reduce((sum, input) => sum + input.reader.bytesRead, 0)
  }

  get bytesTotal(): number | null {
    let total = 0
    for (const { reader } of this.#inputs) {
      if (reader.bytesTotal === null) return null
      total += reader.bytesTotal
    }
    return total
  }

  read(batch: FrameBatch): boolean | Promise<boolean> {
    batch.count = 0
    for (;;) {
      const input = this.#inputs.find(({ mustRead }) => mustRead)
      if (input !== undefined) {
        const more = input.read()
        if (typeof more !== 'boolean') {
          return more.then((value) => {
            input.filled(value)
            return this.read(batch)
          })
        }
        input.filled(more)
        continue
      }
      const first = this.#earliest(null)
      if (first === null) return false
      if (!first.waits) return this.#merge(batch)
      first.waits = false
    }
  }

  close(): void {
    for (const input of this.#inputs) input.reader.close()
  }

  /** Merges until the batch is full or some input must be read first. */
  #merge(batch: FrameBatch): boolean {
    let used = 0
    for (;;) {
      const first = this.#earliest(null)
      if (first === null || first.waits) return true
      used = this.#takeRun(first, this.#earliest(first), batch, used)
      if (used < 0 || first.next === first.batch.count) return true
    }
  }

  #earliest(besides: MergedInput | null): MergedInput | null {
    let earliest: MergedInput | null = null
    for (const input of this.#inputs) {
      if (input === besides || input.ended) continue
      if (earliest === null || input.isBefore(earliest)) earliest = input
    }
    return earliest
  }

  /**
   * Copies the frames of `input` that come before those of `rival`, after the `used` bytes of the batch. Gives the
   * bytes used then, or -1 when the batch is full.
   */
  #takeRun(input: MergedInput, rival: MergedInput | null, batch: FrameBatch, used: number): number {
    const source = input.batch
    const start = source.info[input.next * FRAME_INTS + FRAME_OFFSET]
    const shift = used - start
    const namedFirst = rival === null || input.order < rival.order
    let end = start
    let full = false
    while (input.next < source.count) {
      if (rival !== null && (namedFirst ? rival.isBefore(input) : !input.isBefore(rival))) break
      const row = input.next * FRAME_INTS
      const frameEnd = source.info[row + FRAME_OFFSET] + source.info[row + FRAME_CAPTURED]
      full = batch.count === batch.capacity || frameEnd + shift > batch.bytes.length
      if (full) break
      const index = batch.count++
      for (let column = 0; column < FRAME_INTS; column++) {
        batch.info[index * FRAME_INTS + column] = source.info[row + column]
      }
      batch.info[index * FRAME_INTS + FRAME_OFFSET] += shift
      batch.seconds[index] = source.seconds[input.next]
      end = frameEnd
      input.next++
      if (input.next < source.count) input.advanceClock()
    }
    batch.bytes.set(source.bytes.subarray(start, end), used)
    return full ? -1 : end + shift
  }
}
