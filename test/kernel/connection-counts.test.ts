import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { datagram, tcp, udp } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { lastingDifference } from './run-packets.ts'

const oracle = kernelOracle()

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

/**
 * Between two clients of one network and six servers: what opens, answers, closes, and waits until some of it is gone. Queries
 * are not answered: when the oracle makes UDP ASSURED, by the time of the capture, the rules have already seen the packet.
 */
const SEGMENTS = ['S', 'SA', 'A', 'FA', 'R', 'RA'] as const
const step = fc.record({
  client: fc.integer({ min: 1, max: 2 }),
  server: fc.integer({ min: 1, max: 6 }),
  port: fc.constantFrom(1000, 1001),
  said: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...SEGMENTS, 'S' as const) }, fc.constant('query' as const)),
  isAnswer: fc.boolean(),
  /** Seconds. */
  wait: fc.oneof({ weight: 12, arbitrary: fc.constant(0.01) }, fc.constantFrom(5, 12, 31, 61, 125)),
})
const conversations = fc.array(step, { minLength: 150, maxLength: 150 }).map((steps) => {
  let time = 0
  return steps.map(({ client, server, port, said, isAnswer, wait }): CaptureFrame => {
    time += wait
    const path = [`10.0.0.${client}:${port}`, `10.1.0.${server}:80`]
    if ((isAnswer && said !== 'query') || said === 'SA' || said === 'RA') path.reverse()
    const numbers = isAnswer ? { seq: 501, ack: 101 } : { seq: said === 'S' ? 100 : 101, ack: 501 }
    const opened = said === 'SA' ? { seq: 500, ack: 101 } : said === 'RA' ? { seq: 0, ack: 101 } : numbers
    return { bytes: said === 'query' ? udp(path.join('>')) : tcp(path.join('>'), said, opened), time }
  })
})

const LIMITS = [
  ['of every packet', '', '-j REJECT'],
  ['of SYNs', '-p tcp --syn', '-j REJECT'],
  ['of a network', '-p tcp --syn', '--connlimit-mask 24 -j DROP'],
  ['twice of every packet', '', '-j REJECT', 'twice'],
  ['of a destination, after others', '-p tcp -m conntrack --ctstate NEW --dport 80', '--connlimit-daddr -j DROP'],
] as const
const RUNS = Number(process.env.CTREPLAY_RANDOM_CONVERSATIONS ?? 2)

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
        'of 64 ahead of it all after it go, too',
        [...ASSURED, ...queries(1, 64, 1), query(240, 2), ...queries(65, 30, 3), answer(240, 25), ack(40), ...later],
      ],
    ])('where %s', async (_, packets) => {
      if (!oracle.available) return
      expect(await lastingDifference(oracle, { packets, mode: 'router', rules: COUNTING })).toBe('')
    })

    it('and IPv6, where 66 are gone', async () => {
      if (!oracle.available) return
      const ask = (to: number, time: number): CaptureFrame => ({
        bytes: udp(`[2001:db8::1]:4000>[2001:db8:1::${to}]:53`),
        time,
      })
      const gone = Array.from({ length: 66 }, (_, n) => ask(n + 1, 1 + n / 1000))
      const now = [200, 200, 201, 200].map((to, n) => ask(to, 40 + n))
      const packets = [...gone, ...now]
      expect(await lastingDifference(oracle, { packets, mode: 'router', rules6: COUNTING })).toBe('')
    })

    it('where a packet meets the rule twice, and one that tells of no connection', async () => {
      if (!oracle.available) return
      const above = (count: number): string => `-A L${count} -m connlimit --connlimit-above ${count} -j DROP`
      const counts = [5, 4, 3, 2, 1]
      const visits = counts.flatMap((count) => [`-A FORWARD -j L${count}`, `-A FORWARD -p udp -j L${count}`])
      const rules = [
        '*filter',
        ...counts.map((count) => `:L${count} - [0:0]`),
        ...visits,
        ...counts.map(above),
        'COMMIT',
        '',
      ]
      const short = { bytes: datagram(`${CLIENT}>10.1.0.1`, 17, [1, 2]), time: 9 }
      const packets = [
        query(1, 1),
        query(1, 2),
        query(2, 3),
        answer(1, 4),
        query(1, 5),
        query(3, 6),
        short,
        query(3, 40),
      ]
      expect(await lastingDifference(oracle, { packets, mode: 'router', rules: rules.join('\n') })).toBe('')
    })

    const enough = { timeout: 60_000 + RUNS * 10_000 }
    it.each(LIMITS)('in random conversations: %s', enough, async (_, before, after, times?: string) => {
      if (!oracle.available) return
      const limits = [4, 3, 2].map((limit) => `-A FORWARD ${before} -m connlimit --connlimit-above ${limit} ${after}`)
      const chains = times === undefined ? limits : [':L - [0:0]', '-A FORWARD -j L', '-A FORWARD -j L', ...limits]
      const inChain = chains.map((rule) => (times === undefined ? rule : rule.replace('FORWARD  -m', 'L  -m')))
      const rules = ['*filter', ...inChain, 'COMMIT', ''].join('\n')
      const agrees = fc.asyncProperty(conversations, async (packets) => {
        expect(await lastingDifference(oracle, { packets, mode: 'router', rules })).toBe('')
      })
      await fc.assert(agrees, { numRuns: RUNS, endOnFailure: true })
    })
  },
)
