/** Words of slots: empty, deleted, else the tag (upper bits of the hash) above the reference + FIRST_WORD. */
const SLOT_EMPTY = 0
const SLOT_DELETED = 1
const FIRST_WORD = 2

/**
 * A hash table with a power of two of slots and linear probing. A slot is one word: the reference in the lower bits,
 * and in the upper bits those bits of the hash that do not determine the slot. So one access to memory answers nearly
 * every lookup. It does not grow: KeyIndex makes a larger one.
 */
export class SlotTable {
  readonly mask: number
  /** The greatest reference that fits into a word; there are nearly twice as many as slots. */
  readonly referenceMax: number
  readonly #slots: Int32Array
  readonly #referenceMask: number
  #live = 0
  /** Slots that are not empty: live and deleted. */
  #used = 0

  constructor(slots: number) {
    this.#slots = new Int32Array(slots)
    this.mask = slots - 1
    this.#referenceMask = 2 * slots - 1
    this.referenceMax = this.#referenceMask - FIRST_WORD
  }

  get live(): number {
    return this.#live
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  /** Whether more slots in use would make probes long. */
  get isFull(): boolean {
    return (this.#used + 1) * 4 > this.#slots.length * 3
  }

  /** The first slot from `slot` on whose tag fits the hash, -1 for none. */
  seek(slot: number, hash: number): number {
    const slots = this.#slots
    const mask = this.mask
    const references = this.#referenceMask
    for (slot &= mask; ; slot = (slot + 1) & mask) {
      const word = slots[slot]
      if (word === SLOT_EMPTY) return -1
      // SLOT_DELETED has the tag of other hashes, too.
      if (((word ^ hash) & ~references) === 0 && word !== SLOT_DELETED) return slot
    }
  }

  /** The word where probing for a hash begins. Read only to load it into the processor's cache. */
  wordAt(hash: number): number {
    return this.#slots[hash & this.mask]
  }

  /** The reference of a live slot. */
  referenceAt(slot: number): number {
    return (this.#slots[slot] & this.#referenceMask) - FIRST_WORD
  }

  slotOf(hash: number, reference: number): number {
    let slot = this.seek(hash, hash)
    while (slot >= 0 && this.referenceAt(slot) !== reference) slot = this.seek(slot + 1, hash)
    return slot
  }

  /** There must be an empty slot, and the reference not be greater than `referenceMax`. */
  add(hash: number, reference: number): void {
    const slots = this.#slots
    const mask = this.mask
    let slot = hash & mask
    while (isLive(slots[slot])) slot = (slot + 1) & mask
    if (slots[slot] === SLOT_EMPTY) this.#used++
    slots[slot] = (hash & ~this.#referenceMask) | (reference + FIRST_WORD)
    this.#live++
  }

  /** Removes a reference that was added with this hash; false where it is not here. */
  delete(hash: number, reference: number): boolean {
    let slot = this.slotOf(hash, reference)
    if (slot < 0) return false
    const slots = this.#slots
    const mask = this.mask
    this.#live--
    if (slots[(slot + 1) & mask] !== SLOT_EMPTY) {
      slots[slot] = SLOT_DELETED
      return true
    }
    // At the end of a run no probe continues, so this slot and deleted ones before it become empty again.
    do {
      slots[slot] = SLOT_EMPTY
      this.#used--
      slot = (slot - 1) & mask
    } while (slots[slot] === SLOT_DELETED)
    return true
  }

  isLive(slot: number): boolean {
    return isLive(this.#slots[slot])
  }

  /** Marks a live slot as deleted, since its reference has moved to another table. */
  leave(slot: number): void {
    this.#slots[slot] = SLOT_DELETED
    this.#live--
  }
}

function isLive(word: number): boolean {
  return word !== SLOT_EMPTY && word !== SLOT_DELETED
}
