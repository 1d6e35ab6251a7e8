import { grown } from '../../wire/grown.ts'

const SLOTS_AT_START = 16
const GROWTH = 2

/**
 * Numbers the keys of a table: every key (`width` integers) gets a slot, a small integer that stays the same; owners
 * use it as an index into arrays with their data. Open addressing, linear probing.
 */
export class KeyTable {
  readonly width: number
  /** The key for `find` and `add`; filled in by the caller. */
  readonly key: Int32Array
  /** keys[slot * width + i] */
  keys: Int32Array
  /** Slots are below this; owners grow their arrays with it. */
  capacity = SLOTS_AT_START
  size = 0
  /** One above the highest slot ever used. */
  high = 0
  /** Slot + 1 by position; 0 is empty. Never more than half full. */
  #index: Int32Array
  readonly #free: number[] = []
  /** 1 where a slot is in use. */
  #used: Uint8Array

  constructor(width: number) {
    this.width = width
    this.key = new Int32Array(width)
    this.keys = new Int32Array(SLOTS_AT_START * width)
    this.#used = new Uint8Array(SLOTS_AT_START)
    this.#index = new Int32Array(2 * SLOTS_AT_START)
  }

  /** The slot of `key`, or -1. */
  find(): number {
    const { key, keys, width } = this
    const index = this.#index
    const mask = index.length - 1
    for (let at = hashOf(key, 0, width) & mask; ; at = (at + 1) & mask) {
      const slot = index[at] - 1
      if (slot < 0) return -1
      const start = slot * width
      let i = 0
      while (i < width && keys[start + i] === key[i]) i++
      if (i === width) return slot
    }
  }

  /** Gives `key`, which must not be there, a slot. */
  add(): number {
    const slot = this.#free.pop() ?? this.high++
    if (slot >= this.capacity) this.#grow()
    this.keys.set(this.key, slot * this.width)
    this.#used[slot] = 1
    this.size++
    this.#enter(slot)
    return slot
  }

  remove(slot: number): void {
    const index = this.#index
    const mask = index.length - 1
    let hole = this.#home(slot)
    while (index[hole] !== slot + 1) hole = (hole + 1) & mask
    // Keys that were pushed past the hole move back into it, so that probing never ends too early.
    for (let at = (hole + 1) & mask; index[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(index[at] - 1)
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      index[hole] = index[at]
      hole = at
    }
    index[hole] = 0
    this.#used[slot] = 0
    this.size--
    this.#free.push(slot)
  }

  has(slot: number): boolean {
    return this.#used[slot] === 1
  }

  #home(slot: number): number {
    return hashOf(this.keys, slot * this.width, this.width) & (this.#index.length - 1)
  }

  #enter(slot: number): void {
    const index = this.#index
    const mask = index.length - 1
    let at = this.#home(slot)
    while (index[at] !== 0) at = (at + 1) & mask
    index[at] = slot + 1
  }

  #grow(): void {
    this.capacity *= GROWTH
    this.keys = grown(this.keys, new Int32Array(this.capacity * this.width))
    this.#used = grown(this.#used, new Uint8Array(this.capacity))
    this.#index = new Int32Array(2 * this.capacity)
    for (let slot = 0; slot < this.high - 1; slot++) if (this.#used[slot] === 1) this.#enter(slot)
  }
}

/** Mixes like MurmurHash3. */
function hashOf(keys: Int32Array, start: number, width: number): number {
  let hash = width
  for (let i = start; i < start + width; i++) {
    hash = Math.imul(hash ^ Math.imul(keys[i], 0xcc9e2d51), 0x85ebca6b)
    hash ^= hash >>> 15
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
