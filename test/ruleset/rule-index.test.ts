import fc from 'fast-check'
import { expect, test } from 'vitest'
import { askedRanges } from '../../src/ruleset/evaluate/asked-ranges.ts'
import { buildRuleIndex, headFor, type RuleIndex, wordAt } from '../../src/ruleset/evaluate/rule-index.ts'
import { mergeRanges } from '../../src/ruleset/evaluate/runtime.ts'
import { complement, intersect, type ValueSet, valuesOf } from '../../src/ruleset/evaluate/value-set.ts'

const WIDE = 0xffff_ffff

/** The rules that an index gives for a value, as generated code looks them up. */
function rulesAt(index: RuleIndex, value: number): number[] {
  const { summaryWords, heads, starts, headOf, values } = index
  const head = values > 0 ? (value >>> 0 < values ? headOf[value] : 0) : headFor(starts, headOf, value)
  const found: number[] = []
  for (let at = 0; at < summaryWords; at++) {
    for (let bit = 0; bit < 32; bit++) {
      if (((heads[head + at] >>> bit) & 1) === 0) continue
      const word = wordAt(index, head + summaryWords + at, bit, 32 * at + bit)
      for (let rule = 0; rule < 32; rule++) if ((word >>> rule) & 1) found.push(32 * (32 * at + bit) + rule)
    }
  }
  return found
}

function indexOf(sets: readonly (ValueSet | null)[], max: number): RuleIndex {
  const places = Int32Array.from(sets, (_, rule) => rule)
  return buildRuleIndex(askedRanges(sets, max), places, max)
}

const holds = (set: ValueSet | null, value: number): boolean =>
  set === null || set.some(({ low, high }) => low <= value && value <= high)

/** Values close together, so that ranges overlap, touch and repeat; the field's ends too. */
const valueUpTo = (max: number) =>
  fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: max - 20, max }), fc.constantFrom(0, max))

const setUpTo = (max: number) =>
  fc
    .array(fc.tuple(valueUpTo(max), valueUpTo(max)), { maxLength: 3 })
    .map((pairs) =>
      mergeRanges(pairs.map(([one, other]) => ({ low: Math.min(one, other), high: Math.max(one, other) }))),
    )

test.each([WIDE, 0xffff, 255, 63])('finds for every value the rules that hold there: fields up to %i', (max) => {
  const sets = fc.array(fc.option(setUpTo(max)), { minLength: 1, maxLength: 80 })
  fc.assert(
    fc.property(sets, fc.array(valueUpTo(max), { minLength: 1, maxLength: 20 }), (asked, values) => {
      const index = indexOf(asked, max)
      for (const value of values) {
        const ordered = max === WIDE ? value ^ 0x8000_0000 : value
        expect(rulesAt(index, ordered)).toEqual(asked.flatMap((set, rule) => (holds(set, value) ? [rule] : [])))
      }
    }),
    { numRuns: 200 },
  )
})

test('a value outside of the field keeps all rules', () => {
  for (const max of [0x1fff, 255]) {
    const index = indexOf([[{ low: 3, high: 4 }], null, []], max)
    expect(rulesAt(index, -1)).toEqual([0, 1, 2])
    expect(rulesAt(index, max + 1)).toEqual([0, 1, 2])
    expect(rulesAt(index, 5)).toEqual([1])
  }
})

test('more than a thousand rules: every level of the bit vectors', () => {
  const sets = Array.from({ length: 5000 }, (_, rule) => (rule % 7 === 0 ? null : [{ low: rule, high: rule + 3 }]))
  const index = indexOf(sets, WIDE)
  for (const value of [0, 1, 31, 32, 1023, 1024, 1025, 4999, 5002, 5003]) {
    const expected = sets.flatMap((set, rule) => (holds(set, value) ? [rule] : []))
    expect(rulesAt(index, value ^ 0x8000_0000)).toEqual(expected)
  }
})

test('sets too many and too wide for the memory that an index may take: some rules too many, never one too few', () => {
  const sets = Array.from({ length: 20_000 }, (_, rule): ValueSet => [{ low: 3 * rule, high: 3 * rule + 60_000 }])
  const index = indexOf(sets, WIDE)
  expect(index.words.length + index.heads.length).toBeLessThan(5_000_000)
  for (const value of [0, 1, 29_999, 60_000, 119_000]) {
    const found = new Set(rulesAt(index, value ^ 0x8000_0000))
    const holding = sets.flatMap((set, rule) => (holds(set, value) ? [rule] : []))
    expect(holding.every((rule) => found.has(rule))).toBe(true)
    expect(found.size).toBeLessThan(holding.length + 500)
  }
})

test('the values of a condition are those for which it holds', () => {
  const condition = fc.record({
    kind: fc.constant('field' as const),
    field: fc.constant('source0' as const),
    mask: fc.constantFrom(WIDE, 0xffff_ff00, 0xff00_0000, 0xff, 0x80, 0xf0),
    ranges: fc.array(
      fc.tuple(valueUpTo(WIDE), valueUpTo(WIDE)).map(([one, other]) => ({
        low: Math.min(one, other),
        high: Math.max(one, other),
      })),
      { maxLength: 3 },
    ),
    negated: fc.boolean(),
  })
  fc.assert(
    fc.property(condition, fc.constantFrom(WIDE, 255), valueUpTo(300), (asked, max, value) => {
      const values = valuesOf(asked, max)
      if (values === null || value > max) return
      const masked = (value & asked.mask) >>> 0
      expect(holds(values, value)).toBe(holds(asked.ranges, masked) !== asked.negated)
    }),
    { numRuns: 1000 },
  )
})

test('sets of values: both, and all others', () => {
  fc.assert(
    fc.property(setUpTo(255), setUpTo(255), fc.integer({ min: 0, max: 255 }), (one, other, value) => {
      expect(holds(intersect(one, other), value)).toBe(holds(one, value) && holds(other, value))
      expect(holds(complement(one, 255), value)).toBe(!holds(one, value))
    }),
  )
})
