import { describe, expect, test } from 'vitest'
import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import { compareFiles } from '../compared-files.ts'
import { noIptables } from '../iptables-tools.ts'
import { Chance } from './generate.ts'
import { randomLines, randomRule } from './line-grammar.ts'

const FILES = Number(process.env.CTREPLAY_RANDOM_RULES ?? 15) * 20
const SEED = Number(process.env.CTREPLAY_SEED ?? 1)

describe.skipIf(noIptables)(`lines as iptables takes and saves them ${noIptables}`, () => {
  test.each(['ipv4', 'ipv6'] as const)('%s: rules with generic options', (family) => {
    const chance = new Chance(SEED)
    const head = '*filter\n:U - [0:0]\n:V - [0:0]\n'
    const files = Array.from(
      { length: FILES },
      () => `${head}-A ${chance.of(['FORWARD', 'INPUT', 'OUTPUT', 'V'])} ${randomRule(family, chance)}\nCOMMIT\n`,
    )
    checkMix(files, family)
  })

  test('commands that change chains', () => {
    const chance = new Chance(SEED + 1)
    const files = Array.from({ length: FILES }, () => `${randomLines(chance).join('\n')}\n`)
    checkMix(files, 'ipv4')
  })
})

/** Neither most of them right nor most of them wrong. */
function checkMix(files: readonly string[], family: Family): void {
  const { differing, taken } = compareFiles(files, family)
  expect(differing).toEqual([])
  expect(taken / files.length).toBeGreaterThan(0.15)
  expect(taken / files.length).toBeLessThan(0.8)
}
