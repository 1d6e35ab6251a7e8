import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../kernel/answer.ts'
import { answersOfCtreplay } from '../kernel/ctreplay.ts'
import { kernelOracle } from '../kernel/kernel-oracle.ts'
import { type Pair, runPair } from '../kernel/pair.ts'
import { storyOf } from '../kernel/story.ts'
import { SAMPLES, type Sample } from './samples.ts'

const FOLDER = fileURLToPath(new URL('../../pcaps', import.meta.url))
const oracle = kernelOracle()
const NAMED = SAMPLES.map((sample) => [`${sample.capture}${sample.about ? `, ${sample.about}` : ''}`, sample] as const)

describe('sample captures', () => {
  it.each(NAMED)('%s', async (_, sample) => {
    const { answers, packets } = await answersOfCtreplay({
      ...pairOf(sample),
      local: sample.local ?? [],
      inInterface: sample.mode === 'host' ? 'eth0' : 'tin',
      outInterface: sample.mode === 'host' ? 'eth0' : 'tout',
      cut: false,
    })
    const counted = answers.filter((_, i) => sample.onlyPort === undefined || hasPort(packets[i].text, sample.onlyPort))
    expect(countBy(counted, (answer) => answer.label ?? answer.fate)).toEqual(sample.labels)
    const dropped = counted.filter(({ verdict }) => verdict === 'DROP' || verdict === 'REJECT')
    expect(countBy(dropped, (answer) => String(answer.rule))).toEqual(sample.dropped)
  })

  it('are described, with a command, in pcaps/README.md', () => {
    const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8')
    for (const { capture } of SAMPLES) {
      expect(readme).toContain(`| \`${capture}\``)
      expect(readme).toMatch(new RegExp(`ctreplay pcaps/${capture.replace(/^ftp-active/, 'ftp-passive')} `))
    }
  })
})

/** Frames that hang on a helper differ until ctreplay has it; what is compared here are the samples that need none. */
describe.skipIf(!oracle.available)(`the kernel about them (${oracle.available ? 'asked' : oracle.why})`, () => {
  it.each(NAMED.filter(([, sample]) => sample.onlyPort === undefined))('%s', async (_, sample) => {
    if (!oracle.available) return
    const result = await runPair(oracle, pairOf(sample))
    const [first] = result.comparison.differences
    expect(first === undefined ? '' : storyOf(result, first)).toBe('')
    expect(countBy(result.kernel, (answer) => answer.label ?? answer.fate)).toEqual(sample.labels)
  })
})

function pairOf(sample: Sample): Pair {
  return {
    capture: join(FOLDER, sample.capture),
    mode: sample.mode,
    checksum: sample.checksum ?? 'verify',
    ...(sample.rules === undefined ? {} : { rules: join(FOLDER, sample.rules) }),
    ...(sample.rules6 === undefined ? {} : { rules6: join(FOLDER, sample.rules6) }),
    ...(sample.local === undefined ? {} : { local: sample.local }),
    ...(sample.sysctls === undefined ? {} : { sysctls: sample.sysctls }),
  }
}

function hasPort(text: string, port: number): boolean {
  return new RegExp(` ${port}( |$)`).test(text.replace(/ \[.*$/, ''))
}

function countBy(answers: readonly Answer[], word: (answer: Answer) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[word(answer)] = (counts[word(answer)] ?? 0) + 1
  return counts
}
