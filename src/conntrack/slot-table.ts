/** Tags: empty, deleted; live slots carry 0x80 | the hash's top seven bits. */
const TAG_EMPTY = 0
const TAG_DELETED = 1

/**
 * A power of two of slots, probed one after the other from where a hash belongs. One-byte tags decide most probes
 * without touching what the reference stands for. Does not grow: KeyIndex has a larger one made.
 */
export class SlotTable {
  /** references[slot], for slots that `seek` returns. */
  readonly references: Int32Array
  readonly mask: number
  readonly #tags: Uint8Array
  #live = 0
  /** Slots that are not empty: live and deleted. */
  #used = 0

  constructor(slots: number) {
    this.references = new Int32Array(slots)
    this.#tags = new Uint8Array(slots)
    this.mask = slots - 1
  }

  get live(): number {
    return this.#live
  }

  get bytes(): number {
    return this.references.byteLength + this.#tags.byteLength
  }

  /** Whether more would make probes long. */
  get isFull(): boolean {
    return (this.#used + 1) * 4 > this.#tags.length * 3
  }

  /** The first slot from `slot` on whose tag fits the hash, -1 for none. */
  seek(slot: number, hash: number): number {
    const tags = this.#tags
    const mask = this.mask
    const tag = (hash >>> 25) | 0x80
    slot &= mask
    for (;;) {
      const found = tags[slot]
      if (found === tag) return slot
      if (found === TAG_EMPTY) return -1
      slot = (slot + 1) & mask
    }
  }

  /** The tag where probing for a hash begins: only to have it in the processor's cache. */
  tagAt(hash: number): number {
    return this.#tags[hash & this.mask]
  }

  slotOf(hash: number, reference: number): number {
    let slot = this.seek(hash, hash)
    while (slot >= 0 && this.references[slot] !== reference) slot = this.seek(slot + 1, hash)
    return slot
  }

  /** There must be an empty slot. */
  add(hash: number, reference: number): void {
    const tags = this.#tags
    const mask = this.mask
    let slot = hash & mask
    while (tags[slot] > TAG_DELETED) slot = (slot + 1) & mask
    if (tags[slot] === TAG_EMPTY) this.#used++
    tags[slot] = (hash >>> 25) | 0x80
    this.references[slot] = reference
    this.#live++
  }

  /** Removes a reference that was added with this hash; false where it is not here. */
  delete(hash: number, reference: number): boolean {
    let slot = this.slotOf(hash, reference)
    if (slot < 0) return false
    const tags = this.#tags
    const mask = this.mask
    this.#live--
    if (tags[(slot + 1) & mask] !== TAG_EMPTY) {
      tags[slot] = TAG_DELETED
      return true
    }
    // No probe passes over the end of a run: the slot, and deleted ones before it, become empty again.
    do {
      tags[slot] = TAG_EMPTY
      this.#used--
      slot = (slot - 1) & mask
    } while (tags[slot] === TAG_DELETED)
    return true
  }

  isLive(slot: number): boolean {
    return this.#tags[slot] > TAG_DELETED
  }

  /** Empties a live slot whose reference is held elsewhere from now on. */
  leave(slot: number): void {
    this.#tags[slot] = TAG_DELETED
    this.#live--
  }
}
