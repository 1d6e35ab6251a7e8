import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pcap } from '../support/pcap.ts'
import type { AvailableOracle, OracleLine } from './kernel-oracle.ts'
import type { Probe } from './probes/probe.ts'

/**
 * Answers by probe, in the order of the packets, each as a line: `NEW`, `ESTABLISHED/reply`, `NEW not-routed`,
 * `INVALID "nf_ct_proto_6: invalid new"`. The verdict stands only where it is not ACCEPT.
 */
export type RecordedAnswers = Readonly<Record<string, readonly string[]>>

/** Asks the running kernel, some probes at a time. */
export async function askKernel(oracle: AvailableOracle, probes: readonly Probe[]): Promise<RecordedAnswers> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-probes-'))
  const answers: Record<string, readonly string[]> = {}
  const waiting = probes.map((probe, index) => ({ probe, file: join(folder, `${index}.pcap`) }))
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      writeFileSync(next.file, pcap(next.probe.packets))
      const sysctls = Object.entries(next.probe.sysctls ?? {}).flatMap(([key, value]) => [
        '--sysctl',
        `${key}=${value}`,
      ])
      const lines = await oracle.run(next.file, ['--virtual-time', ...sysctls])
      answers[next.probe.name] = lines.map(recorded)
    }
  }
  try {
    await Promise.all([worker(), worker(), worker()])
  } finally {
    rmSync(folder, { recursive: true })
  }
  return Object.fromEntries(probes.map(({ name }) => [name, answers[name]]))
}

function recorded({ state, verdict, dir, why }: OracleLine): string {
  const direction = dir === 'reply' ? '/reply' : ''
  const outcome = verdict === 'ACCEPT' || verdict === null ? '' : ` ${verdict}`
  return `${state}${direction}${outcome}${why === undefined ? '' : ` "${why}"`}`
}

/** The oracle's line behind a recorded answer. */
export function lineOfRecorded(text: string): OracleLine {
  const match = /^([A-Z_]+)(\/reply)?(?: (DROP|not-routed|not-seen))?(?: "(.*)")?$/.exec(text)
  if (match === null) throw new Error(`not a recorded answer: ${text}`)
  const [, state, reply, outcome, why] = match
  const tracked = state === 'NEW' || state === 'ESTABLISHED' || state === 'RELATED'
  const unlabelled = state === 'FRAG_QUEUED' || state === 'NOT_IP'
  return {
    n: 0,
    state,
    verdict: unlabelled ? null : ((outcome as OracleLine['verdict'] | undefined) ?? 'ACCEPT'),
    ...(tracked ? { dir: reply === undefined ? 'original' : 'reply' } : {}),
    ...(why === undefined ? {} : { why }),
  }
}
