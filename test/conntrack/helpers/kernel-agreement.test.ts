import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { describe, expect, it } from 'vitest'
import { kernelOracle } from '../../kernel/kernel-oracle.ts'
import { type Answers, answersOfCtreplay, answersOfKernel } from './answers.ts'
import { HELPER_PROBES } from './probes/index.ts'

/** What Linux 6.18 said. `RECORD_HELPERS=1 npx vitest run test/conntrack/helpers` asks the running kernel and writes it anew. */
const FILE = new URL('recorded-6.18.json', import.meta.url)
const oracle = kernelOracle()

if (process.env.RECORD_HELPERS !== undefined && oracle.available) {
  writeFileSync(FILE, `${JSON.stringify(await askKernel(), null, 2)}\n`)
}
const RECORDED: Readonly<Record<string, Answers>> = existsSync(FILE) ? JSON.parse(readFileSync(FILE, 'utf8')) : {}

describe('helpers do what those of Linux 6.18 did', () => {
  it.each(HELPER_PROBES.map((probe) => [probe.name, probe] as const))('%s', async (name, probe) => {
    expect(await answersOfCtreplay(probe)).toEqual(RECORDED[name])
  })
})

describe.skipIf(!oracle.available)(`the running kernel (${oracle.available ? release() : oracle.why})`, () => {
  it('still says what was recorded', async () => {
    expect(await askKernel()).toEqual(RECORDED)
  })
})

async function askKernel(): Promise<Record<string, Answers>> {
  const answers: Record<string, Answers> = {}
  const waiting = [...HELPER_PROBES]
  const worker = async (): Promise<void> => {
    for (let probe = waiting.shift(); probe !== undefined; probe = waiting.shift()) {
      if (oracle.available) answers[probe.name] = await answersOfKernel(oracle, probe)
    }
  }
  await Promise.all([worker(), worker(), worker()])
  return Object.fromEntries(HELPER_PROBES.map(({ name }) => [name, answers[name]]))
}
