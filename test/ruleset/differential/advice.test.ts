import { expect, test } from 'vitest'
import { parseRuleset, RulesetError } from '../../../src/ruleset/index.ts'
import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import { Chance, familiesOf, randomTrial, systematicTrials } from './generate.ts'
import { GRAMMARS } from './grammars.ts'
import { randomLines, randomRule } from './line-grammar.ts'

/** `what is wrong; what to write instead`, or what it needs. */
const ADVICE = /^rules:[1-9][0-9]*:[1-9][0-9]*: .*(; .{4}|\bneeds? )/

/** Messages without a place, or without advice. */
function poorMessages(text: string, family: Family): string[] {
  try {
    parseRuleset(text, 'rules', family)
    return []
  } catch (error) {
    if (!(error instanceof RulesetError)) throw error
    return error.message.split('\n').filter((line) => !ADVICE.test(line))
  }
}

test('every refusal of generated rules has its place, and says what to write instead', () => {
  const poor = GRAMMARS.flatMap((grammar, index) => {
    const chance = new Chance(index)
    const random = Array.from({ length: 30 }, () => randomTrial(grammar, chance))
    return [...systematicTrials(grammar, 20, chance), ...random].flatMap(({ rule }) =>
      familiesOf(grammar).flatMap((family) =>
        poorMessages(`*${grammar.table}\n-A ${grammar.chain} ${rule}\nCOMMIT\n`, family),
      ),
    )
  })
  expect([...new Set(poor)]).toEqual([])
})

test('every refusal of generated lines has its place, and says what to write instead', () => {
  const chance = new Chance(1)
  const poor = Array.from({ length: 1000 }, () => [
    ...poorMessages(`${randomLines(chance).join('\n')}\n`, 'ipv4'),
    ...poorMessages(`*filter\n:U - [0:0]\n:V - [0:0]\n-A V ${randomRule('ipv6', chance)}\nCOMMIT\n`, 'ipv6'),
  ]).flat()
  expect([...new Set(poor)]).toEqual([])
})
