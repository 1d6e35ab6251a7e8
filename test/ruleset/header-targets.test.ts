import { describe, expect, test } from 'vitest'
import { datagram, tcp, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'
import { chainOf, matchedByUs } from './matched-rules.ts'

const hops = (name: string, prefix: string): string[] => [
  `-j ${name}`,
  ...['set', 'dec', 'inc'].flatMap((how) =>
    ['0', '1', '255', '256', 'x', '', '-1', '0x10'].map((value) => `-j ${name} --${prefix}-${how} "${value}"`),
  ),
  `-j ${name} --${prefix}-set 1 --${prefix}-inc 1`,
  `-j ${name} ! --${prefix}-set 1`,
]

const TOS = [
  '0',
  '0x10',
  '16/0x3f',
  '255',
  '256',
  'x',
  '',
  'Minimize-Delay',
  'Normal-Service',
  'Minimize',
  '1/2/3',
  '5/0xa',
]
const tos = [
  '-j TOS',
  ...TOS.map((value) => `-j TOS --set-tos "${value}"`),
  ...['and', 'or', 'xor'].flatMap((how) =>
    ['0', '5', '255', '256', 'Minimize-Cost', '5/1', ''].map((value) => `-j TOS --${how}-tos "${value}"`),
  ),
  '-j TOS --set-tos 1 --or-tos 1',
]

const dscp = [
  '-j DSCP',
  ...['0', '63', '64', '0x2e', 'x', ''].map((value) => `-j DSCP --set-dscp "${value}"`),
  ...['EF', 'ef', 'AF11', 'BE', 'x'].map((name) => `-j DSCP --set-dscp-class ${name}`),
  '-j DSCP --set-dscp 1 --set-dscp-class EF',
]

const ecn = [
  '-j ECN',
  '-p tcp -j ECN',
  '-j ECN --ecn-tcp-remove',
  '-p udp -j ECN --ecn-tcp-remove',
  '-p tcp -j ECN --ecn-tcp-remove',
  '! -p tcp -j ECN --ecn-tcp-remove',
  '-p tcp -j ECN --ecn-tcp-remove --ecn-tcp-remove',
  '-p tcp -j ECN --ecn-ip-ect 1',
  '-p tcp -j ECN --ecn-tcp-cwr 1',
  '-p tcp -j ECN --ecn-tcp-ece 0',
  '-p tcp -j ECN --ecn-tcp-remove --ecn-ip-ect 1',
]

sameGrammar('TTL, HL, TOS, DSCP, ECN', [
  { table: 'mangle', rules: [...hops('TTL', 'ttl'), ...tos, ...dscp, ...ecn, '-j HL --hl-set 1'] },
  {
    family: 'ipv6',
    table: 'mangle',
    rules: [...hops('HL', 'hl'), ...tos, ...dscp, '-j TTL --ttl-set 1', '-p tcp -j ECN --ecn-tcp-remove'],
  },
  { rules: ['-j TTL --ttl-set 1', '-j TOS --set-tos 1', '-j DSCP --set-dscp 1', '-p tcp -j ECN --ecn-tcp-remove'] },
])

/** What a rule may ask after each change. */
const ask4 = [
  '-m ttl --ttl-eq 4',
  '-m ttl --ttl-eq 5',
  '-m ttl --ttl-gt 63',
  '-m ttl --ttl-eq 255',
  '-m u32 --u32 "8>>24=4:5"',
  '-m u32 --u32 "8>>24=63"',
  '-m tos --tos 0x10',
  '-m tos --tos 0/0x3',
  '-m dscp --dscp-class EF',
  '-m dscp ! --dscp 0',
  '-m u32 --u32 "0>>16&0xff=0x10"',
  '-m u32 --u32 "0>>16&0xff=0xb8:0xbb"',
]
// Header checksums, as 16 ranges, so that a wrong one shows.
const sums = Array.from(
  { length: 16 },
  (_, index) => `-m u32 --u32 "8&0xffff=${index * 4096}:${index * 4096 + 4095}&&8&0xf=0:7"`,
)
const ask6 = ask4.filter((rule) => !rule.includes('u32')).map((rule) => rule.replace('ttl --ttl', 'hl --hl'))

const changes4 = [
  'TTL --ttl-set 5',
  'TTL --ttl-dec 60',
  'TTL --ttl-inc 200',
  'TTL --ttl-dec 255',
  'TOS --set-tos 0x10',
  'TOS --or-tos 3',
  'TOS --and-tos 0xfc',
  'TOS --xor-tos 0xb8',
  'DSCP --set-dscp-class EF',
  'DSCP --set-dscp 0',
]
const changes6 = changes4.map((change) => change.replace('TTL --ttl', 'HL --hl'))
const packets4 = [0, 0x10, 0xbb].flatMap((value) =>
  [3, 64, 255].map((ttl) => udp('192.0.2.1:1>198.51.100.2:2', { tos: value, ttl })),
)
const packets6 = [0, 0x10, 0xbb].flatMap((value) =>
  [3, 64, 255].map((ttl) => udp('[2001:db8::1]:1>[2001:db8::2]:2', { tos: value, ttl })),
)

const file = (chain: string, change: string, ask: readonly string[]): string => {
  const rules = [...ask.slice(0, 2), `-j ${change}`, ...ask].map((rule) => `-A ${chain} ${rule}\n`).join('')
  return `*mangle\n${rules}COMMIT\n*filter\n${ask.map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`
}

const twice =
  '*mangle\n-A PREROUTING -j TTL --ttl-dec 1\n-A PREROUTING -j TOS --set-tos 0x10\n-A FORWARD -j TTL --ttl-set 5\n-A FORWARD -m ttl --ttl-eq 5\n-A FORWARD -j TTL --ttl-dec 1\n-A FORWARD -m ttl --ttl-eq 4\n-A FORWARD -m u32 --u32 "8>>24=4"\nCOMMIT\n*filter\n-A FORWARD -m ttl --ttl-eq 4\n-A FORWARD -m tos --tos 0x10\n-A FORWARD -m u32 --u32 "0>>16&0xff=0x10"\nCOMMIT\n'

sameDecisions('TTL, HL, TOS, DSCP', {
  ...Object.fromEntries(
    ['PREROUTING', 'FORWARD'].flatMap((chain) =>
      changes4.map((change) => [
        `${chain} ${change}`,
        {
          file: file(chain, change, [...ask4, ...sums]),
          packets: packets4.filter(
            (packet) => chain === 'FORWARD' || !change.includes('dec') || (packet[8] > 100 && !change.endsWith('255')),
          ),
        },
      ]),
    ),
  ),
  ...Object.fromEntries(
    changes6.map((change) => [
      `IPv6 ${change}`,
      { family: 'ipv6' as const, file: file('FORWARD', change, ask6), packets: packets6 },
    ]),
  ),
  'several changes in a row': { file: twice, packets: packets4.slice(1, 2) },
})

const flags = ['S', 'SE', 'SW', 'SEW', 'AEW'].map((letters) =>
  tcp('192.0.2.1:1>198.51.100.2:2', letters, { data: 'x' }),
)
sameDecisions('ECN', {
  'flags and checksum': {
    file:
      '*mangle\n-A FORWARD -p tcp -m ecn --ecn-tcp-ece\n-A FORWARD -p tcp -j ECN --ecn-tcp-remove\n-A FORWARD -p tcp -m ecn --ecn-tcp-ece\n-A FORWARD -p tcp -m ecn ! --ecn-tcp-cwr\nCOMMIT\n*filter\n-A FORWARD -p tcp -m ecn --ecn-tcp-ece\n-A FORWARD -p tcp -m ecn ! --ecn-tcp-cwr\n-A FORWARD -m u32 --u32 "32&0xff=2"\n' +
      Array.from(
        { length: 64 },
        (_, index) => `-A FORWARD -m u32 --u32 "36>>16=${index * 1024}:${index * 1024 + 1023}"\n`,
      ).join('') +
      'COMMIT\n',
    packets: [...flags, datagram('192.0.2.1>198.51.100.2', 6, [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0xc2])],
  },
})

describe('a change that depends on something unknown', () => {
  test('makes the field unknown to later rules, and only that', () => {
    const path = '192.0.2.1:1>198.51.100.2:2'
    const rules =
      '*mangle\n-A FORWARD -m realm --realm 5 -j TTL --ttl-set 9\n-A FORWARD -m ttl --ttl-eq 9\n-A FORWARD -m tos --tos 0\nCOMMIT\n*filter\n-A FORWARD -m ttl --ttl-eq 9\n-A FORWARD -m tos --tos 0\n-A FORWARD -m u32 --u32 "8>>24=9"\n-A FORWARD -m u32 --u32 "12=0xc0000201"\nCOMMIT\n'
    expect(matchedByUs('ipv4', rules, [udp(path)])[0].filter((name) => name.startsWith('filter'))).toEqual([
      'filter:FORWARD:1?',
      'filter:FORWARD:2',
      'filter:FORWARD:3?',
      'filter:FORWARD:4',
    ])
  })

  test('is no doubt where it changes nothing', () => {
    const rules = chainOf('mangle', 'FORWARD', ['-m realm --realm 5 -j TTL --ttl-set 63', '-m ttl --ttl-eq 63'])
    const [matched] = matchedByUs('ipv4', rules, [udp('192.0.2.1:1>198.51.100.2:2')])
    expect(matched).not.toContain('mangle:FORWARD:2?')
  })
})
