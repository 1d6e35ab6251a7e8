import { grown } from '../../wire/grown.ts'
import { MASK_ALL } from '../text/numbers.ts'
import type { FieldCondition } from './condition.ts'
import { type ValueSet, valuesOf } from './value-set.ts'

/** If the values to sort are more than this share of all possible values, marking them in a table is faster. */
const MARKED_SHARE = 1 / 16

/** Collects the boundaries of sets of one field's values: the first value of each range, and the first one after it. */
export class Boundaries {
  readonly #max: number
  #values: Float64Array
  #count = 0

  /**
   * @param max the field's greatest value, a power of two less one
   * @param expected how many boundaries to reserve room for
   */
  constructor(max: number, expected = 64) {
    this.#max = max
    this.#values = new Float64Array(expected)
  }

  addSet(set: ValueSet): void {
    for (let at = 0; at < set.length; at++) {
      this.#add(set[at].low)
      this.#add(set[at].high + 1)
    }
  }

  /** Adds the boundaries of the values for which a condition holds; false where they are not ranges. */
  addCondition(condition: FieldCondition): boolean {
    const { mask, ranges } = condition
    const free = mask === MASK_ALL ? 0 : (this.#max & ~mask) >>> 0
    // The common case: a mask that leaves only low bits free, and one range.
    if (ranges.length !== 1 || (free & (free + 1)) !== 0 || ranges[0].low < 0 || ranges[0].high > this.#max) {
      const values = valuesOf(condition, this.#max)
      if (values !== null) this.addSet(values)
      return values !== null
    }
    const step = free + 1
    const low = Math.ceil(ranges[0].low / step) * step
    const high = Math.floor(ranges[0].high / step) * step + free
    if (low <= high) {
      this.#add(low)
      this.#add(high + 1)
    }
    return true
  }

  /** The boundaries, sorted, each once, up to the greatest value; always includes 0. */
  sorted(): Float64Array {
    const values = this.#values.subarray(0, this.#count)
    const sorted = this.#count > this.#max * MARKED_SHARE ? marked(values, this.#max) : values.sort()
    const kept = new Float64Array(sorted.length + 1)
    let count = 1
    for (let at = 0; at < sorted.length; at++) if (sorted[at] !== kept[count - 1]) kept[count++] = sorted[at]
    return kept.slice(0, count)
  }

  #add(value: number): void {
    if (value > this.#max) return
    if (this.#count === this.#values.length) this.#values = grown(this.#values, new Float64Array(2 * this.#count))
    this.#values[this.#count++] = value
  }
}

/** The place of a boundary in the list; the list's length for a greater value. */
export function placeOf(boundaries: Float64Array, value: number): number {
  let low = 0
  let high = boundaries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (boundaries[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}

function marked(values: Float64Array, max: number): Float64Array {
  const marks = new Uint8Array(max + 1)
  for (let at = 0; at < values.length; at++) marks[values[at]] = 1
  let count = 0
  for (let value = 0; value <= max; value++) if (marks[value] === 1) values[count++] = value
  return values.subarray(0, count)
}
