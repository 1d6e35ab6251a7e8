import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tcp, udp } from '../support/packets.ts'
import { type CaptureFrame, pcap } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { runPair } from './pair.ts'
import { firstStory } from './story.ts'

const oracle = kernelOracle()
const folder = mkdtempSync(join(tmpdir(), 'ctreplay-counts-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Counts up to this are told apart. */
const COUNTED = 100
const each = (rule: (count: number) => string): string[] => Array.from({ length: COUNTED }, (_, n) => rule(n + 1))
/** Each packet comes by all limits, and is decided by the rule that names how many connections its client has. */
const COUNTING = [
  '*filter',
  ...each((count) => `-A FORWARD -m connlimit --connlimit-above ${count - 1} -j MARK --set-mark ${count}`),
  ...each((count) => `-A FORWARD -m mark --mark ${count} -j ACCEPT`),
  'COMMIT',
  '',
].join('\n')

const CLIENT = '10.0.0.1'
/** Unanswered, it is gone after 30 seconds. */
const query = (to: number, time: number): CaptureFrame => ({ bytes: udp(`${CLIENT}:4000>10.1.0.${to}:53`), time })
const answer = (to: number, time: number): CaptureFrame => ({ bytes: udp(`10.1.0.${to}:53>${CLIENT}:4000`), time })
const queries = (from: number, count: number, time: number): CaptureFrame[] =>
  Array.from({ length: count }, (_, n) => query(from + n, time + n / 1000))
const ack = (time: number): CaptureFrame => ({
  bytes: tcp(`${CLIENT}:999>10.1.0.250:80`, 'A', { seq: 101, ack: 501 }),
  time,
})
/** ASSURED: no search looks for it. */
const ASSURED: readonly CaptureFrame[] = [
  { bytes: tcp(`${CLIENT}:999>10.1.0.250:80`, 'S', { seq: 100 }), time: 0 },
  { bytes: tcp(`10.1.0.250:80>${CLIENT}:999`, 'SA', { seq: 500, ack: 101 }), time: 0.1 },
  ack(0.2),
]
const later = [query(200, 40), query(200, 41), query(201, 42), query(200, 43), query(202, 44), query(201, 45)]

describe.skipIf(!oracle.available)(
  `connections that connlimit counts (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each([
      ['65 are gone', [...queries(1, 65, 1), ...later]],
      ['66 are gone: one is left', [...queries(1, 66, 1), ...later]],
      ['150 are gone: the search ends, and a connection counts twice', [...queries(1, 150, 1), ...later]],
      ['many are gone ahead of an ASSURED one', [...ASSURED, ...queries(1, 150, 1), ack(40), ...later, ack(46)]],
      [
        'between them is one that stays',
        [...ASSURED, ...queries(1, 65, 1), query(240, 2), ...queries(66, 30, 3), answer(240, 25), ack(40), ...later],
      ],
      [
        'of 64 ahead of it all behind it go, too',
        [...ASSURED, ...queries(1, 64, 1), query(240, 2), ...queries(65, 30, 3), answer(240, 25), ack(40), ...later],
      ],
    ])('where %s', async (name, frames) => {
      if (!oracle.available) return
      const capture = join(folder, `${name}.pcap`)
      const rules = join(folder, `${name}.v4`)
      writeFileSync(capture, pcap(frames))
      writeFileSync(rules, COUNTING)
      const result = await runPair(oracle, { capture, mode: 'router', checksum: 'verify', rules })
      expect(firstStory(result)).toBe('')
    })
  },
)
