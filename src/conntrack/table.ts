import { CACHE_LINE_INTS } from '../wire/cache-line.ts'
import { FLOW_SEED } from '../wire/flow-hash.ts'
import { grown } from '../wire/grown.ts'
import { LARGE_ZERO } from '../wire/large-zero.ts'
import { IP_V6, P_FAMILY, P_PROTOCOL } from '../wire/packet-fields.ts'
import {
  E_EXPIRY,
  E_EXTENSION,
  E_KIND,
  E_NUMBER,
  E_STATUS,
  ENTRY_HAS_HELPER_STATE,
  ENTRY_INTS,
  ENTRY_ORIGINAL_FROM_B,
  ENTRY_TWO_TUPLES,
  ENTRY_WATCHED,
  KIND_IPV6,
} from './entry.ts'
import { EntryWatchers } from './entry-watchers.ts'
import { EXTENSION_INTS, ExtensionTable, X_REPLY_HASH, X_TIMEOUT_POLICY } from './extensions.ts'
import { KeyIndex } from './key-index.ts'
import {
  directionByKey,
  directionByReplyKey,
  directionOfPacket,
  OTHER_KEY,
  writeKey,
  writeReplyKey,
} from './key-words.ts'
import { Masters } from './masters.ts'
import { capacityFor, ENTRIES_AT_LEAST, reserve } from './reservation.ts'
import { IPS_CONFIRMED } from './status.ts'
import { TableCleaner } from './table-cleaner.ts'
import type { TupleKey } from './tuple.ts'

const GROWTH = 2
/** `find` may match packets of … */
export const ANY_DIRECTION = -1

/**
 * The connection table: entries of 36 integers in one Int32Array with a free list, found through a KeyIndex.
 *
 * An entry is named by its number. It is findable only between `insert` and `remove`; before that it is a connection
 * whose first packet is still on its way through the hooks. Most entries stand in the index once, since both directions
 * have one canonical key; those with two tuples stand there twice, as reference id * 2 and id * 2 + 1 (reply).
 */
export class ConnectionTable {
  /** entries[id * ENTRY_INTS + E_…] */
  entries: Int32Array
  /** The same memory: times[(id * ENTRY_INTS + E_EXPIRY) / 2] */
  times: Float64Array
  readonly extensions: ExtensionTable
  readonly seed: number
  /**
   * The replay's clock, in nanoseconds; must not run backwards. It stands here, where all trackers see it, because to
   * hand it on from function to function would allocate.
   */
  nowNs = LARGE_ZERO
  /** Entries that can be found. */
  count = 0
  /** Entries ever allocated. */
  created = 0
  /** Direction of the packet that `find` found an entry for: 0 original, 1 reply. */
  foundDirection = 0
  /** There was a connection with a zone for each direction: several may have the same tuple in one zone. */
  hasSplitZones = false
  /** There was a connection with two tuples, so a packet may not belong to it and still have answers that do. */
  hasTwoTuples = false
  /** Sum of all words that `approach` read; stored so that the compiler cannot leave out the reads. */
  touched = 0
  /** Called before an entry with ENTRY_HAS_HELPER_STATE is freed. */
  onFree: (id: number) => void = () => {}
  readonly watchers = new EntryWatchers()
  readonly masters = new Masters(this)
  readonly cleaner = new TableCleaner(this)
  readonly #index = new KeyIndex((reference) => this.#hashOf(reference))
  /** Entries below this number have been handed out at least once. */
  #high = 0
  /**
   * By number of the entry: the hash of its key, which a growing index asks of one entry after the other (so that it
   * stands closer together than entries do); of free entries the next free one, -1 for none.
   */
  #hashes: Int32Array
  /** The first free entry, -1 for none. */
  #free = -1

  /**
   * @param limit entries that the table will hold at the most, 0 for no limit: room for them is reserved
   * @param seed that keys are to be hashed with
   */
  constructor(limit = 0, seed = FLOW_SEED) {
    this.seed = seed
    const capacity = capacityFor(limit)
    const memory = reserve(capacity, ENTRY_INTS * 4, ENTRIES_AT_LEAST)
    this.entries = new Int32Array(memory)
    this.times = new Float64Array(memory)
    this.#hashes = new Int32Array(reserve(capacity, 4, ENTRIES_AT_LEAST))
    this.extensions = new ExtensionTable(capacity)
  }

  /** One more than the highest number of an entry that was ever allocated. */
  get high(): number {
    return this.#high
  }

  /** Memory that entries have touched, their index and their extensions, in bytes. */
  get bytes(): number {
    return this.#high * (ENTRY_INTS + 1) * 4 + this.#index.bytes + this.extensions.bytes
  }

