import { SlotTable } from './slot-table.ts'

const SLOTS_AT_START = 1 << 12
const GROWTH = 2
/**
 * Slots that each addition moves while the index grows. An outgrown table of n slots is empty after n / 8 additions, long
 * before the larger one, which began with at most 3/8 of its slots in use, is full at 3/4.
 */
const SLOTS_MOVED_AT_ONCE = 8

/**
 * An open-addressing index from 32-bit hashes to references, which are integers of the caller's, not negative. The caller
 * compares keys.
 *
 * It grows a few slots at a time: references stay in the outgrown table until additions have moved them, and are looked
 * for in both. So no addition waits for a million others.
 */
export class KeyIndex {
  #table = new SlotTable(SLOTS_AT_START)
  #outgrown: SlotTable | null = null
  /** Slots of the outgrown table below this one have been moved. */
  #moved = 0
  /** Where `first` and `next` found what they returned. */
  #slot = 0
  #foundIn = this.#table
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

  /** Has what `first` will look at brought to the processor's cache; the number means nothing. */
  approach(hash: number): number {
    return this.#table.tagAt(hash)
  }

  /** First reference that may have been added with this hash, -1 for none. */
  first(hash: number): number {
    const table = this.#table
    const slot = table.seek(hash, hash)
    if (slot < 0) return this.#outgrown === null ? -1 : this.#firstOutgrown(hash)
    this.#slot = slot
    this.#foundIn = table
    return table.references[slot]
  }

  /** The next such reference behind the one that `first` or `next` just returned; -1 for no more. */
  next(hash: number): number {
    const table = this.#foundIn
    const slot = table.seek(this.#slot + 1, hash)
    if (slot < 0) return this.#outgrown === null || table === this.#outgrown ? -1 : this.#firstOutgrown(hash)
    this.#slot = slot
    return table.references[slot]
  }

  #firstOutgrown(hash: number): number {
    const table = this.#outgrown as SlotTable
    const slot = table.seek(hash, hash)
    if (slot < 0) return -1
    this.#slot = slot
    this.#foundIn = table
    return table.references[slot]
  }

  add(hash: number, reference: number): void {
    if (this.#outgrown !== null) this.#move(this.#outgrown)
    else if (this.#table.isFull) this.#grow()
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

  /** A larger table when this one is full of live slots, one of the same size when deleted ones fill it. */
  #grow(): void {
    const full = this.#table
    const slots = full.mask + 1
    this.#outgrown = full
    this.#moved = 0
    this.#table = new SlotTable(full.live * 2 >= slots ? slots * GROWTH : slots)
    this.#move(full)
  }

  #move(outgrown: SlotTable): void {
    const from = this.#moved
    const end = from + SLOTS_MOVED_AT_ONCE
    const hashes = this.#hashes
    // All hashes are asked for before any is used: memory answers several questions as quickly as one.
    for (let slot = from; slot < end; slot++) {
      hashes[slot - from] = outgrown.isLive(slot) ? this.#hashOf(outgrown.references[slot]) : 0
    }
    for (let slot = from; slot < end; slot++) {
      if (!outgrown.isLive(slot)) continue
      this.#table.add(hashes[slot - from], outgrown.references[slot])
      outgrown.leave(slot)
    }
    this.#moved = end
    if (end <= outgrown.mask) return
    this.#outgrown = null
    this.#foundIn = this.#table
  }

  /** All references, in no particular order. */
  *all(): Generator<number> {
    for (const table of this.#outgrown === null ? [this.#table] : [this.#outgrown, this.#table]) {
      for (let slot = 0; slot <= table.mask; slot++) if (table.isLive(slot)) yield table.references[slot]
    }
  }
}
