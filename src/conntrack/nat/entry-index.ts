import { grown } from '../../wire/grown.ts'

const BUCKETS = 1 << 14
const ENTRIES_AT_LEAST = 1024
const NONE = -1

/** Entries of the connection table by a hash that the owner gives them, the newest first. */
export class EntryIndex {
  size = 0
  readonly #heads = new Int32Array(BUCKETS).fill(NONE)
  /** By entry: the next one in its list, the previous one, and its bucket; NONE where it is in no list. */
  #next = new Int32Array(0)
  #previous = new Int32Array(0)
  #bucket = new Int32Array(0)

  add(entry: number, hash: number): void {
    if (entry >= this.#bucket.length) this.#grow(entry + 1)
    this.remove(entry)
    const bucket = hash & (BUCKETS - 1)
    const head = this.#heads[bucket]
    this.#next[entry] = head
    this.#previous[entry] = NONE
    this.#bucket[entry] = bucket
    if (head !== NONE) this.#previous[head] = entry
    this.#heads[bucket] = entry
    this.size++
  }

  /** The newest entry that may have this hash, or -1. */
  first(hash: number): number {
    return this.#heads[hash & (BUCKETS - 1)]
  }

  /** The next older one, or -1. */
  after(entry: number): number {
    return this.#next[entry]
  }

  /** Takes the entry out, if it is there. */
  remove(entry: number): void {
    const bucket = this.#bucket[entry] ?? NONE
    if (bucket === NONE) return
    const next = this.#next[entry]
    const previous = this.#previous[entry]
    if (next !== NONE) this.#previous[next] = previous
    if (previous === NONE) this.#heads[bucket] = next
    else this.#next[previous] = next
    this.#bucket[entry] = NONE
    this.size--
  }

  #grow(entries: number): void {
    const length = Math.max(ENTRIES_AT_LEAST, 2 * entries)
    this.#next = grown(this.#next, new Int32Array(length).fill(NONE))
    this.#previous = grown(this.#previous, new Int32Array(length).fill(NONE))
    this.#bucket = grown(this.#bucket, new Int32Array(length).fill(NONE))
  }
}
