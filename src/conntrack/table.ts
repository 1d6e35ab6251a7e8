import {
  E_ADDRESS_A,
  E_ADDRESS_B,
  E_EXPIRY,
  E_HASH,
  E_KIND,
  E_MARK,
  E_NUMBER,
  E_PORTS,
  E_STATUS,
  ENTRY_INTS,
  ENTRY_ORIGINAL_FROM_B,
  KIND_IPV6,
} from './entry.ts'
import { IPS_ASSURED } from './status.ts'
import type { TupleKey } from './tuple.ts'

/** Index tags: empty, deleted; live slots carry 0x80 | the hash's top seven bits. */
const TAG_EMPTY = 0
const TAG_DELETED = 1
const SLOTS_AT_START = 1 << 12
const ENTRIES_AT_START = 1 << 12
/** Entries are copied when the array grows; four times each, so that a table of a million grows four times in all. */
const GROWTH = 4
/** The kernel looks at eight buckets of a full table, two tuples each. */
const EVICTION_SCAN = 16

/**
 * The connection table: entries of 36 integers in one Int32Array with a free list, found through an open-addressing
 * index whose one-byte tags decide most probes without touching an entry.
 *
 * An entry is named by its number. It is findable only between `insert` and `remove`; before that it is a connection
 * whose first packet is still on its way through the hooks.
 */
export class ConnectionTable {
  /** entries[id * ENTRY_INTS + E_…] */
  entries: Int32Array
  /** The same memory: times[(id * ENTRY_INTS + E_EXPIRY) / 2] */
  times: Float64Array
  /** Entries that can be found. */
  count = 0
  /** Entries ever allocated. */
  created = 0
  #tags = new Uint8Array(SLOTS_AT_START)
  #slots = new Int32Array(SLOTS_AT_START)
  #used = 0
  /** Entries below this number have been handed out at least once. */
  #high = 0
  /** Head of the free list, threaded through E_HASH; -1 for none. */
  #free = -1
  #sweep = 0

  constructor() {
    const memory = new ArrayBuffer(ENTRIES_AT_START * ENTRY_INTS * 4)
    this.entries = new Int32Array(memory)
    this.times = new Float64Array(memory)
  }

  /** The entry of this key that has not expired at `nowNs`, or -1. An expired one is removed. */
  find(key: TupleKey, nowNs: number): number {
    const mask = this.#slots.length - 1
    const tags = this.#tags
    const entries = this.entries
    const tag = (key.hash >>> 25) | 0x80
    let slot = key.hash & mask
    for (;;) {
      const found = tags[slot]
      if (found === TAG_EMPTY) return -1
      if (found === tag) {
        const id = this.#slots[slot]
        const e = id * ENTRY_INTS
        if (
          entries[e + E_PORTS] === key.ports &&
          entries[e + E_ADDRESS_A] === key.a0 &&
          entries[e + E_ADDRESS_B] === key.b0 &&
          entries[e + E_KIND] === key.kind &&
          ((key.kind & KIND_IPV6) === 0 || this.#sameWords(e, key))
        ) {
          if (this.times[(e + E_EXPIRY) >> 1] > nowNs) return id
          this.#removeSlot(slot)
          this.free(id)
          return -1
        }
      }
      slot = (slot + 1) & mask
    }
  }

  #sameWords(e: number, key: TupleKey): boolean {
    const entries = this.entries
    return (
      entries[e + E_ADDRESS_A + 1] === key.a1 &&
      entries[e + E_ADDRESS_A + 2] === key.a2 &&
      entries[e + E_ADDRESS_A + 3] === key.a3 &&
      entries[e + E_ADDRESS_B + 1] === key.b1 &&
      entries[e + E_ADDRESS_B + 2] === key.b2 &&
      entries[e + E_ADDRESS_B + 3] === key.b3
    )
  }

