import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { Answer } from '../kernel/answer.ts'
import { answersOfCtreplay } from '../kernel/ctreplay.ts'
import { kernelOracle } from '../kernel/kernel-oracle.ts'
import { BUSY_KERNEL, type Pair, runPair } from '../kernel/pair.ts'
import { firstStory } from '../kernel/story.ts'
import { SAMPLES, type Sample } from './samples.ts'

const FOLDER = fileURLToPath(new URL('../../pcaps', import.meta.url))
const oracle = kernelOracle()
const NAMED = SAMPLES.map((sample) => [`${sample.capture}${sample.about ? `, ${sample.about}` : ''}`, sample] as const)

describe('sample captures', () => {
  it.each(NAMED)('%s', async (_, sample) => {
    const { answers } = await answersOfCtreplay({
      ...pairOf(sample),
      local: sample.local ?? [],
      inInterface: sample.mode === 'host' ? 'eth0' : 'tin',
      outInterface: sample.mode === 'host' ? 'eth0' : 'tout',
      cut: false,
    })
    expect(countBy(answers, (answer) => answer.label ?? answer.fate)).toEqual(sample.labels)
    const dropped = answers.filter(({ verdict }) => verdict === 'DROP' || verdict === 'REJECT')
    expect(countBy(dropped, (answer) => String(answer.rule))).toEqual(sample.dropped)
  })

  it('passive FTP without its helper: the data connections are NEW, and dropped', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ctreplay-ftp-'))
    const rules = join(folder, 'rules.v4')
    const text = readFileSync(join(FOLDER, 'ftp-passive.v4'), 'utf8')
    writeFileSync(rules, text.replace(/^-A PREROUTING .*--helper ftp\n/m, ''))
    const { answers } = await answersOfCtreplay({
      capture: join(FOLDER, 'ftp-passive.pcap'),
      mode: 'router',
      checksum: 'verify',
      rules,
      local: [],
      inInterface: 'tin',
      outInterface: 'tout',
      cut: false,
    })
    rmSync(folder, { recursive: true })
    expect([answers[14].label, answers[14].verdict, answers[54].label, answers[54].verdict]).toEqual([
      'NEW',
      'DROP',
      'NEW',
      'DROP',
    ])
  })

  it('are described, with a command, in pcaps/README.md', () => {
    const readme = readFileSync(join(FOLDER, 'README.md'), 'utf8')
    for (const { capture } of SAMPLES) {
      expect(readme).toContain(`| \`${capture}\``)
      expect(readme).toMatch(new RegExp(`ctreplay pcaps/${capture.replace(/^ftp-active/, 'ftp-passive')} `))
    }
  })
})

describe.skipIf(!oracle.available)(
  `the kernel about them (${oracle.available ? 'asked' : oracle.why})`,
  BUSY_KERNEL,
  () => {
    it.each(NAMED)('%s', async (_, sample) => {
      if (!oracle.available) return
      const result = await runPair(oracle, pairOf(sample))
      expect(firstStory(result)).toBe('')
      expect(countBy(result.kernel, (answer) => answer.label ?? answer.fate)).toEqual(sample.labels)
    })
  },
)

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

function countBy(answers: readonly Answer[], word: (answer: Answer) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const answer of answers) counts[word(answer)] = (counts[word(answer)] ?? 0) + 1
  return counts
}
