/** Tags: empty, deleted; live slots carry 0x80 | the hash's top seven bits. */
const TAG_EMPTY = 0
const TAG_DELETED = 1
const SLOTS_AT_START = 1 << 12
const GROWTH = 2

/**
 * An open-addressing index from 32-bit hashes to references, which are integers of the caller's. One-byte tags decide
 * most probes without touching what the reference stands for; the caller compares keys.
 */
export class KeyIndex {
  /** references[slot], for slots that `first` and `next` return. */
  references = new Int32Array(SLOTS_AT_START)
  #tags = new Uint8Array(SLOTS_AT_START)
  #live = 0
  /** Slots that are not empty: live and deleted. */
  #used = 0
  readonly #hashOf: (reference: number) => number

  /** @param hashOf the hash that a reference in the index was added with */
  constructor(hashOf: (reference: number) => number) {
    this.#hashOf = hashOf
  }

  /** First slot whose tag fits the hash, -1 for none. */
  first(hash: number): number {
    return this.#probe(hash & (this.#tags.length - 1), hash)
  }

  /** The next such slot behind `slot`. */
  next(slot: number, hash: number): number {
    const mask = this.#tags.length - 1
    return this.#probe((slot + 1) & mask, hash)
  }

  #probe(slot: number, hash: number): number {
    const tags = this.#tags
    const mask = tags.length - 1
    const tag = (hash >>> 25) | 0x80
    for (;;) {
      const found = tags[slot]
      if (found === tag) return slot
      if (found === TAG_EMPTY) return -1
      slot = (slot + 1) & mask
    }
  }

  add(hash: number, reference: number): void {
    if ((this.#used + 1) * 4 > this.#tags.length * 3) this.#rebuild()
    const tags = this.#tags
    const mask = tags.length - 1
    let slot = hash & mask
    while (tags[slot] > TAG_DELETED) slot = (slot + 1) & mask
    if (tags[slot] === TAG_EMPTY) this.#used++
    tags[slot] = (hash >>> 25) | 0x80
    this.references[slot] = reference
    this.#live++
  }

  has(hash: number, reference: number): boolean {
    return this.#slotOf(hash, reference) >= 0
  }

  /** Removes a reference that was added with this hash. */
  delete(hash: number, reference: number): void {
    let slot = this.#slotOf(hash, reference)
    if (slot < 0) return
    const tags = this.#tags
    const mask = tags.length - 1
    this.#live--
    if (tags[(slot + 1) & mask] !== TAG_EMPTY) {
      tags[slot] = TAG_DELETED
      return
    }
    // No probe passes over the end of a run: the slot, and deleted ones before it, become empty again.
    do {
      tags[slot] = TAG_EMPTY
      this.#used--
      slot = (slot - 1) & mask
    } while (tags[slot] === TAG_DELETED)
  }

  #slotOf(hash: number, reference: number): number {
    for (let slot = this.first(hash); slot >= 0; slot = this.next(slot, hash)) {
      if (this.references[slot] === reference) return slot
    }
    return -1
  }

  /** Looks at up to `limit` references from where `hash` belongs; the first that is wanted, else -1. */
  scanFrom(hash: number, limit: number, isWanted: (reference: number) => boolean): number {
    const mask = this.#tags.length - 1
    let slot = hash & mask
    let seen = 0
    for (let steps = 0; steps <= mask && seen < limit; steps++) {
      if (this.#tags[slot] > TAG_DELETED) {
        if (isWanted(this.references[slot])) return this.references[slot]
        seen++
      }
      slot = (slot + 1) & mask
    }
    return -1
  }

  /** All references, in no particular order. */
  *all(): Generator<number> {
    for (let slot = 0; slot < this.#tags.length; slot++) if (this.#tags[slot] > TAG_DELETED) yield this.references[slot]
  }

  /** Writes the index anew: larger when it is full of live slots, the same size when deleted ones fill it. */
  #rebuild(): void {
    const tags = this.#tags
    const references = this.references
    const length = this.#live * 2 >= tags.length ? tags.length * GROWTH : tags.length
    this.#tags = new Uint8Array(length)
    this.references = new Int32Array(length)
    this.#used = this.#live
    const mask = length - 1
    for (let i = 0; i < tags.length; i++) {
      if (tags[i] <= TAG_DELETED) continue
      let slot = this.#hashOf(references[i]) & mask
      while (this.#tags[slot] !== TAG_EMPTY) slot = (slot + 1) & mask
      this.#tags[slot] = tags[i]
      this.references[slot] = references[i]
    }
  }
}