  /**
   * Loads what lookups of these hashes will need into the processor's cache: first the index for all of them, then
   * their entries, since many independent accesses to memory take no longer than one. Afterwards each hash has been
   * replaced by the reference that a lookup would try first: see `holds`.
   */
  approach(hashes: Int32Array, count: number): void {
    const index = this.#index
    const entries = this.entries
    let touched = 0
    for (let i = 0; i < count; i++) touched ^= index.approach(hashes[i])
    for (let i = 0; i < count; i++) hashes[i] = index.peek(hashes[i])
    let next = this.#high * ENTRY_INTS
    for (let i = 0; i < count; i++) {
      if (hashes[i] >= 0) {
        const e = (hashes[i] >> 1) * ENTRY_INTS
        touched ^= entries[e] ^ entries[e + CACHE_LINE_INTS] ^ entries[e + 2 * CACHE_LINE_INTS]
      } else if (next + ENTRY_INTS <= entries.length) {
        // The next new connection may get this entry. It is blank, so that writing 0 changes nothing.
        entries[next] = 0
        entries[next + CACHE_LINE_INTS] = 0
        entries[next + 2 * CACHE_LINE_INTS] = 0
        next += ENTRY_INTS
      }
    }
    this.touched = touched
  }

  /** Loads what `unlink` needs into the processor's cache. Add the result to `touched`. */
  approachEntry(id: number): number {
    return this.#index.approach(this.#hashes[id])
  }

  /**
   * The entry that a packet with this key belongs to and that has not expired, or -1. Sets `foundDirection`.
   * An expired one is removed.
   * @param only 0 or 1: packets of that direction only; ANY_DIRECTION
   */
  find(key: TupleKey, only: number = ANY_DIRECTION): number {
    if (this.hasSplitZones) return this.#findNewest(key, only)
    const index = this.#index
    for (let reference = index.first(key.hash); reference >= 0; reference = index.next(key.hash)) {
      const id = reference >> 1
      const direction = this.#directionOf(reference, key, only)
      if (direction < 0 || (only !== ANY_DIRECTION && only !== direction)) continue
      if (this.times[(id * ENTRY_INTS + E_EXPIRY) >> 1] > this.nowNs) {
        this.foundDirection = direction
        return id
      }
      this.remove(id)
      return -1
    }
    return -1
  }

  /**
   * Whether a TCP or UDP packet of zone 0 belongs to the entry of a reference from `approach`, and the entry is alive,
   * whatever has happened since. Sets `foundDirection`. False where only `find` can tell.
   */
  holds(reference: number, fields: Int32Array, base: number): boolean {
    if (reference < 0 || (reference & 1) !== 0 || this.hasSplitZones) return false
    const { entries } = this
    const e = (reference >> 1) * ENTRY_INTS
    const status = entries[e + E_STATUS]
    if ((status & (IPS_CONFIRMED | ENTRY_TWO_TUPLES)) !== IPS_CONFIRMED || entries[e + E_NUMBER] === 0) return false
    if (this.times[(e + E_EXPIRY) >> 1] <= this.nowNs) return false
    const isV6 = fields[base + P_FAMILY] === IP_V6
    if (entries[e + E_KIND] !== (fields[base + P_PROTOCOL] | (isV6 ? KIND_IPV6 : 0))) return false
    const direction = directionOfPacket(entries, e, fields, base, isV6)
    if (direction === OTHER_KEY) return false
    this.foundDirection = direction
    return true
  }

