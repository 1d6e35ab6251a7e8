import { FRAMES } from '../../pipeline/packet-batch.ts'
import { CONTEXT_INTS, RECORD_INTS_MAX } from './record-layout.ts'

const BLOCK_INTS = 1 << 13
/** Where there are more threads than processors, one goes on for milliseconds before it is another's turn: so much must fit. */
const BLOCKS = 128
/** A batch of the longest records: whoever begins one when so many are free need not wait within it. */
const FREE_FOR_BATCH = Math.ceil((FRAMES * (RECORD_INTS_MAX + CONTEXT_INTS)) / (BLOCK_INTS - RECORD_INTS_MAX)) + 1
/** Whoever found less goes on when there are so many: to take turns for each block would cost both threads dearly. */
const FREE_TO_GO_ON = (BLOCKS / 8) * 5
/** The thread that reads, having nothing, is woken for so many. */
const AT_ONCE = 12

const CACHE_LINE_INTS = 16
/** Places in the control words; those that different threads write to are a cache line apart. They count blocks ever filled and freed. */
const FILLED = 0
const ENDED = 1
const FREED = CACHE_LINE_INTS
const STATE = FREED + 1
/** By block: integers in it. Negative (as their complement) where the outputs shall write all that they have. */
const LENGTHS = 2 * CACHE_LINE_INTS
const CONTROL_INTS = LENGTHS + BLOCKS

/** What the thread that reads has come to, 0 while it goes on: nobody reads the outputs any more, … */
export const STATE_UNREAD = 1
/** … or one cannot be written, and records are no longer taken. */
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
  /** All blocks, one behind the other, in integers and in doubles. */
  readonly ints: Int32Array
  readonly doubles: Float64Array
  readonly #control: Int32Array

  constructor(memory: RecordMemory = allocate()) {
    this.memory = memory
    this.#control = new Int32Array(memory.control)
    this.ints = new Int32Array(memory.records)
    this.doubles = new Float64Array(memory.records)
  }

  /** The replay's side: waits, but no longer than that, until a whole batch can be filled in. */
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

  /** The replay's side: where the next block begins. Blocks the thread until it is free, or will never be. */
  blockToFill(): number {
    const control = this.#control
    for (;;) {
      const freed = Atomics.load(control, FREED)
      if (free(control[FILLED], freed) > 0 || this.state === STATE_FAILED)
        return (control[FILLED] % BLOCKS) * BLOCK_INTS
      Atomics.wait(control, FREED, freed)
    }
  }

  /** Where the block ends that begins here. */
  endOf(block: number): number {
    return block + BLOCK_INTS
  }

  /** The replay's side: hands over the block. @param goesOut whether all shall be written that there is */
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

  /** The outputs' side: where the oldest block begins, -1 where there are no more. Blocks the thread until there is one. */
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

  /** The outputs' side, of the block taken: integers in it, and whether all shall be written that there is. */
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

/** Counts go round at a multiple of the blocks, so that they never become negative. */
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
