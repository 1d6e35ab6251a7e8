import { SPREAD } from './head-cache.ts'

/**
 * Remembers rows of integers: each has one place where it may be, by its hash, and takes that of the one before. What is
 * known of a row is kept by whoever asks, under the number of its place.
 */
export class RowMemory {
  /** The row that `find` and `keep` are about: filled in before. */
  readonly asked: Int32Array
  readonly #rows: Int32Array
  readonly #shift: number
  #place = 0

  /** @param ints of a row; the first must not be 0 @param bits of a place's number */
  constructor(ints: number, bits: number) {
    this.asked = new Int32Array(ints)
    this.#rows = new Int32Array(ints << bits)
    this.#shift = 32 - bits
  }

  /** The number of the place where the row is; -1 where it is not remembered. */
  find(): number {
    const { asked } = this
    const rows = this.#rows
    let hash = 0
    for (let at = 0; at < asked.length; at++) hash = Math.imul(hash ^ asked[at] ^ (hash >>> 15), SPREAD)
    this.#place = hash >>> this.#shift
    const row = this.#place * asked.length
    for (let at = 0; at < asked.length; at++) if (rows[row + at] !== asked[at]) return -1
    return this.#place
  }

  /** Remembers the row that `find` was asked for last: the number of its place. */
  keep(): number {
    this.#rows.set(this.asked, this.#place * this.asked.length)
    return this.#place
  }
}
