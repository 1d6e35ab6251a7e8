import { Boundaries, placeOf } from './boundaries.ts'
import type { ValueSet } from './value-set.ts'

/** The ranges of one field that the rules of a chain ask for, in the order of the rules. */
export interface AskedRanges {
  /** By rule: 1 where it asks for the field. */
  readonly asks: Uint8Array
  /** Values at which a range begins, or after which one ends; always includes 0. */
  readonly boundaries: Float64Array
  /** By range: its rule, and the places of its beginning and end among the boundaries. */
  readonly rules: Int32Array
  readonly begins: Int32Array
  readonly ends: Int32Array
}

/**
 * @param sets by rule; null where it does not ask for the field
 * @param max the field's greatest value, a power of two less one
 */
export function askedRanges(sets: readonly (ValueSet | null)[], max: number): AskedRanges {
  let count = 0
  for (let rule = 0; rule < sets.length; rule++) count += sets[rule]?.length ?? 0
  const asks = new Uint8Array(sets.length)
  const rules = new Int32Array(count)
  const lows = new Float64Array(count)
  const after = new Float64Array(count)
  const boundaries = new Boundaries(max, 2 * count + 1)
  let at = 0
  for (let rule = 0; rule < sets.length; rule++) {
    const set = sets[rule]
    if (set === null) continue
    asks[rule] = 1
    boundaries.addSet(set)
    for (let range = 0; range < set.length; range++) {
      rules[at] = rule
      lows[at] = set[range].low
      after[at++] = set[range].high + 1
    }
  }
  const sorted = boundaries.sorted()
  return { asks, boundaries: sorted, rules, begins: placesOf(sorted, lows), ends: placesOf(sorted, after) }
}

function placesOf(boundaries: Float64Array, values: Float64Array): Int32Array {
  const places = new Int32Array(values.length)
  for (let at = 0; at < values.length; at++) places[at] = placeOf(boundaries, values[at])
  return places
}
