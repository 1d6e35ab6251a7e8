import { readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/files.ts'
import { pcap } from '../support/pcap.ts'
import { type Answer, answerOfKernel, answerText } from './answer.ts'
import { compare } from './compare.ts'
import { answersOfCtreplay } from './ctreplay.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { askKernel, lineOfRecorded, type RecordedAnswers } from './probe-kernel.ts'
import { PROBES } from './probes/index.ts'

const RECORDED: RecordedAnswers = JSON.parse(readFileSync(new URL('recorded-6.18.json', import.meta.url), 'utf8'))
const oracle = kernelOracle()
const folder = temporaryFolder()

describe('ctreplay says what Linux 6.18 said', () => {
  it.each(PROBES.map((probe) => [probe.name, probe] as const))('%s', async (name, probe) => {
    const capture = join(folder, 'probe.pcap')
    writeFileSync(capture, pcap(probe.packets))
    const { answers } = await answersOfCtreplay({
      capture,
      mode: 'router',
      checksum: 'verify',
      local: [],
      inInterface: 'tin',
      outInterface: 'tout',
      sysctls: probe.sysctls ?? {},
      cut: false,
    })
    const kernel = RECORDED[name].map((text) => answerOfKernel(lineOfRecorded(text)))
    const { differences } = compare(kernel, answers)
    const said = (side: readonly Answer[]) => differences.map(({ frame }) => `${frame}: ${answerText(side[frame - 1])}`)
    expect(said(answers)).toEqual(said(kernel))
    expect(differences).toEqual([])
  })
})

describe.skipIf(!oracle.available)(`the running kernel (${oracle.available ? release() : oracle.why})`, () => {
  it('still says what was recorded', async () => {
    if (!oracle.available) return
    expect(await askKernel(oracle, PROBES)).toEqual(RECORDED)
  })
})