  /** A blank entry for the connection whose first packet has this key; not findable yet. */
  allocate(key: TupleKey): number {
    let id = this.#free
    if (id >= 0) {
      this.#free = this.entries[id * ENTRY_INTS + E_HASH]
    } else {
      id = this.#high++
      if (this.#high * ENTRY_INTS > this.entries.length) this.#growEntries()
    }
    const entries = this.entries
    const e = id * ENTRY_INTS
    entries.fill(0, e, e + ENTRY_INTS)
    entries[e + E_ADDRESS_A] = key.a0
    entries[e + E_ADDRESS_B] = key.b0
    if ((key.kind & KIND_IPV6) !== 0) {
      entries[e + E_ADDRESS_A + 1] = key.a1
      entries[e + E_ADDRESS_A + 2] = key.a2
      entries[e + E_ADDRESS_A + 3] = key.a3
      entries[e + E_ADDRESS_B + 1] = key.b1
      entries[e + E_ADDRESS_B + 2] = key.b2
      entries[e + E_ADDRESS_B + 3] = key.b3
    }
    entries[e + E_PORTS] = key.ports
    entries[e + E_KIND] = key.kind
    entries[e + E_STATUS] = key.swapped ? ENTRY_ORIGINAL_FROM_B : 0
    entries[e + E_HASH] = key.hash
    entries[e + E_MARK] = 0
    entries[e + E_NUMBER] = ++this.created
    return id
  }

  /** Makes an allocated entry findable. Its key must not be in the table. */
  insert(id: number): void {
    if ((this.#used + 1) * 4 > this.#slots.length * 3) this.#rebuild()
    const hash = this.entries[id * ENTRY_INTS + E_HASH]
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#tags[slot] > TAG_DELETED) slot = (slot + 1) & mask
    if (this.#tags[slot] === TAG_EMPTY) this.#used++
    this.#tags[slot] = (hash >>> 25) | 0x80
    this.#slots[slot] = id
    this.count++
  }

  /** Takes a findable entry out of the index and frees it. */
  remove(id: number): void {
    const mask = this.#slots.length - 1
    let slot = this.entries[id * ENTRY_INTS + E_HASH] & mask
    while (this.#slots[slot] !== id || this.#tags[slot] <= TAG_DELETED) slot = (slot + 1) & mask
    this.#removeSlot(slot)
    this.free(id)
  }

  #removeSlot(slot: number): void {
    const mask = this.#slots.length - 1
    const tags = this.#tags
    this.count--
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

  /** Gives back an entry that is not (or no longer) findable. */
  free(id: number): void {
    const e = id * ENTRY_INTS
    this.entries[e + E_NUMBER] = 0
    this.entries[e + E_HASH] = this.#free
    this.#free = id
  }

  /**
   * Removes what has expired among the next `steps` entries, round and round, so that connections which nobody asks for
   * again do not stay. Expiry at lookup is exact without it.
   */
  sweep(steps: number, nowNs: number): void {
    for (let i = 0; i < steps && this.#high > 0; i++) {
      if (this.#sweep >= this.#high) this.#sweep = 0
      const id = this.#sweep++
      const e = id * ENTRY_INTS
      if (this.entries[e + E_NUMBER] !== 0 && this.times[(e + E_EXPIRY) >> 1] <= nowNs && this.isFindable(id)) {
        this.remove(id)
      }
    }
  }

  /** Removes all that has expired; returns how many. */
  removeExpired(nowNs: number): number {
    const before = this.count
    this.sweep(this.#high, nowNs)
    return before - this.count
  }

  /**
   * Pushes one entry that is not ASSURED out of the table, looking only at the EVICTION_SCAN entries next to where `hash`
   * belongs, as the kernel looks at a few buckets. The kernel's choice depends on a random seed; this stands for it.
   */
  evictNear(hash: number): boolean {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    let seen = 0
    for (let steps = 0; steps <= mask && seen < EVICTION_SCAN; steps++) {
      if (this.#tags[slot] > TAG_DELETED) {
        const id = this.#slots[slot]
        if ((this.entries[id * ENTRY_INTS + E_STATUS] & IPS_ASSURED) === 0) {
          this.#removeSlot(slot)
          this.free(id)
          return true
        }
        seen++
      }
      slot = (slot + 1) & mask
    }
    return false
  }

  /** Whether the entry is in the index. */
  isFindable(id: number): boolean {
    const mask = this.#slots.length - 1
    let slot = this.entries[id * ENTRY_INTS + E_HASH] & mask
    while (this.#tags[slot] !== TAG_EMPTY) {
      if (this.#tags[slot] > TAG_DELETED && this.#slots[slot] === id) return true
      slot = (slot + 1) & mask
    }
    return false
  }

  /** Numbers of all findable entries, in no particular order. For listings and tests. */
  *live(): Generator<number> {
    for (let slot = 0; slot < this.#slots.length; slot++) if (this.#tags[slot] > TAG_DELETED) yield this.#slots[slot]
  }

  #growEntries(): void {
    const memory = new ArrayBuffer(this.entries.byteLength * GROWTH)
    const entries = new Int32Array(memory)
    entries.set(this.entries)
    this.entries = entries
    this.times = new Float64Array(memory)
  }

  /** Writes the index anew: larger when it is full of live entries, the same size when deleted slots fill it. */
  #rebuild(): void {
    const oldTags = this.#tags
    const oldSlots = this.#slots
    const length = this.count * 2 > oldSlots.length ? oldSlots.length * GROWTH : oldSlots.length
    this.#tags = new Uint8Array(length)
    this.#slots = new Int32Array(length)
    this.#used = this.count
    const mask = length - 1
    for (let i = 0; i < oldSlots.length; i++) {
      if (oldTags[i] <= TAG_DELETED) continue
      const id = oldSlots[i]
      let slot = this.entries[id * ENTRY_INTS + E_HASH] & mask
      while (this.#tags[slot] !== TAG_EMPTY) slot = (slot + 1) & mask
      this.#tags[slot] = oldTags[i]
      this.#slots[slot] = id
    }
  }
}
