import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { USUAL_HELPER_PORTS } from '../../../src/conntrack/helpers/registry.ts'
import { buildProgram } from '../../support/built-program.ts'
import { tcp, udp } from '../../support/packets.ts'
import { type CaptureFrame, pcap } from '../../support/pcap.ts'

const { folder, load, remove } = buildProgram()
const { openPackets, parseRuleset, replay, TrafficCounters, summaryText } = await load()
afterAll(remove)

const RULES = '*filter\n:FORWARD ACCEPT\n-A FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n'
const FRAMES = 30_000

interface Run {
  readonly frames: readonly CaptureFrame[]
  readonly text?: string
  /** What the threads are given instead of `text`. */
  readonly textOfThreads?: string
  readonly sysctls?: Readonly<Record<string, string>>
  readonly helpers?: boolean
}

let captures = 0

/** The summary, and how often the capture had to be begun anew. */
async function shared(
  { frames, text: rules = RULES, textOfThreads = rules, sysctls = {}, helpers }: Run,
  shards: number,
) {
  const capture = join(folder, `${captures++}.pcap`)
  writeFileSync(capture, pcap(frames))
  let reopened = 0
  const numbers: number[] = []
  const traffic = new TrafficCounters()
  const options = {
    mode: 'router' as const,
    local: [],
    interfaces: [],
    rules: parseRuleset(rules, 'rules', 'ipv4'),
    sysctls: new Map(Object.entries(sysctls)),
    checksum: 'verify' as const,
    assume: new Map<string, boolean>(),
    helperPorts: helpers ? USUAL_HELPER_PORTS : [],
    sharing: {
      shards,
      rules: { text: textOfThreads, file: 'rules', labels: null },
      rules6: undefined,
      reopen: () => {
        reopened++
        return openPackets([capture], { threads: 1 })
      },
    },
  }
  const listing = {
    packet: ({ connectionNumber }: { connectionNumber: number }) => void numbers.push(connectionNumber),
  }
  const source = await openPackets([capture], { threads: shards > 0 ? 2 : 1 })
  const summary = await replay(source, options, [traffic, listing])
  // Which entries a full table holds is chance.
  const text = summaryText(summary, traffic, { verbose: true })
    .replaceAll(capture, '')
    .replace(/opened by[^-]*/, '')
  return { text, numbers, reopened, trackedBy: summary.trackedBy }
}

const alone = (run: Run) => shared(run, 0)

const questions: CaptureFrame[] = Array.from({ length: FRAMES }, (_, i) => ({
  bytes: udp(`10.0.${(i >> 4) & 255}.${i & 15}:${1000 + (i >> 12)}>10.9.9.9:53`),
  time: i / 1000,
}))

/** Somebody offers a file by IRC, and it is fetched by anybody. */
const offered: CaptureFrame[] = [
  tcp('10.0.0.1:1000>10.9.9.9:6667', 'S', { seq: 1 }),
  tcp('10.9.9.9:6667>10.0.0.1:1000', 'SA', { seq: 1, ack: 2 }),
  tcp('10.0.0.1:1000>10.9.9.9:6667', 'A', { seq: 2, ack: 2 }),
  tcp('10.0.0.1:1000>10.9.9.9:6667', 'PA', {
    seq: 2,
    ack: 2,
    data: new TextEncoder().encode('PRIVMSG bob :\u0001DCC SEND file 167772161 5000\u0001\n'),
  }),
  ...Array.from({ length: 9 }, (_, i) => tcp(`10.0.0.${i + 20}:2000>10.0.0.1:5000`, 'S', { seq: 1 })),
].map((bytes, i) => ({ bytes, time: 31 + i / 10 }))

describe('a team of threads', () => {
  it('does the work, and says what one machine says, connections by the same numbers', async () => {
    const run = { frames: [...questions, ...offered.slice(0, 3)] }
    const { reopened, trackedBy, ...said } = await shared(run, 3)
    expect({ reopened, trackedBy }).toEqual({ reopened: 0, trackedBy: 'threads' })
    expect(said).toEqual({ text: (await alone(run)).text, numbers: (await alone(run)).numbers })
    expect(Math.max(...said.numbers)).toBeGreaterThan(4000)
  })

  it('is not called where a rule keeps something between connections, or helpers announce them', async () => {
    const limit = RULES.replace('INVALID', 'NEW -m limit --limit 1/s')
    for (const run of [{ text: limit }, { helpers: true }]) {
      const said = await shared({ frames: questions, textOfThreads: 'not read', ...run }, 2)
      const { text, reopened, trackedBy } = said
      expect({ reopened, trackedBy }).toEqual({ reopened: 0, trackedBy: 'one' })
      expect(text).toContain('30,000 frames')
    }
  })

  it('ends the replay when a thread dies', async () => {
    await expect(shared({ frames: questions, textOfThreads: 'no rules' }, 2)).rejects.toThrow(
      /has died: .*stands outside of a table/,
    )
  })

  it('leaves the work to one machine before the table is full', async () => {
    const run = { frames: questions, sysctls: { nf_conntrack_max: '3000' } }
    const { reopened, trackedBy, ...said } = await shared(run, 3)
    expect({ reopened, trackedBy }).toEqual({ reopened: 1, trackedBy: 'full-table' })
    const { reopened: _, trackedBy: __, ...expected } = await alone(run)
    expect(said).toEqual(expected)
    expect(said.text).toContain('The connection table was full')
  })

  it('leaves it as soon as a helper would have announced what may concern other hosts', async () => {
    const run = { frames: [...questions, ...offered, ...questions.map(({ bytes }) => ({ bytes, time: 40 }))] }
    const { reopened, trackedBy, ...said } = await shared(run, 3)
    expect({ reopened, trackedBy }).toEqual({ reopened: 1, trackedBy: 'announced' })
    const { reopened: _, trackedBy: __, ...expected } = await alone(run)
    expect(said).toEqual(expected)
    expect(said.text).toContain('would have been RELATED with the irc helper')
  })
})
