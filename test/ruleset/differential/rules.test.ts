import { describe, expect, test } from 'vitest'
import { MATCHES } from '../../../src/ruleset/matches/registry.ts'
import { TARGETS } from '../../../src/ruleset/targets/registry.ts'
import { compareRules, noIptables } from '../iptables-tools.ts'
import { EXCEPTIONS, UNTRIED } from './exceptions.ts'
import { Chance, familiesOf, ODD_VALUE_COUNT, placeOf, randomTrial, systematicTrials, type Trial } from './generate.ts'
import { GRAMMARS } from './grammars.ts'

/** `npm run conformance` tries more rules, others each time. */
const RANDOM_RULES = Number(process.env.CTREPLAY_RANDOM_RULES ?? 15)
const SEED = Number(process.env.CTREPLAY_SEED ?? 1)
const ODD_VALUES = RANDOM_RULES > 100 ? ODD_VALUE_COUNT : 8

/** By extension and option: how often the tools took a rule with it, and refused one. */
const outcomes = new Map<string, { taken: number; refused: number }>()

describe.skipIf(noIptables)(`every option of every extension, as iptables takes and prints it ${noIptables}`, () => {
  GRAMMARS.forEach((grammar, index) => {
    for (const family of familiesOf(grammar)) {
      const { kind, name, table } = grammar
      test(`${family} ${table} ${kind === 'match' ? '-m' : '-j'} ${name} (${index})`, () => {
        const chance = new Chance(SEED * 1000 + index)
        const random = Array.from({ length: RANDOM_RULES }, () => randomTrial(grammar, chance))
        const trials = distinct([...systematicTrials(grammar, ODD_VALUES, chance), ...random])
        const compared = compareRules(
          placeOf(grammar, family),
          trials.map(({ rule }) => rule),
        )
        compared.forEach(({ theirs }, at) => {
          for (const option of trials[at].options) count(name, option, theirs !== null)
        })
        const differing = compared.filter(({ ours, theirs }) => ours !== theirs)
        expect(differing.filter(({ rule }) => !EXCEPTIONS.some((one) => one.rule.test(rule)))).toEqual([])
      })
    }
  })

  test('each option was taken and refused', () => {
    const lacking: string[] = []
    for (const { name, options } of [...MATCHES, ...TARGETS]) {
      if (EXTENSIONS_GONE.has(name)) continue
      for (const option of options.flatMap((spec) => [spec.name, ...(spec.aliases ?? [])])) {
        const { taken, refused } = outcomes.get(`${name} --${option}`) ?? { taken: 0, refused: 0 }
        if (taken === 0 || refused === 0) lacking.push(`${name} --${option}`)
      }
    }
    const table = [...outcomes].map(([option, { taken, refused }]) => `${option}: ${taken} taken, ${refused} refused`)
    if (RANDOM_RULES > 100) console.log(table.join('\n'))
    expect(lacking.toSorted()).toEqual([...UNTRIED.keys()].toSorted())
  })
})

/** The kernel has none of them any more: all rules with them are refused. */
const EXTENSIONS_GONE: ReadonlySet<string> = new Set(['CLUSTERIP', 'ULOG'])

function count(extension: string, option: string, isTaken: boolean): void {
  const key = `${extension} --${option}`
  const outcome = outcomes.get(key) ?? { taken: 0, refused: 0 }
  if (isTaken) outcome.taken++
  else outcome.refused++
  outcomes.set(key, outcome)
}

function distinct(trials: readonly Trial[]): Trial[] {
  return [...new Map(trials.map((trial) => [trial.rule, trial])).values()]
}
