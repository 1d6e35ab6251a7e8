import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { icmp, icmpv6, tcp, udp } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { lastingDifference } from './run-packets.ts'

const oracle = kernelOracle()

const RUNS = Number(process.env.CTREPLAY_RANDOM_CONVERSATIONS ?? 12)
/** In real time: a conversation is over long before a rate below gains anything. */
const PACKETS = 160
const GAP_SECONDS = 0.0005

const one = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts)
const words = (...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.tuple(...parts).map((texts) => texts.filter((text) => text !== '').join(' '))
const count = (option: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.integer({ min, max }).map((n) => `${option} ${n}`)

const plain = one(
  ...['', '-p tcp', '-p udp', '-p tcp --syn', '-p udp --dport 53', '-s 10.0.0.1', '-s 10.0.0.0/31', '! -s 10.0.0.2'],
  ...['-m conntrack --ctstate NEW', '-m conntrack --ctstate ESTABLISHED', '-m conntrack --ctstatus ASSURED'],
  ...['-m length --length 0:40', '-m ttl --ttl-lt 60', '-m mark --mark 1', '-m connmark --mark 2'],
)
const list = words(
  one('--name a', '--name b'),
  one('', '--rsource', '--rdest'),
  one('', '--mask 255.255.255.0', '--mask 255.255.255.254'),
)
const seen = words(one('--rcheck', '--update', '! --rcheck', '! --update'), list, one('', '--rttl'))
const hits = count('--hitcount', 1, 4)
const bucket = words(
  one('-m hashlimit --hashlimit-upto', '-m hashlimit --hashlimit-above'),
  fc.oneof(
    count('1/hour --hashlimit-burst', 1, 6),
    one('100b/s --hashlimit-burst 200b', '100b/s --hashlimit-burst 1kb'),
  ),
  one('--hashlimit-mode srcip --hashlimit-srcmask 31', '--hashlimit-mode dstip', '--hashlimit-mode srcip,dstport'),
  count('--hashlimit-name H', 1, 1e6).map((name) => name.replace('H ', 'H')),
)
const memory = fc.oneof(
  words(one('-m recent --set', '-m recent --remove', '-m recent ! --set'), list),
  words(one('-m recent'), seen, fc.oneof(one(''), hits, words(hits, one('--seconds 1000', '--seconds 1000 --reap')))),
  bucket,
  count('-m limit --limit 1/hour --limit-burst', 1, 8),
  words(one('-m quota --quota', '-m quota ! --quota'), one('40', '100', '500', '1000', '3000')),
  words(count('-m statistic --mode nth --every', 2, 5), count('--packet', 0, 1)),
  words(
    one('-m connbytes --connbytes-mode packets --connbytes 2', '-m connbytes --connbytes-mode packets --connbytes 2:4'),
    one('--connbytes-dir both', '--connbytes-dir original', '--connbytes-dir reply'),
  ),
  words(count('-m connlabel --label', 0, 2), one('', '--set')),
)
const target = [
  ...['', '-j ACCEPT', '-j DROP', '-j RETURN', '-j REJECT', '-j MARK --set-mark 1', '-j CONNMARK --set-mark 2'],
]
const rule = (chain: string, ...jumps: string[]): fc.Arbitrary<string> =>
  words(one(`-A ${chain}`), plain, fc.oneof(memory, one('')), memory, one(...target, ...jumps))
const ruleset = fc
  .tuple(
    one('ACCEPT', 'DROP'),
    fc.array(rule('FORWARD', '-j LIST', '-g LIST'), { minLength: 7, maxLength: 7 }),
    fc.array(rule('LIST'), { minLength: 4, maxLength: 4 }),
  )
  .map(([policy, first, second]) =>
    ['*filter', `:FORWARD ${policy} [0:0]`, ':LIST - [0:0]', ...first, ...second, 'COMMIT', ''].join('\n'),
  )

/** The same for IPv6. */
const inIpv6 = (rules: string): string =>
  rules
    .replaceAll('10.0.0.0/31', '2001:db8::/127')
    .replaceAll(/10\.0\.0\.(\d)/g, '2001:db8::$1')
    .replaceAll('--mask 255.255.255.0', '--mask ffff:ffff::')
    .replaceAll('--mask 255.255.255.254', '--mask ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe')
    .replaceAll('--hashlimit-srcmask 31', '--hashlimit-srcmask 127')
    .replaceAll('-m ttl --ttl-lt', '-m hl --hl-lt')
    .replaceAll('--length 0:40', '--length 0:60')
const addressInIpv6 = (text: string): string =>
  text.replaceAll(/10\.(\d)\.0\.(\d)/g, '[2001:db8:$1::$2]').replaceAll(':0::', '::')

const packet = fc
  .record({
    client: one('10.0.0.1', '10.0.0.2', '10.0.0.3'),
    server: one('10.1.0.1', '10.1.0.2', '10.1.0.3'),
    from: one('1000', '1001'),
    to: one('53', '80'),
    said: one('S', 'S', 'SA', 'A', 'PA', 'FA', 'R', 'query', 'query', 'ping'),
    isAnswer: fc.boolean(),
    ttl: fc.constantFrom(64, 64, 64, 50),
    length: fc.constantFrom(0, 2, 60),
  })
  .map(({ client, server, from, to, said, isAnswer, ttl, length: data }) => (isV6: boolean) => {
    const turned = said === 'SA' || isAnswer
    const way = turned ? `${server}:${to}>${client}:${from}` : `${client}:${from}>${server}:${to}`
    const path = isV6 ? addressInIpv6(way) : way
    if (said === 'query') return udp(path, { ttl, data })
    if (said === 'ping') {
      const hosts = turned ? `${server}>${client}` : `${client}>${server}`
      if (isV6) return icmpv6(addressInIpv6(hosts).replaceAll(/[[\]]/g, ''), turned ? 129 : 128, 0, { id: 7, ttl })
      return icmp(hosts, turned ? 0 : 8, 0, { id: 7, ttl })
    }
    const numbers = turned ? { seq: said === 'SA' ? 500 : 501, ack: 101 } : { seq: said === 'S' ? 100 : 101, ack: 501 }
    return tcp(path, said, { ttl, ...numbers, data: said === 'PA' ? data : 0 })
  })
const conversations = fc
  .array(packet, { minLength: PACKETS, maxLength: PACKETS })
  .map(
    (packets) => (isV6: boolean) =>
      packets.map((packet, n): CaptureFrame => ({ bytes: packet(isV6), time: n * GAP_SECONDS })),
  )

describe.skipIf(!oracle.available)(
  `rules that remember what they saw (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    const enough = { timeout: 60_000 + RUNS * 10_000 }
    it.each(['rules', 'rules6'] as const)('answer as the kernel does: %s', enough, async (option) => {
      if (!oracle.available) return
      const isV6 = option === 'rules6'
      const agrees = fc.asyncProperty(ruleset, conversations, async (rules, packets) => {
        const asked = {
          packets: packets(isV6),
          mode: 'router',
          realTime: true,
          [option]: isV6 ? inIpv6(rules) : rules,
        } as const
        expect(await lastingDifference(oracle, asked)).toBe('')
      })
      await fc.assert(agrees, { numRuns: RUNS, endOnFailure: true })
    })
  },
)
