import { type Box, isWithin, setOf } from './box.ts'
import type { Cover } from './cover.ts'
import type { Dimensions } from './dimensions.ts'
import { contains } from './field-sets.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** Packets that a rule takes: they reach no later rule. */
export interface Taker {
  /** The rule that takes them. */
  readonly rule: ReviewedRule
  /** Number in the chain whose later rules do not see them: of the rule, or of the jump to its chain. */
  readonly number: number
  readonly boxes: readonly Box[]
  /** The jump to the chain of the rule, where that is another one. */
  readonly by: ReviewedRule | null
}

const LOWEST = 0
const HIGHEST = 0xffff_ffff

/**
 * The takers of one chain, in its order. For each box the least and the greatest value in the key dimensions are
 * stored, since for most boxes that is enough to see that they do not overlap.
 */
export class Takers {
  readonly #takers: readonly Taker[]
  readonly #keys: readonly number[]
  /** Number of the first taker, counted over all chains. */
  readonly #first: number
  readonly #boxes: Box[] = []
  readonly #owners: number[] = []
  /** By box and key. */
  readonly #low: Float64Array
  readonly #high: Float64Array

  constructor(takers: readonly Taker[], first: number, dimensions: Dimensions) {
    this.#takers = takers
    this.#first = first
    this.#keys = dimensions.keys()
    for (const [owner, { boxes }] of takers.entries()) {
      for (const box of boxes) {
        this.#boxes.push(box)
        this.#owners.push(owner)
      }
    }
    const keys = this.#keys.length
    this.#low = new Float64Array(this.#boxes.length * keys)
    this.#high = new Float64Array(this.#boxes.length * keys)
    for (const [at, box] of this.#boxes.entries()) {
      this.#low.set(this.#ends(box, 'low'), at * keys)
      this.#high.set(this.#ends(box, 'high'), at * keys)
    }
  }

  /** The first taker before the rule of this number that covers the boxes by itself. */
  before(number: number, region: readonly Box[]): Taker | null {
    const keys = this.#keys.length
    const [lows, highs] = [this.#low, this.#high]
    const low = this.#ends(region[0], 'low')
    const high = this.#ends(region[0], 'high')
    const end = this.#endBefore(number)
    let refused = -1
    for (let at = 0, cell = 0; at < end; at++, cell += keys) {
      let key = 0
      while (key < keys && lows[cell + key] <= low[key] && highs[cell + key] >= high[key]) key++
      if (key < keys || this.#owners[at] === refused) continue
      refused = this.#owners[at]
      const { boxes } = this.#takers[refused]
      if (region.every((box) => boxes.some((one) => isWithin(box, one)))) return this.#takers[refused]
    }
    return null
  }

  /** Whether one before the rule of this number takes a packet. @param packet its value in each dimension */
  take(number: number, packet: readonly number[]): boolean {
    const keys = this.#keys.length
    const [lows, highs] = [this.#low, this.#high]
    const values = this.#keys.map((key) => packet[key])
    const end = this.#endBefore(number)
    for (let at = 0, cell = 0; at < end; at++, cell += keys) {
      let key = 0
      while (key < keys && lows[cell + key] <= values[key] && highs[cell + key] >= values[key]) key++
      if (key < keys) continue
      const { dimensions, sets } = this.#boxes[at]
      if (dimensions.every((dimension, index) => contains(sets[index], packet[dimension]))) return true
    }
    return false
  }

  /** Boxes of takers before the rule of this number that may overlap with this one. */
  meeting(number: number, box: Box): Cover[] {
    const keys = this.#keys.length
    const [lows, highs] = [this.#low, this.#high]
    const low = this.#ends(box, 'low')
    const high = this.#ends(box, 'high')
    const end = this.#endBefore(number)
    const covers: Cover[] = []
    for (let at = 0, cell = 0; at < end; at++, cell += keys) {
      let key = 0
      while (key < keys && lows[cell + key] <= high[key] && highs[cell + key] >= low[key]) key++
      if (key === keys) covers.push({ box: this.#boxes[at], taker: this.#first + this.#owners[at] })
    }
    return covers
  }

  /** How many boxes belong to takers before the rule of this number. */
  #endBefore(number: number): number {
    let low = 0
    for (let high = this.#owners.length; low < high; ) {
      const middle = (low + high) >> 1
      if (this.#takers[this.#owners[middle]].number < number) low = middle + 1
      else high = middle
    }
    return low
  }

  #ends(box: Box, end: 'low' | 'high'): number[] {
    return this.#keys.map((key) => {
      const set = setOf(box, key)
      if (set === undefined) return end === 'low' ? LOWEST : HIGHEST
      return end === 'low' ? set[0].low : set[set.length - 1].high
    })
  }
}
