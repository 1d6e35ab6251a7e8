import { intersect, type ValueSet } from '../evaluate/value-set.ts'
import { isSubset, without } from './field-sets.ts'

/** A set of packets: for some dimensions the values must lie in given sets, in all others they may be anything. */
export interface Box {
  /** In ascending order. */
  readonly dimensions: readonly number[]
  /** The set of each dimension; never empty. */
  readonly sets: readonly ValueSet[]
}

/** Every packet. */
export const EVERYTHING: Box = { dimensions: [], sets: [] }

/** The intersection; null where it is empty. */
export function intersectBoxes(one: Box, other: Box): Box | null {
  if (one.dimensions.length === 0) return other
  if (other.dimensions.length === 0) return one
  const dimensions: number[] = []
  const sets: ValueSet[] = []
  for (let i = 0, k = 0; i < one.dimensions.length || k < other.dimensions.length; ) {
    const left = one.dimensions[i] ?? Number.POSITIVE_INFINITY
    const right = other.dimensions[k] ?? Number.POSITIVE_INFINITY
    const set = left < right ? one.sets[i] : right < left ? other.sets[k] : intersect(one.sets[i], other.sets[k])
    if (set.length === 0) return null
    dimensions.push(Math.min(left, right))
    sets.push(set)
    if (left <= right) i++
    if (right <= left) k++
  }
  return { dimensions, sets }
}

/** The part of `box` outside `taken`, as boxes that do not overlap. */
export function subtractBox(box: Box, taken: Box, domain: (dimension: number) => ValueSet): Box[] {
  const pieces: Box[] = []
  let rest = box
  for (const [at, dimension] of taken.dimensions.entries()) {
    const has = setOf(rest, dimension) ?? domain(dimension)
    const outside = without(has, taken.sets[at])
    if (outside.length > 0) pieces.push(withSet(rest, dimension, outside))
    const inside = intersect(has, taken.sets[at])
    if (inside.length === 0) return [box]
    rest = withSet(rest, dimension, inside)
  }
  return pieces
}

export function setOf({ dimensions, sets }: Box, dimension: number): ValueSet | undefined {
  const at = dimensions.indexOf(dimension)
  return at < 0 ? undefined : sets[at]
}

/** The box with another set for one dimension. */
export function withSet(box: Box, dimension: number, set: ValueSet): Box {
  const at = box.dimensions.findIndex((one) => one >= dimension)
  const replaced = box.dimensions[at] === dimension ? 1 : 0
  const place = at < 0 ? box.dimensions.length : at
  return {
    dimensions: box.dimensions.toSpliced(place, replaced, dimension),
    sets: box.sets.toSpliced(place, replaced, set),
  }
}

export function isWithin(part: Box, whole: Box): boolean {
  return whole.dimensions.every((dimension, at) => {
    const set = setOf(part, dimension)
    return set !== undefined && isSubset(set, whole.sets[at])
  })
}
