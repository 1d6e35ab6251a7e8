import { FRAMES } from '../../pipeline/packet-batch.ts'
import { CACHE_LINE_INTS } from '../../wire/cache-line.ts'
import { CONTEXT_INTS, RECORD_INTS_MAX } from './record-layout.ts'

const BLOCK_INTS = 1 << 13
/**
 * Blocks for several milliseconds of work: where there are more threads than processors, each runs that long before the
 * next one's turn.
 */
const BLOCKS = 128
/** Blocks for a batch of the longest records: with so many free ones a batch can be written without waiting. */
const FREE_FOR_BATCH = Math.ceil((FRAMES * (RECORD_INTS_MAX + CONTEXT_INTS)) / (BLOCK_INTS - RECORD_INTS_MAX)) + 1
/**
 * A writer that found fewer continues when so many are free: to be woken for each block would slow down both threads.
 */
const FREE_TO_GO_ON = (BLOCKS / 8) * 5
/** The reader, having nothing to do, is woken for so many blocks. */
const AT_ONCE = 12

/**
 * Positions of the control words; words that different threads write are a cache line apart. They count blocks ever
 * filled and freed.
 */
const FILLED = 0
const ENDED = 1
const FREED = CACHE_LINE_INTS
const STATE = FREED + 1
/**
 * By block: integers in it. The bitwise complement (negative) means that the outputs are to write everything they have.
 */
const LENGTHS = 2 * CACHE_LINE_INTS
const CONTROL_INTS = LENGTHS + BLOCKS

/** State of the reading thread, 0 while it works. The readers of all outputs have gone away. */
export const STATE_UNREAD = 1
/** An output cannot be written, and records are no longer read. */
export const STATE_FAILED = 2

export interface RecordMemory {
  readonly control: SharedArrayBuffer
  readonly records: SharedArrayBuffer
}

/**
 * A ring of blocks of records between the thread that replays (it fills blocks) and the one that writes the outputs (it
 * takes them, in the same order, and frees them). Each thread has a RecordRing of its own over the same memory.
 */
export class RecordRing {
  readonly memory: RecordMemory
  /** All blocks, one after the other, as integers and as doubles. */
  readonly ints: Int32Array
  readonly doubles: Float64Array
  readonly #control: Int32Array

  constructor(memory: RecordMemory = allocate()) {
    this.memory = memory
    this.#control = new Int32Array(memory.control)
    this.ints = new Int32Array(memory.records)
    this.doubles = new Float64Array(memory.records)
  }

  /** The replay's side: waits at most so many milliseconds until there is room for a whole batch. */
  waitForRoom(milliseconds: number): boolean {
    const control = this.#control
    const freed = Atomics.load(control, FREED)
    if (free(control[FILLED], freed) >= FREE_TO_GO_ON) return true
    Atomics.wait(control, FREED, freed, milliseconds)
    return free(control[FILLED], Atomics.load(control, FREED)) >= FREE_TO_GO_ON
  }

  get hasRoom(): boolean {
    return free(this.#control[FILLED], Atomics.load(this.#control, FREED)) >= FREE_FOR_BATCH
  }

  /** The replay's side: where the next block begins. Blocks the thread until that block is free, or never will be. */
  blockToFill(): number {
    const control = this.#control
    for (;;) {
      const freed = Atomics.load(control, FREED)
      if (free(control[FILLED], freed) > 0 || this.state === STATE_FAILED)
        return (control[FILLED] % BLOCKS) * BLOCK_INTS
      Atomics.wait(control, FREED, freed)
    }
  }

  /** End of the block that begins here. */
  endOf(block: number): number {
    return block + BLOCK_INTS
  }

  /** The replay's side: hands over the block. @param goesOut whether the outputs are to write everything they have */
  publish(length: number, goesOut: boolean): void {
    const control = this.#control
    const block = control[FILLED]
    const filled = next(block)
    control[LENGTHS + (block % BLOCKS)] = goesOut ? ~length : length
    Atomics.store(control, FILLED, filled)
    if (goesOut || BLOCKS - free(filled, Atomics.load(control, FREED)) === AT_ONCE) Atomics.notify(control, FILLED)
  }

  /** The replay's side: no block will follow. */
  end(): void {
    Atomics.store(this.#control, ENDED, 1)
    Atomics.notify(this.#control, FILLED)
  }

  get state(): number {
    return Atomics.load(this.#control, STATE)
  }

  set state(state: number) {
    Atomics.store(this.#control, STATE, state)
    Atomics.notify(this.#control, FREED)
  }

  /**
   * The outputs' side: start of the oldest filled block, -1 when there will be no more. Blocks the thread until there
   * is one.
   */
  take(): number {
    const control = this.#control
    for (;;) {
      const hasEnded = Atomics.load(control, ENDED) === 1
      const filled = Atomics.load(control, FILLED)
      if (filled !== control[FREED]) return (control[FREED] % BLOCKS) * BLOCK_INTS
      if (hasEnded) return -1
      Atomics.wait(control, FILLED, filled)
    }
  }

  /** The outputs' side: integers in the block taken, and whether everything is to be written after it. */
  get length(): number {
    const length = this.#control[LENGTHS + (this.#control[FREED] % BLOCKS)]
    return length < 0 ? ~length : length
  }

  get goesOut(): boolean {
    return this.#control[LENGTHS + (this.#control[FREED] % BLOCKS)] < 0
  }

  /** The outputs' side: gives the block back that was taken. */
  free(): void {
    const control = this.#control
    const freed = next(control[FREED])
    Atomics.store(control, FREED, freed)
    if (free(Atomics.load(control, FILLED), freed) === FREE_TO_GO_ON) Atomics.notify(control, FREED)
  }
}

/** Counts wrap at a multiple of BLOCKS, so that they never become negative. */
const ROUND = 1 << 30

function next(count: number): number {
  return (count + 1) % ROUND
}

function free(filled: number, freed: number): number {
  return BLOCKS - ((filled - freed + ROUND) % ROUND)
}

function allocate(): RecordMemory {
  return {
    control: new SharedArrayBuffer(CONTROL_INTS * Int32Array.BYTES_PER_ELEMENT),
    records: new SharedArrayBuffer(BLOCKS * BLOCK_INTS * Int32Array.BYTES_PER_ELEMENT),
  }
}
