import { FRAMES } from '../../pipeline/packet-batch.ts'
import { SLOTS } from '../../pipeline/slot-ring.ts'
import { CACHE_LINE_INTS } from '../../wire/cache-line.ts'
import { ANSWER_NUMBERS } from './answer-rows.ts'

/** Longest wait before a waiting thread checks again. */
const WAIT_MILLISECONDS = 100
const PRESSURE_MAX = 0x7fffffff

/** Positions of the control words; words that different threads write are a cache line apart. */
const TURNS = 0
const DELIVERED = CACHE_LINE_INTS
const STOPPED = DELIVERED + 1
/**
 * Separate cache lines for each shard: batches done; and from DOUBTS and PRESSURE on, its result for each batch that
 * the ring holds.
 */
const SHARDS = 2 * CACHE_LINE_INTS
const DONE = 0
const DOUBTS = 1
const PRESSURE = DOUBTS + SLOTS
const SHARD_INTS = Math.ceil((PRESSURE + SLOTS) / CACHE_LINE_INTS) * CACHE_LINE_INTS

export interface AnswerMemory {
  readonly control: SharedArrayBuffer
  readonly rows: SharedArrayBuffer
}

/**
 * The answers of several shards to the last batches: each shard fills in its rows of a batch, and one thread takes the
 * batch when all are done with it. Each thread has an AnswerRing of its own over the same memory.
 */
export class AnswerRing {
  readonly memory: AnswerMemory
  readonly #control: Int32Array
  readonly #rows: readonly Float64Array[]

  constructor(shards: number, memory: AnswerMemory = allocate(shards)) {
    this.memory = memory
    this.#control = new Int32Array(memory.control)
    const numbers = FRAMES * ANSWER_NUMBERS
    const bytes = numbers * Float64Array.BYTES_PER_ELEMENT
    this.#rows = Array.from({ length: SLOTS }, (_, slot) => new Float64Array(memory.rows, slot * bytes, numbers))
  }

  /** The rows of batch number `batch`, from 0: ANSWER_NUMBERS numbers for each. */
  rows(batch: number): Float64Array {
    return this.#rows[batch % SLOTS]
  }

  /**
   * A shard's side: blocks until the rows of this batch may be written. False when the answers are no longer wanted.
   */
  waitForRoom(batch: number): boolean {
    const control = this.#control
    for (;;) {
      if (this.isStopped) return false
      const delivered = Atomics.load(control, DELIVERED)
      if (((batch - delivered) | 0) < SLOTS) return true
      Atomics.wait(control, DELIVERED, delivered, WAIT_MILLISECONDS)
    }
  }

  /** A shard's side: it has answered all that is its own in this batch. @param pressure see TablePressure */
  done(shard: number, batch: number, doubts: boolean, pressure: number): void {
    const control = this.#control
    const at = SHARDS + shard * SHARD_INTS
    control[at + DOUBTS + (batch % SLOTS)] = doubts ? 1 : 0
    control[at + PRESSURE + (batch % SLOTS)] = Math.min(pressure, PRESSURE_MAX)
    Atomics.store(control, at + DONE, (batch + 1) | 0)
    Atomics.add(control, TURNS, 1)
    Atomics.notify(control, TURNS)
  }

  get isStopped(): boolean {
    return Atomics.load(this.#control, STOPPED) === 1
  }

  /** Tells the shards to stop. */
  stop(): void {
    Atomics.store(this.#control, STOPPED, 1)
    Atomics.notify(this.#control, DELIVERED)
  }

  /** Whether all shards are done with this batch; waits for them at most so many milliseconds. */
  isAnswered(batch: number, shards: number, milliseconds: number): boolean {
    const turns = Atomics.load(this.#control, TURNS)
    if (this.#allDid(batch, shards)) return true
    Atomics.wait(this.#control, TURNS, turns, milliseconds)
    return this.#allDid(batch, shards)
  }

  /** Whether, for an answered batch, some shard doubts that a single machine would have answered the same. */
  hasDoubts(batch: number, shards: number): boolean {
    return this.#sumOf(DOUBTS + (batch % SLOTS), shards) > 0
  }

  /** For an answered batch: an upper bound of the entries that one table for all would have held. */
  pressure(batch: number, shards: number): number {
    return this.#sumOf(PRESSURE + (batch % SLOTS), shards)
  }

  /** Releases the batch's rows, which may then be written again. */
  delivered(batch: number): void {
    Atomics.store(this.#control, DELIVERED, (batch + 1) | 0)
    Atomics.notify(this.#control, DELIVERED)
  }

  #allDid(batch: number, shards: number): boolean {
    for (let shard = 0; shard < shards; shard++) {
      const done = Atomics.load(this.#control, SHARDS + shard * SHARD_INTS + DONE)
      if (((done - batch) | 0) < 1) return false
    }
    return true
  }

  #sumOf(word: number, shards: number): number {
    let sum = 0
    for (let shard = 0; shard < shards; shard++) sum += this.#control[SHARDS + shard * SHARD_INTS + word]
    return sum
  }
}

function allocate(shards: number): AnswerMemory {
  return {
    control: new SharedArrayBuffer((SHARDS + shards * SHARD_INTS) * Int32Array.BYTES_PER_ELEMENT),
    rows: new SharedArrayBuffer(SLOTS * FRAMES * ANSWER_NUMBERS * Float64Array.BYTES_PER_ELEMENT),
  }
}
