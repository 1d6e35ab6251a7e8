import fc from 'fast-check'
import { randomTraffic } from '../kernel/random-traffic.ts'
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

/** One ruleset that most packets go through, of rules of many kinds. */
export const rules = fc
  .tuple(
    fc.option(table('raw', 'PREROUTING', ['-j NOTRACK', '-j CT --zone 3', '-j DROP'])),
    fc.option(
      table('mangle', 'PREROUTING', ['-j MARK --set-mark 1', '-j CONNMARK --set-mark 1', '-j CONNMARK --restore-mark']),
    ),
    table('filter', 'FORWARD', ['-j ACCEPT', '-j DROP', '-j LOG', '-p tcp -j REJECT --reject-with tcp-reset']),
  )
  .map((tables) => tables.filter((one) => one !== null).join(''))
  .filter((text) => !/-p (udp|tcp) .*-p tcp/.test(text))

/** Conversations between a few pairs of hosts. */
export const talks: fc.Arbitrary<CaptureFrame[]> = network(crowded, 8).map((packets) => {
  let time = 0
  return packets.map(({ bytes, gap }) => {
    time += gap
    return { bytes, time }
  })
})

/** ICMP errors, fragments in and out of order, damaged datagrams, both families, and a clock that sometimes goes back. */
export const mess: fc.Arbitrary<CaptureFrame[]> = fc
  .tuple(fc.nat(), fc.integer({ min: 20, max: 120 }))
  .map(([seed, count]) =>
    randomTraffic(seed, count).flatMap((frame, at) => {
      const time = (frame.time ?? 0) - (at % 17 === 5 ? 0.7 : 0)
      // Shorter than its header says.
      if (at % 11 === 7) return [{ bytes: frame.bytes.subarray(0, frame.bytes.length - 5), time }]
      if (at % 11 !== 3) return [{ ...frame, time }]
      const asked = udp(`10.0.0.${at}:1000>10.9.9.9:53`, { data: 300 })
      const error = icmp(`10.9.9.9>10.0.0.${at}`, 3, 3, { data: asked })
      const pieces = at % 2 === 0 ? fragments(error, 120) : fragments(asked, 120).reverse()
      return [frame.bytes, asked, ...pieces].map((bytes) => ({ bytes, time }))
    }),
  )
