import { MASK_ALL, type NumberRange } from '../text/numbers.ts'
import type { FieldCondition } from './condition.ts'
import { mergeRanges } from './runtime.ts'

/** The greatest values of fields. */
export const WORD = 0xffff_ffff
export const PORT = 0xffff
export const OCTET = 0xff

/** A set of values from 0 to a field's maximum: sorted ranges that do not touch. */
export type ValueSet = readonly NumberRange[]

/** Masks with gaps are evaluated value by value, for fields with at most so many values. */
const ENUMERATED_MAX = 256

/**
 * The values from 0 to `max` of a field for which a condition holds; null where that is not a union of ranges. `max` is
 * a power of two less one.
 */
export function valuesOf(condition: FieldCondition, max: number): ValueSet | null {
  const mask = (condition.mask & max) >>> 0
  const ranges = mergeRanges(condition.ranges)
  const holding = condition.mask === MASK_ALL || mask === max ? clip(ranges, max) : maskedValues(ranges, mask, max)
  return holding && condition.negated ? complement(holding, max) : holding
}

function maskedValues(ranges: ValueSet, mask: number, max: number): ValueSet | null {
  if (max < ENUMERATED_MAX) return enumerate(ranges, mask, max)
  const free = max - mask
  // Only if the mask leaves exactly some low bits free do ranges remain ranges.
  if ((free & (free + 1)) !== 0) return null
  const step = free + 1
  const fitting = clip(ranges, max)
  const rounded: NumberRange[] = []
  for (let at = 0; at < fitting.length; at++) {
    const low = Math.ceil(fitting[at].low / step) * step
    const high = Math.floor(fitting[at].high / step) * step + free
    if (low <= high) rounded.push({ low, high })
  }
  return mergeRanges(rounded)
}

function enumerate(ranges: ValueSet, mask: number, max: number): ValueSet {
  const holding: NumberRange[] = []
  for (let value = 0; value <= max; value++) {
    const masked = value & mask
    if (ranges.some(({ low, high }) => low <= masked && masked <= high)) holding.push({ low: value, high: value })
  }
  return mergeRanges(holding)
}

function clip(ranges: ValueSet, max: number): ValueSet {
  let fits = true
  for (let at = 0; at < ranges.length; at++) fits &&= ranges[at].low >= 0 && ranges[at].high <= max
  if (fits) return ranges
  return ranges
    .map(({ low, high }) => ({ low: Math.max(low, 0), high: Math.min(high, max) }))
    .filter(({ low, high }) => low <= high)
}

export function complement(set: ValueSet, max: number): ValueSet {
  const gaps: NumberRange[] = []
  let from = 0
  for (const { low, high } of set) {
    if (low > from) gaps.push({ low: from, high: low - 1 })
    from = high + 1
  }
  if (from <= max) gaps.push({ low: from, high: max })
  return gaps
}

export function intersect(one: ValueSet, other: ValueSet): ValueSet {
  const common: NumberRange[] = []
  for (let i = 0, k = 0; i < one.length && k < other.length; ) {
    const low = Math.max(one[i].low, other[k].low)
    const high = Math.min(one[i].high, other[k].high)
    if (low <= high) common.push({ low, high })
    if (one[i].high < other[k].high) i++
    else k++
  }
  return common
}
