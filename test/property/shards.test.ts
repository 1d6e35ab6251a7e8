import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { randomTraffic } from '../kernel/random-traffic.ts'
import { replayAlone, replayShared, type Sharing } from '../netfilter/shards/sharing.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'
import { fragments, icmp, udp } from '../support/packets.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { crowded, network } from './conversations.ts'

const match = fc.constantFrom(
  '',
  '-p tcp',
  '-p udp --dport 53',
  '-s 10.0.0.0/24',
  '-m conntrack --ctstate NEW',
  '-m conntrack --ctstate ESTABLISHED,RELATED',
  '-m conntrack --ctstate INVALID',
  '-m conntrack --ctstatus ASSURED',
  '-m conntrack --ctexpire 0:60',
  '-m connbytes --connbytes 2 --connbytes-dir both --connbytes-mode packets',
  '-m length --length 41:100',
  '-m mark --mark 1',
  '-m connmark --mark 1',
  '-m connlabel --label 1 --set',
  '-m limit --limit 1/min --limit-burst 3',
  '-m recent --name seen --set',
  '-m recent --name seen --rcheck --hitcount 2',
  '-m statistic --mode nth --every 2 --packet 0',
  '-m statistic --mode random --probability 0.5',
  '-m connlimit --connlimit-above 1',
)

function table(name: string, chain: string, targets: readonly string[]): fc.Arbitrary<string> {
  const rule = fc
    .tuple(match, fc.constantFrom(...targets))
    .filter(([what]) => name !== 'raw' || !what.includes('conn'))
    .map(([what, target]) => `-A ${chain} ${what} ${target}`)
  return fc
    .tuple(fc.constantFrom('ACCEPT', 'DROP'), fc.array(rule, { maxLength: 4 }))
    .map(([policy, rules]) => [`*${name}`, `:${chain} ${name === 'filter' ? policy : 'ACCEPT'}`, ...rules].join('\n'))
    .map((text) => `${text}\nCOMMIT\n`)
}

const rules = fc
  .tuple(
    fc.option(table('raw', 'PREROUTING', ['-j NOTRACK', '-j CT --zone 3', '-j DROP'])),
    fc.option(
      table('mangle', 'PREROUTING', ['-j MARK --set-mark 1', '-j CONNMARK --set-mark 1', '-j CONNMARK --restore-mark']),
    ),
    table('filter', 'FORWARD', ['-j ACCEPT', '-j DROP', '-j LOG', '-p tcp -j REJECT --reject-with tcp-reset']),
  )
  .map((tables) => tables.filter((one) => one !== null).join(''))
  .filter((text) => !/-p (udp|tcp) .*-p tcp/.test(text))

/** Between more pairs of hosts than there are shards. */
const talks: fc.Arbitrary<CaptureFrame[]> = network(crowded, 8).map((packets) => {
  let time = 0
  return packets.map(({ bytes, gap }) => {
    time += gap
    return { bytes, time }
  })
})

/** ICMP errors, fragments in and out of order, both families, and a clock that sometimes goes back. */
const mess: fc.Arbitrary<CaptureFrame[]> = fc.tuple(fc.nat(), fc.integer({ min: 20, max: 120 })).map(([seed, count]) =>
  randomTraffic(seed, count).flatMap((frame, at) => {
    const time = (frame.time ?? 0) - (at % 17 === 5 ? 0.7 : 0)
    if (at % 11 !== 3) return [{ ...frame, time }]
    const asked = udp(`10.0.0.${at}:1000>10.9.9.9:53`, { data: 300 })
    const error = icmp(`10.9.9.9>10.0.0.${at}`, 3, 3, { data: asked })
    const pieces = at % 2 === 0 ? fragments(error, 120) : fragments(asked, 120).reverse()
    return [frame.bytes, asked, ...pieces].map((bytes) => ({ bytes, time }))
  }),
)

const sharesNothing = (text: string): boolean =>
  compileRuleset(parseRuleset(text, 'rules', 'ipv4'), ENVIRONMENT).sharing === null

describe('machines that share the packets by pairs of hosts', () => {
  test('say together what one machine says, where the rules keep nothing between connections', () => {
    fc.assert(
      fc.property(rules, fc.oneof(talks, mess), fc.constantFrom(2, 3, 5), (text, frames, shards) => {
        fc.pre(sharesNothing(text))
        const sharing: Sharing = { rules: text, rules6: text.replaceAll('10.0.0.0/24', '2001:db8::/64') }
        const alone = replayAlone(frames, sharing)
        const { outcomes, counters, tally, concernsOthers } = replayShared(frames, sharing, shards)
        expect(outcomes).toEqual(alone.outcomes)
        expect(counters).toEqual(alone.counters)
        const { peak: _, atEnd: __, ...sums } = tally
        expect(alone.tally).toMatchObject(sums)
        expect(concernsOthers).toBe(-1)
      }),
      { numRuns: 60 },
    )
  })

  test('would not, where they do', () => {
    const asking = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']
    const frames = asking.map((host, at) => ({ bytes: udp(`${host}:1000>10.9.9.9:53`), time: at / 1000 }))
    const text = '*filter\n:FORWARD DROP\n-A FORWARD -m limit --limit 1/min --limit-burst 2 -j ACCEPT\nCOMMIT\n'
    expect(sharesNothing(text)).toBe(false)
    expect(replayShared(frames, { rules: text }, 7).outcomes).not.toEqual(replayAlone(frames, { rules: text }).outcomes)
  })
})
