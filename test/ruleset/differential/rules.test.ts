import { describe, expect, test } from 'vitest'
import { compareRules, disagreementsAmong, noIptables } from '../iptables-tools.ts'
import { noRecordedTables } from '../recorded-table.ts'
import { NEVER_TAKEN } from './exceptions.ts'
import { Chance, familiesOf, ODD_VALUE_COUNT, placeOf, randomTrial, systematicTrials, type Trial } from './generate.ts'
import { GRAMMARS } from './grammars.ts'
import { Outcomes } from './outcomes.ts'

/** `npm run conformance` tries more rules, others each time. */
const RANDOM_RULES = Number(process.env.CTREPLAY_RANDOM_RULES ?? 15)
const SEED = Number(process.env.CTREPLAY_SEED ?? 1)
const ODD_VALUES = RANDOM_RULES > 100 ? ODD_VALUE_COUNT : 8

const outcomes = new Outcomes()
const tried = { taken: 0, refused: 0 }

describe.skipIf(noIptables)(`every option of every extension, as iptables takes and prints it ${noIptables}`, () => {
  GRAMMARS.forEach((grammar, index) => {
    const { kind, name, table, recorded } = grammar
    const skipped = recorded ? noRecordedTables : ''
    for (const family of familiesOf(grammar)) {
      test.skipIf(skipped)(`${family} ${table} ${kind === 'match' ? '-m' : '-j'} ${name} (${index}) ${skipped}`, () => {
        const chance = new Chance(SEED * 1000 + index)
        const random = Array.from({ length: RANDOM_RULES }, () => randomTrial(grammar, chance))
        const trials = distinct([...systematicTrials(grammar, ODD_VALUES, chance), ...random])
        const compared = compareRules(
          placeOf(grammar, family),
          trials.map(({ rule }) => rule),
        )
        const unusedValues = new Set(trials.flatMap(({ good }) => good ?? []))
        compared.forEach(({ theirs }, at) => {
          const { options, good } = trials[at]
          for (const option of options) outcomes.count(family, name, option, theirs !== null)
          if (theirs !== null) tried.taken++
          else tried.refused++
          if (good !== undefined && theirs !== null) unusedValues.delete(good)
        })
        expect(disagreementsAmong(compared, placeOf(grammar, family))).toEqual([])
        expect([...unusedValues]).toEqual([])
      })
    }
  })

  test.skipIf(noRecordedTables)(`each option was taken and refused ${noRecordedTables}`, () => {
    if (RANDOM_RULES > 100) console.log(`${outcomes.table()}\n${tried.taken} rules taken, ${tried.refused} refused`)
    expect(outcomes.unknown()).toEqual([])
    expect(outcomes.lacking().toSorted()).toEqual([...NEVER_TAKEN.keys()].toSorted())
  })
})

function distinct(trials: readonly Trial[]): Trial[] {
  return [...new Map(trials.toReversed().map((trial) => [trial.rule, trial])).values()].toReversed()
}
