import { allocatedPerPacket } from './allocation.ts'
import { CAPTURES, captureFile } from './captures.ts'
import { measureGrowth } from './connection-growth.ts'
import { USUAL_RULES } from './contenders.ts'
import { measurePipe } from './pipe.ts'
import { rulesetFile } from './rulesets.ts'

const CONNECTIONS = 1_000_000
const SHORT_CAPTURE = 1_000_000
const BYTES_EACH_AT_MOST = 160
const PAUSE_MS_AT_MOST = 50
/** No allocation per packet, but for what a million of them share. */
const ALLOCATED_AT_MOST = 1

/** The connection table by itself: what, target, measured, met or not. */
export function growthRows(): string[][] {
  const { bytesEach, mean, nearlyAll, longest } = measureGrowth(CONNECTIONS)
  const pause = longest / 1000
  return [
    [
      'bytes a connection, of a million',
      `≤ ${BYTES_EACH_AT_MOST}`,
      bytesEach.toFixed(1),
      met(bytesEach, BYTES_EACH_AT_MOST),
    ],
    ['longest insertion', `≤ ${PAUSE_MS_AT_MOST} ms`, `${pause.toFixed(1)} ms`, met(pause, PAUSE_MS_AT_MOST)],
    ['insertion, mean', '', `${mean.toFixed(2)} µs`, ''],
    ['insertion, 99.99 % of all', '', `${nearlyAll.toFixed(0)} µs`, ''],
  ]
}

/** Replays of `a` and of a capture four times as long, so that only what each packet allocates makes a difference. */
export function allocationRows(scale: number, cache: string): string[][] {
  const kind = CAPTURES[0]
  const [short, long] = [1, 4].map((times) => {
    const packets = Math.round(SHORT_CAPTURE * times * scale)
    return { path: captureFile(kind, packets, cache), packets }
  })
  const rules = ['--rules', rulesetFile(USUAL_RULES, cache)]
  const row = (name: string, options: readonly string[]): string[] => {
    const bytes = allocatedPerPacket(short, long, options)
    return [name, `≤ ${ALLOCATED_AT_MOST}`, bytes.toFixed(2), met(bytes, ALLOCATED_AT_MOST)]
  }
  return [
    row('summary, 100 rules', rules),
    row('NDJSON of every packet, 100 rules', [...rules, '--ndjson', '/dev/null']),
  ]
}

/** Resident memory on the way through a capture that no disk holds. */
export async function pipeRows(gigabytes: number, cache: string): Promise<string[][]> {
  const rules = ['--rules', rulesetFile(USUAL_RULES, cache)]
  const { seconds, residentMiB, peakMiB } = await measurePipe(gigabytes * 1e9, rules)
  return [[`${gigabytes} GB in ${seconds.toFixed(0)} s`, ...[...residentMiB, peakMiB].map((mib) => mib.toFixed(0))]]
}

export const PIPE_TITLES = ['MiB at', ...Array.from({ length: 10 }, (_, i) => `${(i + 1) * 10} %`), 'peak']

function met(measured: number, atMost: number): string {
  return measured <= atMost ? 'met' : 'missed'
}
