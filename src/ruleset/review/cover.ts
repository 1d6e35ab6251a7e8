import { mergeRanges } from '../evaluate/runtime.ts'
import { intersect, type ValueSet } from '../evaluate/value-set.ts'
import { type Box, setOf, withSet } from './box.ts'
import { isSubset, without } from './field-sets.ts'

/** A box, and the number of the taker that it belongs to. */
export interface Cover {
  readonly box: Box
  readonly taker: number
}

/** Boxes that one search may look at; then it ends without an answer. */
const LOOKS_MAX = 200_000
/** Boxes that a search may look at after all searches together have used up their allowance. */
const NEAREST = 64
const NEAREST_LOOKS_MAX = 2_000
const DEPTH_MAX = 256
/** In larger groups it is not determined which takers are needed. */
const GROUP_MAX = 256

/**
 * Searches whether some boxes cover another one completely. Boxes that differ from it in only one dimension are
 * subtracted first, all at once; then it is cut in two along a side of another box, and both halves are searched in the
 * same way.
 */
export class CoverSearch {
  readonly #domain: (dimension: number) => ValueSet
  /** What is left for all searches together. */
  #allowance: number
  #looks = 0

  /**
   * @param allowance boxes that all searches together may look at; after that each search looks only at the nearest
   * ones
   */
  constructor(domain: (dimension: number) => ValueSet, allowance: number) {
    this.#domain = domain
    this.#allowance = allowance
  }

  /** Takers that cover the box, not always the fewest; null where something is left, or the search took too long. */
  takersOf(box: Box, covers: readonly Cover[]): ReadonlySet<number> | null {
    const isUsedUp = this.#allowance <= 0
    const before = isUsedUp ? NEAREST_LOOKS_MAX : LOOKS_MAX
    this.#looks = before
    const found = this.#search(box, isUsedUp ? covers.slice(-NEAREST) : covers, 0)
    this.#allowance -= before - this.#looks
    return found
  }

  #search(whole: Box, all: readonly Cover[], depth: number): Set<number> | null {
    const found = new Set<number>()
    let box = whole
    let covers = all
    for (;;) {
      this.#looks -= covers.length + 1
      if (this.#looks < 0 || depth > DEPTH_MAX) return null
      const left: Cover[] = []
      for (const cover of covers) {
        const part = this.#relativeTo(box, cover)
        if (part === null) continue
        if (part.box.dimensions.length === 0) return found.add(part.taker)
        left.push(part)
      }
      if (left.length === 0 || this.#hasGap(box, left)) return null
      const narrow = left.filter(({ box: { dimensions } }) => dimensions.length === 1)
      if (narrow.length === 0) return this.#cut(box, left, found, depth)
      for (const [dimension, group] of byDimension(narrow)) {
        const has = setOf(box, dimension) ?? this.#domain(dimension)
        const rest = takeOff(has, group, found)
        if (rest.length === 0) return found
        box = withSet(box, dimension, rest)
      }
      covers = left.filter(({ box: { dimensions } }) => dimensions.length > 1)
    }
  }

  #cut(box: Box, covers: readonly Cover[], found: Set<number>, depth: number): Set<number> | null {
    let [chosen] = covers
    for (const one of covers) if (one.box.dimensions.length < chosen.box.dimensions.length) chosen = one
    const [dimension] = chosen.box.dimensions
    const [inside] = chosen.box.sets
    const outside = without(setOf(box, dimension) ?? this.#domain(dimension), inside)
    for (const half of [outside, inside]) {
      const takers = this.#search(withSet(box, dimension, half), covers, depth + 1)
      if (takers === null) return null
      for (const taker of takers) found.add(taker)
    }
    return found
  }

  /**
   * The part of a cover inside the box, with only those dimensions in which it does not cover the box; null for no
   * part.
   */
  #relativeTo(box: Box, cover: Cover): Cover | null {
    const { dimensions, sets } = cover.box
    const kept: number[] = []
    const parts: ValueSet[] = []
    let same = true
    for (let at = 0; at < dimensions.length; at++) {
      const has = setOf(box, dimensions[at])
      const part = has === undefined ? sets[at] : intersect(has, sets[at])
      if (part.length === 0) return null
      if (isSubset(has ?? this.#domain(dimensions[at]), sets[at])) {
        same = false
        continue
      }
      same &&= part === sets[at]
      kept.push(dimensions[at])
      parts.push(part)
    }
    return same ? cover : { box: { dimensions: kept, sets: parts }, taker: cover.taker }
  }

  /** Whether there is a dimension in which every cover leaves something, with values that are in none of them. */
  #hasGap(box: Box, covers: readonly Cover[]): boolean {
    return covers[0].box.dimensions.some((dimension) => {
      const sets: ValueSet[] = []
      for (const { box: one } of covers) {
        const set = setOf(one, dimension)
        if (set === undefined) return false
        sets.push(set)
      }
      return !isSubset(setOf(box, dimension) ?? this.#domain(dimension), mergeRanges(sets.flat()))
    })
  }
}

/** The part of a set that a group does not cover; takers of the others are added to `found`. */
function takeOff(set: ValueSet, group: readonly Cover[], found: Set<number>): ValueSet {
  if (group.length > GROUP_MAX) {
    for (const { taker } of group) found.add(taker)
    return without(set, mergeRanges(group.flatMap(({ box }) => box.sets[0])))
  }
  let rest = set
  for (const { box, taker } of group) {
    const next = without(rest, box.sets[0])
    if (sizeOf(next) === sizeOf(rest)) continue
    found.add(taker)
    rest = next
  }
  return rest
}

function byDimension(covers: readonly Cover[]): Map<number, Cover[]> {
  const groups = new Map<number, Cover[]>()
  for (const cover of covers) {
    const [dimension] = cover.box.dimensions
    const group = groups.get(dimension)
    if (group === undefined) groups.set(dimension, [cover])
    else group.push(cover)
  }
  return groups
}

function sizeOf(set: ValueSet): number {
  let size = 0
  for (const { low, high } of set) size += high - low + 1
  return size
}
