import { SPREAD } from './head-cache.ts'

/** Places where a row may be stored, so that rows with the same hash can be stored together. A power of two. */
const NEIGHBOURS = 4

/**
 * A cache of rows of integers. Each row has a few places where it may be stored, by its hash, and replaces an earlier
 * one where none is free. What is known about a row is kept by the user, under the number of its place.
 */
export class RowMemory {
  /** The row for `find` and `keep`; filled in by the caller. */
  readonly asked: Int32Array
  readonly #rows: Int32Array
  readonly #shift: number
  /** The first of the possible places of the row that `find` was last called for. */
  #first = 0
  /** Which of the places is used for the next row that finds none free. */
  #turn = 0

  /** @param ints of a row; the first must not be 0 @param bits of a place's number */
  constructor(ints: number, bits: number) {
    this.asked = new Int32Array(ints)
    this.#rows = new Int32Array(ints << bits)
    this.#shift = 32 - bits
  }

  /** The number of the place where the row is; -1 where it is not remembered. */
  find(): number {
    const { asked } = this
    let hash = 0
    for (let at = 0; at < asked.length; at++) hash = Math.imul(hash ^ asked[at] ^ (hash >>> 15), SPREAD)
    const first = hash >>> this.#shift
    this.#first = first
    for (let neighbour = 0; neighbour < NEIGHBOURS; neighbour++) {
      if (this.#isAt(first ^ neighbour)) return first ^ neighbour
    }
    return -1
  }

  #isAt(place: number): boolean {
    const { asked } = this
    const rows = this.#rows
    const row = place * asked.length
    for (let at = 0; at < asked.length; at++) if (rows[row + at] !== asked[at]) return false
    return true
  }

  /** Stores the row that `find` was last called for; returns the number of its place. */
  keep(): number {
    const place = this.#placeToTake()
    this.#rows.set(this.asked, place * this.asked.length)
    return place
  }

  /** The row's own place, a free one, or that of another row. */
  #placeToTake(): number {
    const first = this.#first
    const ints = this.asked.length
    for (let neighbour = 0; neighbour < NEIGHBOURS; neighbour++) {
      const place = first ^ neighbour
      if (this.#rows[place * ints] === 0 || this.#isAt(place)) return place
    }
    this.#turn = (this.#turn + 1) % NEIGHBOURS
    return first ^ this.#turn
  }
}
