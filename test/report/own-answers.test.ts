import { expect, test } from 'vitest'
import { replay } from '../../src/netfilter/replay.ts'
import { summaryText } from '../../src/report/summary.ts'
import { TrafficCounters } from '../../src/report/traffic-counters.ts'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { FramesReader, OPTIONS } from '../netfilter/frames-reader.ts'
import { icmp, icmpv6, tcp, udp } from '../support/packets.ts'

const REJECTING = `*filter
-A INPUT -p tcp --dport 113 -j REJECT --reject-with tcp-reset
-A INPUT -p udp --dport 99 -j REJECT
-A INPUT -p tcp --dport 80 -j DROP
COMMIT
`
const LOCAL = ['10.9.9.9', '2001:db8::9']

/** What the summary says about answers of the machine itself, on one line. */
async function saidOf(...frames: Uint8Array[]): Promise<string | null> {
  const traffic = new TrafficCounters()
  const reader = new FramesReader(frames.map((bytes, i) => ({ bytes, time: i / 1000 })))
  const options = {
    ...OPTIONS,
    mode: 'router',
    local: LOCAL,
    rules: parseRuleset(REJECTING, 'rules.v4', 'ipv4'),
    rules6: parseRuleset(REJECTING, 'rules.v6', 'ipv6'),
  } as const
  const text = summaryText(await replay(reader, options, [traffic]), traffic).replace(/\s+/g, ' ')
  return /Of \d+ INVALID packets?, .*?as INVALID\./.exec(text)?.[0] ?? null
}

const one = (frame: number): string =>
  `Of 1 INVALID packet, 1 (frame ${frame}) answers a packet that was rejected or not routed. If the machine itself sent it, it was ` +
  'RELATED, and not dropped as INVALID.'

const SYN = tcp('10.0.0.1:4000>10.9.9.9:113', 'S', { seq: 7 })
const RESET = tcp('10.9.9.9:113>10.0.0.1:4000', 'RA', { ack: 8 })
const QUESTION = udp('10.0.0.1:5000>10.9.9.9:99')
const QUESTION_V6 = udp('[2001:db8::1]:5000>[2001:db8::9]:99')
const DYING = udp('10.0.0.1:5000>10.7.7.7:99', { ttl: 1 })

test.each([
  ['a reset', SYN, RESET],
  ['port unreachable', QUESTION, icmp('10.9.9.9>10.0.0.1', 3, 3, { data: QUESTION })],
  ['port unreachable, IPv6', QUESTION_V6, icmpv6('2001:db8::9>2001:db8::1', 1, 4, { data: QUESTION_V6 })],
  ['time exceeded', DYING, icmp('10.9.9.9>10.0.0.1', 11, 0, { data: DYING })],
])('%s', async (_, packet, answer) => {
  expect(await saidOf(packet, answer)).toBe(one(2))
})

test('several', async () => {
  expect(await saidOf(SYN, RESET, SYN, RESET)).toBe(
    'Of 2 INVALID packets, 2 (first frame 2) answer packets that were rejected or not routed. If the machine itself sent them, ' +
      'they were RELATED, and not dropped as INVALID.',
  )
})

test.each([
  ['nothing was rejected', RESET, RESET],
  ['the packet was dropped', tcp('10.0.0.1:4000>10.9.9.9:80', 'S'), tcp('10.9.9.9:80>10.0.0.1:4000', 'RA', { ack: 1 })],
  ['another port was rejected', SYN, tcp('10.9.9.9:113>10.0.0.1:4001', 'RA', { ack: 8 })],
  ['it is no reset', SYN, tcp('10.9.9.9:113>10.0.0.1:4000', 'SA', { ack: 8 })],
  [
    'the quoted packet has other ends',
    QUESTION,
    icmp('10.9.9.9>10.0.0.1', 3, 3, { data: udp('10.0.0.1:5>10.9.9.8:9') }),
  ],
  ['the quoted packet is cut', QUESTION, icmp('10.9.9.9>10.0.0.1', 3, 3, { data: QUESTION.subarray(0, 12) })],
])('none: %s', async (_, packet, answer) => {
  expect(await saidOf(packet, answer)).toBe(null)
})
