import fc from 'fast-check'
import { expect, test } from 'vitest'
import { askedRanges } from '../../src/ruleset/evaluate/asked-ranges.ts'
import { Candidates } from '../../src/ruleset/evaluate/candidates.ts'
import { chooseFields } from '../../src/ruleset/evaluate/choose-fields.ts'
import { equals, inAddressRange } from '../../src/ruleset/evaluate/condition.ts'
import { demandsOf } from '../../src/ruleset/evaluate/demands.ts'
import { buildRuleIndex } from '../../src/ruleset/evaluate/rule-index.ts'
import type { ValueSet } from '../../src/ruleset/evaluate/value-set.ts'
import { parseIpv6 } from '../../src/ruleset/text/addresses.ts'
import { ENVIRONMENT } from './support.ts'

const MAX = 255

const sets = (count: number) =>
  fc.array(
    fc.option(
      fc
        .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 9 }))
        .map(([low, more]): ValueSet => [{ low, high: low + more }]),
    ),
    { minLength: count, maxLength: count },
  )

test('the rules that the classes of all fields have in common, found anew or remembered', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 90 }).chain((count) => fc.tuple(sets(count), sets(count))),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: 0, max: 31 })), { minLength: 1 }),
      (fields, packets) => {
        const order = Int32Array.from(fields[0], (_, rule) => rule)
        const indexes = fields.map((asked) => buildRuleIndex(askedRanges(asked, MAX), order, MAX))
        const candidates = new Candidates(indexes, order)
        for (const packet of packets) {
          packet.forEach((value, field) => {
            candidates.heads[field] = headOf(indexes[field], value)
          })
          candidates.find(0)
          const start = candidates.rows[2]
          const found = [...candidates.list.subarray(start, start + candidates.rows[3])]
          const holds = (field: number, rule: number): boolean => {
            const set = fields[field][rule]
            return set === null || set.some(({ low, high }) => low <= packet[field] && packet[field] <= high)
          }
          expect(found).toEqual([...order].filter((rule) => holds(0, rule) && holds(1, rule)))
        }
      },
    ),
  )
})

function headOf({ starts, headOf: heads, values }: ReturnType<typeof buildRuleIndex>, value: number): number {
  if (values > 0) return heads[value]
  let at = 0
  while (at + 1 < starts.length && starts[at + 1] <= value) at++
  return heads[at]
}

test('what is remembered is forgotten when there is no more room, and found again', () => {
  const asked = Array.from({ length: 600 }, (_, rule): ValueSet => [{ low: rule % 7, high: 250 }])
  const order = Int32Array.from(asked, (_, rule) => rule)
  const index = buildRuleIndex(askedRanges(asked, MAX), order, MAX)
  const candidates = new Candidates([index], order)
  for (let round = 0; round < 50; round++) {
    const value = round % 7
    candidates.heads[0] = headOf(index, value)
    const row = value * candidates.rowInts
    if (candidates.rows[row] !== candidates.heads[0]) candidates.find(row)
    expect(candidates.rows[row + 2]).toBe(asked.filter(([{ low }]) => low <= value).length)
  }
})

test('a range of IPv6 addresses is found by the words that its ends do not share', () => {
  const [low, high] = ['2001:db8:0:5::9', '2001:db8:0:8::9'].map((text) => parseIpv6(text) ?? [])
  const checks = [{ match: 'iprange', condition: inAddressRange('source', low, high) }]
  const { fields } = demandsOf([{ checks }], ENVIRONMENT, () => true)
  expect(Object.fromEntries(fields.map(({ field, sets }) => [field, sets[0]]))).toEqual({
    source0: [{ low: 0x2001_0db8, high: 0x2001_0db8 }],
    source1: [{ low: 5, high: 8 }],
  })
})

test('rules that repeat with any period are found by all that they ask', () => {
  const kinds = ['source0', 'destination0', 'sourcePort', 'destinationPort', 'mark'] as const
  for (let period = kinds.length; period < 40; period++) {
    const rules = Array.from({ length: 13 * 500 }, (_, at) => ({
      id: at,
      checks: [{ match: '', condition: equals(kinds[(at % period) % kinds.length], at) }],
      action: { kind: 'continue' as const },
      target: -1,
    }))
    const { fields } = demandsOf(rules, ENVIRONMENT, () => true)
    expect(
      chooseFields(fields, rules)
        ?.map(({ field }) => field)
        .toSorted(),
    ).toEqual(kinds.toSorted())
  }
})
