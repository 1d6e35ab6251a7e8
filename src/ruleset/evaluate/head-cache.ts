import { headFor, type RuleIndex } from './rule-index.ts'

const SIZE_BITS = 9
/** 2^32 divided by the golden ratio: its products spread neighbouring values over the upper bits. */
export const SPREAD = 0x9e3779b1
/** Shifting a product by this gives the number of a place. */
export const PLACE_SHIFT = 32 - SIZE_BITS
/** With fewer starts searching is as fast as a lookup. */
const STARTS_MIN = 32

/** Caches the heads of values in an index that has to be searched. */
export class HeadCache {
  /** The cached value of each place. An unused place holds 0, a value that only belongs to place 0. */
  readonly values = new Int32Array(1 << SIZE_BITS)
  readonly heads = new Int32Array(1 << SIZE_BITS)
  readonly #index: RuleIndex

  constructor(index: RuleIndex) {
    this.#index = index
    this.heads[0] = headFor(index.starts, index.headOf, 0)
  }

  /** @param value in the index's order */
  find(place: number, value: number): number {
    const head = headFor(this.#index.starts, this.#index.headOf, value)
    this.values[place] = value
    this.heads[place] = head
    return head
  }
}

/** null where the index is fast enough without a cache. */
export function headCacheOf(index: RuleIndex): HeadCache | null {
  return index.values === 0 && index.starts.length > STARTS_MIN ? new HeadCache(index) : null
}
