import { CACHE_LINE_INTS } from '../wire/cache-line.ts'
import { memoryForVectors, type SharedMemory } from '../wire/vector-sum.ts'
import { BATCH_BYTES, batchIn, type PacketBatch } from './packet-batch.ts'

/**
 * Enough that a thread which waits for its turn on a processor does not stop the others: half of the slots take 3 ms. A
 * power of two.
 */
export const SLOTS = 16
const SLOT_MASK = SLOTS - 1
/**
 * A reader that found no free slot continues when so many are free: to be woken for each slot would slow down both
 * threads.
 */
const FREE_AT_ONCE = SLOTS / 2

/**
 * Positions of the control words; words that different threads write are a cache line apart. FILLED and FREED count
 * slots ever filled and ever given back (they may overflow: only their difference counts).
 */
const FILLED = 0
const ENDED = 1
const FREED = CACHE_LINE_INTS
/** 1 while the replay waits for a message from the capture's thread. */
const WAITING = FREED + 1
const WANTS_CHECKSUMS = FREED + 2
/** Frames in each slot, and problems met before it was filled. */
const COUNTS = 2 * CACHE_LINE_INTS
const PROBLEMS = COUNTS + SLOTS
const CONTROL_INTS = PROBLEMS + SLOTS

/** What the two threads share. */
export interface RingMemory {
  readonly control: SharedArrayBuffer
  /** Bytes read when a slot was filled; a Float64 each. */
  readonly bytesRead: SharedArrayBuffer
  readonly slots: SharedMemory
}

/**
 * A ring of batches between the thread that reads a capture (it fills slots) and the replay (it takes them, in the same
 * order, and frees them). Each thread has a SlotRing of its own over the same memory.
 */
export class SlotRing {
  readonly memory: RingMemory
  readonly #control: Int32Array
  readonly #bytesRead: Float64Array
  readonly #batches: readonly PacketBatch[]

  constructor(memory: RingMemory = allocate()) {
    this.memory = memory
    this.#control = new Int32Array(memory.control)
    this.#bytesRead = new Float64Array(memory.bytesRead)
    this.#batches = Array.from({ length: SLOTS }, (_, slot) => batchIn(memory.slots.buffer, slot * BATCH_BYTES))
  }

  /** The reader's side: the next slot to be filled, as soon as one is free. Blocks the thread. */
  slotToFill(): PacketBatch {
    const control = this.#control
    const filled = control[FILLED]
    let freed = Atomics.load(control, FREED)
    if (slotsBetween(freed, filled) === SLOTS) {
      while (slotsBetween(freed, filled) > SLOTS - FREE_AT_ONCE) {
        Atomics.wait(control, FREED, freed)
        freed = Atomics.load(control, FREED)
      }
    }
    return this.#batches[filled & SLOT_MASK]
  }

  /** The reader's side: hands over the slot. */
  publish(problems: number, bytesRead: number): void {
    const control = this.#control
    const filled = control[FILLED]
    const slot = filled & SLOT_MASK
    control[COUNTS + slot] = this.#batches[slot].count
    control[PROBLEMS + slot] = problems
    this.#bytesRead[slot] = bytesRead
    Atomics.store(control, FILLED, filled + 1)
    Atomics.notify(control, FILLED)
  }

  /** The reader's side: no slot will follow. */
  end(): void {
    Atomics.store(this.#control, ENDED, 1)
    Atomics.notify(this.#control, FILLED)
  }

  /** The reader's side: whether the replay has asked for a message since the last call. */
  takeCallForWord(): boolean {
    return Atomics.exchange(this.#control, WAITING, 0) === 1
  }

  /** The replay's side: asks for a message when a slot is filled or the end is reached. Check again after this call. */
  callForWord(): void {
    Atomics.store(this.#control, WAITING, 1)
  }

  /** Whether the reader has finished. Slots that were not taken are still there. */
  get hasEnded(): boolean {
    return Atomics.load(this.#control, ENDED) === 1
  }

  /** The replay's side: blocks the thread until there is a slot, but no longer than that. */
  waitBriefly(milliseconds: number): void {
    const control = this.#control
    Atomics.wait(control, FILLED, Atomics.load(control, FREED), milliseconds)
  }

  /** The replay's side: the oldest filled slot, until `free`; null when there is none. */
  take(): PacketBatch | null {
    const control = this.#control
    const freed = control[FREED]
    if (Atomics.load(control, FILLED) === freed) return null
    const batch = this.#batches[freed & SLOT_MASK]
    batch.count = control[COUNTS + (freed & SLOT_MASK)]
    return batch
  }

  /**
   * For threads that read along: slot number `n`, counted from 0, which they never free; the thread that frees it waits
   * for all of them. Blocks until there is such a slot, but not longer than that: then undefined. Null where there will
   * be none.
   */
  slotAt(n: number, milliseconds: number): PacketBatch | null | undefined {
    const control = this.#control
    // Read before looking for a slot, so that slots filled before the end are not missed.
    const hasEnded = this.hasEnded
    const filled = Atomics.load(control, FILLED)
    if (slotsBetween(n, filled) > 0) {
      const batch = this.#batches[n & SLOT_MASK]
      batch.count = control[COUNTS + (n & SLOT_MASK)]
      return batch
    }
    if (hasEnded) return null
    Atomics.wait(control, FILLED, filled, milliseconds)
    return undefined
  }

  /** Problems met, and bytes read, when the slot now taken was filled. */
  get problems(): number {
    return this.#control[PROBLEMS + (this.#control[FREED] & SLOT_MASK)]
  }

  get bytesRead(): number {
    return this.#bytesRead[this.#control[FREED] & SLOT_MASK]
  }

  /** The replay's side: gives the slot back that was taken. */
  free(): void {
    const control = this.#control
    const freed = (control[FREED] + 1) | 0
    Atomics.store(control, FREED, freed)
    if (slotsBetween(freed, Atomics.load(control, FILLED)) === SLOTS - FREE_AT_ONCE) Atomics.notify(control, FREED)
  }

  get wantsChecksums(): boolean {
    return Atomics.load(this.#control, WANTS_CHECKSUMS) === 1
  }

  set wantsChecksums(wanted: boolean) {
    Atomics.store(this.#control, WANTS_CHECKSUMS, wanted ? 1 : 0)
  }
}

function slotsBetween(freed: number, filled: number): number {
  return (filled - freed) | 0
}

function allocate(): RingMemory {
  return {
    control: new SharedArrayBuffer(CONTROL_INTS * Int32Array.BYTES_PER_ELEMENT),
    bytesRead: new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT),
    slots: memoryForVectors(SLOTS * BATCH_BYTES),
  }
}
