import { SlotTable } from './slot-table.ts'

/** Few, so that all code has met a growing index before V8 compiles it: else it would be compiled again. */
const SLOTS_AT_START = 1 << 5
const GROWTH = 2
/**
 * Slots that each addition moves while the index grows. An outgrown table of n slots is empty after n / 8 additions.
 * The larger table, which began with at most 3/8 of its slots in use, is full (3/4) long after that.
 */
const SLOTS_MOVED_AT_ONCE = 8

/**
 * An open-addressing index from 32-bit hashes to references, which are integers of the caller's, not negative. The
 * caller compares keys.
 *
 * It grows a few slots at a time: references stay in the outgrown table until additions have moved them, and are looked
 * for in both. So no addition waits for a million others.
 */
export class KeyIndex {
  #table = new SlotTable(SLOTS_AT_START)
  #outgrown: SlotTable | null = null
  /** Slots of the outgrown table below this one have been moved. */
  #moved = 0
  /** Where `first` and `next` found what they returned: the slot, and whether of the outgrown table. */
  #slot = 0
  #isOutgrown = false
  /** Of the slots that are being moved. */
  readonly #hashes = new Int32Array(SLOTS_MOVED_AT_ONCE)
  readonly #hashOf: (reference: number) => number

  /** @param hashOf the hash that a reference in the index was added with */
  constructor(hashOf: (reference: number) => number) {
    this.#hashOf = hashOf
  }

  /** Memory held, in bytes. */
  get bytes(): number {
    return this.#table.bytes + (this.#outgrown?.bytes ?? 0)
  }

  get isGrowing(): boolean {
    return this.#outgrown !== null
  }

  /**
   * Loads what `first` will look at into the processor's cache. The returned number has no meaning, but must be used.
   */
  approach(hash: number): number {
    return this.#table.wordAt(hash)
  }

  /** As `first`, for callers that do not need `next`. */
  peek(hash: number): number {
    const table = this.#table
    const slot = table.seek(hash, hash)
    if (slot >= 0) return table.referenceAt(slot)
    return this.#outgrown === null ? -1 : peekOutgrown(this.#outgrown, hash)
  }

  /** First reference that may have been added with this hash, -1 for none. */
  first(hash: number): number {
    const table = this.#table
    const slot = table.seek(hash, hash)
    if (slot < 0) return this.#outgrown === null ? -1 : this.#firstOutgrown(hash)
    this.#slot = slot
    this.#isOutgrown = false
    return table.referenceAt(slot)
  }

  /** The next such reference after the one that `first` or `next` just returned; -1 for no more. */
  next(hash: number): number {
    const outgrown = this.#outgrown
    const table = this.#isOutgrown && outgrown !== null ? outgrown : this.#table
    const slot = table.seek(this.#slot + 1, hash)
    if (slot < 0) return outgrown === null || this.#isOutgrown ? -1 : this.#firstOutgrown(hash)
    this.#slot = slot
    return table.referenceAt(slot)
  }

  #firstOutgrown(hash: number): number {
    const table = this.#outgrown as SlotTable
    const slot = table.seek(hash, hash)
    if (slot < 0) return -1
    this.#slot = slot
    this.#isOutgrown = true
    return table.referenceAt(slot)
  }

  add(hash: number, reference: number): void {
    if (this.#outgrown !== null) this.#move(this.#outgrown)
    else if (this.#table.isFull) this.#grow()
    if (reference > this.#table.referenceMax) this.#growFor(reference)
    this.#table.add(hash, reference)
  }

  has(hash: number, reference: number): boolean {
    return (
      this.#table.slotOf(hash, reference) >= 0 ||
      (this.#outgrown !== null && this.#outgrown.slotOf(hash, reference) >= 0)
    )
  }

  /** Removes a reference that was added with this hash. */
  delete(hash: number, reference: number): void {
    if (!this.#table.delete(hash, reference)) this.#outgrown?.delete(hash, reference)
  }

  /**
   * Begins a larger table when this one is full of live slots, one of the same size when it is full of deleted ones.
   */
  #grow(): void {
    const full = this.#table
    const slots = full.mask + 1
    this.#outgrown = full
    this.#moved = 0
    this.#table = new SlotTable(full.live * 2 >= slots ? slots * GROWTH : slots)
    this.#move(full)
  }

  /** Grows all at once, for a caller whose references are not numbered one after the other. */
  #growFor(reference: number): void {
    while (this.#outgrown !== null) this.#move(this.#outgrown)
    const small = this.#table
    let slots = small.mask + 1
    while (reference > 2 * slots) slots *= GROWTH
    this.#outgrown = small
    this.#moved = 0
    this.#table = new SlotTable(slots * GROWTH)
    while (this.#outgrown !== null) this.#move(this.#outgrown)
  }

  #move(outgrown: SlotTable): void {
    const from = this.#moved
    const end = from + SLOTS_MOVED_AT_ONCE
    const hashes = this.#hashes
    // All hashes are loaded before any is used: several accesses to memory at a time take no longer than one.
    for (let slot = from; slot < end; slot++) {
      hashes[slot - from] = outgrown.isLive(slot) ? this.#hashOf(outgrown.referenceAt(slot)) : 0
    }
    for (let slot = from; slot < end; slot++) {
      if (!outgrown.isLive(slot)) continue
      this.#table.add(hashes[slot - from], outgrown.referenceAt(slot))
      outgrown.leave(slot)
    }
    this.#moved = end
    if (end <= outgrown.mask) return
    this.#outgrown = null
  }
}

function peekOutgrown(table: SlotTable, hash: number): number {
  const slot = table.seek(hash, hash)
  return slot < 0 ? -1 : table.referenceAt(slot)
}
