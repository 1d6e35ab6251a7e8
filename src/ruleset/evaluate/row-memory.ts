import { SPREAD } from './head-cache.ts'

/** Places where a row may be: where one falls upon another, both are remembered. A power of two. */
const NEIGHBOURS = 4

/**
 * Remembers rows of integers: each has a few places where it may be, by its hash, and takes that of an earlier one where none
 * is free. What is known of a row is kept by whoever asks, under the number of its place.
 */
export class RowMemory {
  /** The row that `find` and `keep` are about: filled in before. */
  readonly asked: Int32Array
  readonly #rows: Int32Array
  readonly #shift: number
  /** The first of the places where the row may be that was asked for last. */
  #first = 0
  /** Which neighbour gives way to the next row that finds no place. */
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

  /** Remembers the row that `find` was asked for last: the number of its place. */
  keep(): number {
    const place = this.#placeToTake()
    this.#rows.set(this.asked, place * this.asked.length)
    return place
  }

  /** Its own, one that is free, or that of another row. */
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
