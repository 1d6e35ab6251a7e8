import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, it } from 'vitest'
import { kernelOracle } from '../../kernel/kernel-oracle.ts'
import { type Answers, answersOfCtreplay, answersOfKernel } from './answers.ts'
import { HELPER_PROBES } from './probes/index.ts'
import type { HelperProbe } from './probes/probe.ts'

/**
 * What Linux 6.18 said. `RECORD_HELPERS=ftp npx vitest run test/conntrack/helpers` asks the running kernel and writes anew
 * what it says to the probes with that word in their names; `RECORD_HELPERS=` to all.
 */
const FILE = new URL('recorded-6.18.json', import.meta.url)
const oracle = kernelOracle()

const RECORDED: Record<string, Answers> = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}
const { RECORD_HELPERS } = process.env
if (RECORD_HELPERS !== undefined && oracle.available) {
  Object.assign(RECORDED, await askKernel(HELPER_PROBES.filter(({ name }) => name.includes(RECORD_HELPERS))))
  const inOrder = HELPER_PROBES.map(({ name }) => [name, RECORDED[name]])
  writeFileSync(FILE, `${JSON.stringify(Object.fromEntries(inOrder), null, 2)}\n`)
}

describe('helpers do what those of Linux 6.18 did', () => {
  it.each(HELPER_PROBES.map((probe) => [probe.name, probe] as const))('%s', async (name, probe) => {
    expect(await answersOfCtreplay(probe)).toEqual(RECORDED[name])
  })
})

describe.skipIf(!oracle.available)(`the running kernel (${oracle.available ? release() : oracle.why})`, () => {
  it('still says what was recorded', async () => {
    let answers = await askKernel(HELPER_PROBES)
    // The kernel's own timers go on while a busy machine is late with the packets: what it says three times is so.
    for (let again = 0; again < 2; again++) {
      const differing = HELPER_PROBES.filter(({ name }) => !isDeepStrictEqual(answers[name], RECORDED[name]))
      answers = { ...answers, ...(await askKernel(differing)) }
    }
    expect(answers).toEqual(RECORDED)
  }, 600_000)
})

async function askKernel(probes: readonly HelperProbe[]): Promise<Record<string, Answers>> {
  const answers: Record<string, Answers> = {}
  const waiting = [...probes]
  const worker = async (): Promise<void> => {
    for (let probe = waiting.shift(); probe !== undefined; probe = waiting.shift()) {
      if (oracle.available) answers[probe.name] = await answersOfKernel(oracle, probe)
    }
  }
  await Promise.all([worker(), worker(), worker()])
  return Object.fromEntries(probes.map(({ name }) => [name, answers[name]]))
}