  /**
   * The newest of several matches, as in the kernel's lists (oracle: fuzzing of firewalls with zones for one
   * direction).
   */
  #findNewest(key: TupleKey, only: number): number {
    const index = this.#index
    const { entries, times } = this
    let newest = -1
    for (let reference = index.first(key.hash); reference >= 0; reference = index.next(key.hash)) {
      const id = reference >> 1
      const direction = this.#directionOf(reference, key, only)
      if (direction < 0 || (only !== ANY_DIRECTION && only !== direction)) continue
      if (times[(id * ENTRY_INTS + E_EXPIRY) >> 1] <= this.nowNs) continue
      if (newest >= 0 && entries[id * ENTRY_INTS + E_NUMBER] < entries[newest * ENTRY_INTS + E_NUMBER]) continue
      newest = id
      this.foundDirection = direction
    }
    return newest
  }

  /** Direction of a packet with this key if it belongs to the entry by the reference's key, else OTHER_KEY. */
  #directionOf(reference: number, key: TupleKey, only: number): number {
    const id = reference >> 1
    return (reference & 1) === 0
      ? directionByKey(this.entries, id * ENTRY_INTS, key, only)
      : directionByReplyKey(this.extensions.records, this.extensionOf(id), key)
  }

  /** A blank entry for the connection whose first packet has this key; not findable yet. */
  allocate(key: TupleKey): number {
    const id = this.#free >= 0 ? this.#takeFree(this.#free) : this.#takeNext()
    const entries = this.entries
    const e = id * ENTRY_INTS
    writeKey(entries, e, key)
    entries[e + E_STATUS] = key.swapped ? ENTRY_ORIGINAL_FROM_B : 0
    this.#hashes[id] = key.hash
    entries[e + E_NUMBER] = ++this.created
    return id
  }

  #takeFree(id: number): number {
    const { entries } = this
    const e = id * ENTRY_INTS
    this.#free = this.#hashes[id]
    entries.fill(0, e, e + ENTRY_INTS)
    return id
  }

  /** Takes an entry that was never used, whose memory is blank. */
  #takeNext(): number {
    const id = this.#high++
    if (this.#high * ENTRY_INTS > this.entries.length || this.#high > this.#hashes.length) this.#grow()
    return id
  }

  /** The entry's extension record, made when it has none yet: index of its first word in `extensions.records`. */
  extend(id: number): number {
    const e = id * ENTRY_INTS
    if (this.entries[e + E_EXTENSION] === 0) this.entries[e + E_EXTENSION] = this.extensions.allocate()
    return this.entries[e + E_EXTENSION] * EXTENSION_INTS
  }

  /** First word of the entry's extension record in `extensions.records`; 0, a record of zeros, where it has none. */
  extensionOf(id: number): number {
    return this.entries[id * ENTRY_INTS + E_EXTENSION] * EXTENSION_INTS
  }

  /** Number of the timeout policy that the entry lives by, 0 for the sysctls. */
  timeoutPolicyOf(id: number): number {
    const extension = this.entries[id * ENTRY_INTS + E_EXTENSION]
    return extension === 0 ? 0 : this.extensions.records[extension * EXTENSION_INTS + X_TIMEOUT_POLICY]
  }

  /** Gives an entry that is not findable yet a reply tuple of its own: the key of a packet of the reply direction. */
  setReplyKey(id: number, key: TupleKey): void {
    const x = this.extend(id)
    writeReplyKey(this.extensions.records, x, key)
    this.entries[id * ENTRY_INTS + E_STATUS] |= ENTRY_TWO_TUPLES
    this.hasTwoTuples = true
  }

  /** Makes an allocated entry findable. Its tuples must not be in the table. */
  insert(id: number): void {
    const e = id * ENTRY_INTS
    this.#index.add(this.#hashes[id], id << 1)
    if ((this.entries[e + E_STATUS] & ENTRY_TWO_TUPLES) !== 0) this.#index.add(this.#replyHash(id), (id << 1) | 1)
    this.count++
  }

  /** Takes a findable entry out of the index and frees it. */
  remove(id: number): void {
    this.unlink(id)
    this.free(id)
  }

  /** Takes a findable entry out of the index; its contents stay until it is freed. */
  unlink(id: number): void {
    const e = id * ENTRY_INTS
    if ((this.entries[e + E_STATUS] & ENTRY_WATCHED) !== 0) this.watchers.tellThatItLeft(this.entries, id)
    this.#index.delete(this.#hashes[id], id << 1)
    if ((this.entries[e + E_STATUS] & ENTRY_TWO_TUPLES) !== 0) this.#index.delete(this.#replyHash(id), (id << 1) | 1)
    this.count--
  }

  #hashOf(reference: number): number {
    const id = reference >> 1
    return (reference & 1) === 0 ? this.#hashes[id] : this.#replyHash(id)
  }

  #replyHash(id: number): number {
    return this.extensions.records[this.entries[id * ENTRY_INTS + E_EXTENSION] * EXTENSION_INTS + X_REPLY_HASH]
  }

  /** Gives back an entry that is not (or no longer) findable. */
  free(id: number): void {
    const e = id * ENTRY_INTS
    const status = this.entries[e + E_STATUS]
    if ((status & ENTRY_HAS_HELPER_STATE) !== 0) this.onFree(id)
    if ((status & ENTRY_WATCHED) !== 0) this.watchers.tellThatItLeft(this.entries, id)
    if (this.masters.keep(id)) return
    for (let next = id; next >= 0; ) {
      const master = this.masters.release(next)
      this.#giveBack(next)
      next = master
    }
  }

  /** The entry's memory may be used for another connection. */
  #giveBack(id: number): void {
    const e = id * ENTRY_INTS
    const extension = this.entries[e + E_EXTENSION]
    if (extension !== 0) this.extensions.free(extension)
    this.entries[e + E_EXTENSION] = 0
    this.entries[e + E_NUMBER] = 0
    this.#hashes[id] = this.#free
    this.#free = id
  }

  /** Removes a findable entry whose time is over; false when it is not. */
  removeIfExpired(id: number): boolean {
    const e = id * ENTRY_INTS
    const isOver = this.entries[e + E_NUMBER] !== 0 && this.times[(e + E_EXPIRY) >> 1] <= this.nowNs
    if (!isOver || !this.isFindable(id)) return false
    this.remove(id)
    return true
  }

  /** Whether the entry is in the index. */
  isFindable(id: number): boolean {
    return this.#index.has(this.#hashes[id], id << 1)
  }

  /** Numbers of all findable entries, lowest first. */
  *live(): Generator<number> {
    const end = this.#high
    for (let id = 0; id < end; id++) {
      if (this.entries[id * ENTRY_INTS + E_NUMBER] !== 0 && this.isFindable(id)) yield id
    }
  }

  #grow(): void {
    const memory = reserve((this.#high - 1) * GROWTH, ENTRY_INTS * 4, this.#high)
    this.entries = grown(this.entries.subarray(0, (this.#high - 1) * ENTRY_INTS), new Int32Array(memory))
    this.times = new Float64Array(memory)
    this.#hashes = grown(this.#hashes.subarray(0, this.#high - 1), new Int32Array(this.entries.length / ENTRY_INTS))
  }
}
