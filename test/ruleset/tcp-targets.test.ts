import { describe, expect, test } from 'vitest'
import { datagram, mss, nop, sack, sackPermitted, tcp, timestamps, wscale } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'
import { matchedByUs } from './matched-rules.ts'

const mssRules = [
  '-j TCPMSS --set-mss 5',
  '-p tcp -j TCPMSS',
  '-p udp -j TCPMSS --set-mss 5',
  '! -p tcp -j TCPMSS --set-mss 5',
  '-p tcp -j TCPMSS --clamp-mss-to-pmtu',
  '-p tcp -j TCPMSS --set-mss 1 --clamp-mss-to-pmtu',
  ...['0', '1', '1460', '65495', '65496', '65515', '65516', '65535', '65536', 'x', '', '0x10'].flatMap((value) => [
    `-p tcp -j TCPMSS --set-mss "${value}"`,
    `-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss "${value}"`,
  ]),
  '-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu',
  '-p tcp -m tcp ! --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 5',
  '-p tcp -m tcp --tcp-flags RST RST -j TCPMSS --set-mss 5',
  '-p tcp -m tcp --tcp-flags SYN NONE -j TCPMSS --set-mss 5',
]
const stripRules = [
  '-j TCPOPTSTRIP',
  '-p tcp -j TCPOPTSTRIP',
  '-p udp -j TCPOPTSTRIP --strip-options mss',
  ...[
    'mss',
    'MSS',
    'wscale',
    'sack-permitted',
    'sack',
    'timestamp',
    'md5',
    '2',
    '0',
    '1',
    '255',
    '256',
    'x',
    '',
    '8,5,mss',
    'mss,',
    'mss,mss',
    '0x10',
  ].map((list) => `-p tcp -j TCPOPTSTRIP --strip-options "${list}"`),
]
const proxyRules = [
  '-j SYNPROXY',
  '-p tcp -j SYNPROXY',
  '-p udp -j SYNPROXY',
  ...['0', '14', '15', 'x', ''].map((value) => `-p tcp -j SYNPROXY --wscale "${value}"`),
  ...['0', '1460', '65535', '65536', ''].map((value) => `-p tcp -j SYNPROXY --mss "${value}"`),
  '-p tcp -j SYNPROXY --ecn --mss 1460 --timestamp --sack-perm --wscale 7',
  '-p tcp -j SYNPROXY --mss 5 --mss 6',
]

sameGrammar('TCPMSS, TCPOPTSTRIP, SYNPROXY', [
  { table: 'mangle', rules: [...mssRules, ...stripRules] },
  { family: 'ipv6', table: 'mangle', rules: [...mssRules, ...stripRules] },
  { rules: [...mssRules, ...stripRules.slice(1, 4), ...proxyRules] },
  {
    table: 'mangle',
    chain: 'PREROUTING',
    rules: ['-p tcp --syn -j TCPMSS --clamp-mss-to-pmtu', '-p tcp --syn -j TCPMSS --set-mss 5'],
  },
  { chain: 'OUTPUT', rules: ['-p tcp -j SYNPROXY'] },
])

const ask = [
  '-p tcp -m tcpmss --mss 1400',
  '-p tcp -m tcpmss --mss 536',
  '-p tcp -m tcpmss --mss 1220',
  '-p tcp -m tcpmss --mss 1000',
  '-p tcp -m tcpmss ! --mss 0:65535',
  ...[2, 3, 4, 5, 8].map((kind) => `-p tcp -m tcp --tcp-option ${kind}`),
  '-m length --length 40',
  '-m length --length 44',
  '-m length --length 64',
  '-p tcp -m tcp --syn',
]
const ask4 = [
  ...ask,
  '-m u32 --u32 "32>>28=5"',
  '-m u32 --u32 "32>>28=6"',
  '-m u32 --u32 "0&0xffff=44"',
  '-m u32 --u32 "40=0x02040218"',
  '-m u32 --u32 "40=0x01010101"',
  '-m u32 --u32 "48=0:0xffffffff"',
  ...Array.from({ length: 64 }, (_, index) => `-m u32 --u32 "36>>16=${index * 1024}:${index * 1024 + 1023}"`),
  ...Array.from({ length: 16 }, (_, index) => `-m u32 --u32 "8&0xffff=${index * 4096}:${index * 4096 + 4095}"`),
]
const changes = [
  'TCPMSS --set-mss 1400',
  'TCPMSS --set-mss 1000',
  'TCPMSS --set-mss 100',
  'TCPOPTSTRIP --strip-options mss',
  'TCPOPTSTRIP --strip-options wscale,sack-permitted,timestamp',
  'TCPOPTSTRIP --strip-options 5,30',
]
const packets = (path: string, other: string): Uint8Array[] => [
  tcp(path, 'S', { options: [mss(1460)] }),
  tcp(path, 'S', { options: [nop(), mss(1460), wscale(7)] }),
  tcp(path, 'S', { options: [mss(1000), sackPermitted(), timestamps(1, 2), nop(), wscale(3)] }),
  tcp(path, 'S'),
  tcp(path, 'S', { data: 'hello' }),
  tcp(path, 'S', { options: [sackPermitted(), nop(), nop()] }),
  tcp(path, 'A', { options: [nop(), nop(), sack(1, 2)], data: 'odd' }),
  tcp(path, 'S', { options: [[30, 5, 1, 1, 1], mss(1460)] }),
  tcp(path, 'S', { options: [[30, 0], mss(1460)] }),
  tcp(path, 'S', { options: [[5, 60], mss(1460)] }),
  tcp(path, 'S', { options: [nop(), nop(), nop(), [2]] }),
  tcp(path, 'S', { options: Array.from({ length: 40 }, nop) }),
  tcp(path, 'S', { options: [mss(1460)], dataOffset: 4 }),
  tcp(path, 'S', { options: [mss(1460)], dataOffset: 15 }),
  datagram(other, 6, [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 2, 0, 0]),
]
const file = (change: string, questions: readonly string[]): string =>
  `*mangle\n${[`-p tcp --tcp-flags SYN SYN -j ${change}`, ...questions].map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n*filter\n${questions.map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`

sameDecisions('TCPMSS and TCPOPTSTRIP', {
  ...Object.fromEntries(
    changes.map((change) => [
      change,
      { file: file(change, ask4), packets: packets('192.0.2.1:1>198.51.100.2:2', '192.0.2.1>198.51.100.2') },
    ]),
  ),
  ...Object.fromEntries(
    changes.map((change) => [
      `IPv6 ${change}`,
      {
        family: 'ipv6' as const,
        file: file(change, ask),
        packets: packets('[2001:db8::1]:1>[2001:db8::2]:2', '2001:db8::1>2001:db8::2'),
      },
    ]),
  ),
})

const proxy = '*filter\n-A FORWARD -p tcp -j SYNPROXY --mss 1460\n-A FORWARD -p tcp\nCOMMIT\n'
sameDecisions('SYNPROXY', {
  'what goes on': {
    file: proxy,
    packets: ['S', 'SA', 'A', 'PA', 'R', 'RA', 'F', 'FA', '', 'SF', 'SE'].map((flags) =>
      tcp('192.0.2.1:1>198.51.100.2:2', flags),
    ),
  },
})

describe('--clamp-mss-to-pmtu', () => {
  const path = '192.0.2.1:1>198.51.100.2:2'
  const rules = file('TCPMSS --clamp-mss-to-pmtu', ask)

  const answers = (family: 'ipv4' | 'ipv6', text: string, packet: Uint8Array): string[] =>
    matchedByUs(family, text, [packet])[0]
      .filter((name) => name.startsWith('filter'))
      .map((name) => name.replace('filter:FORWARD:', ''))
  const unknown = ['1?', '2?', '3?', '4?', '5?', '6?', '7?', '8?', '9?', '10?']

  test('leaves only the option unknown', () => {
    expect(answers('ipv4', rules, tcp(path, 'S', { options: [mss(1460)] }))).toEqual([...unknown, '12', '14'])
  })

  test('adds the option where there is none: its value is unknown, the length is not', () => {
    expect(answers('ipv4', rules, tcp(path, 'S'))).toEqual([...unknown, '12', '14'])
  })

  test('adds 1220 to IPv6, whose MTU is never less than 1280', () => {
    const lengths = ask.map((rule) => rule.replace('--length 44', '--length 64'))
    const packet = tcp('[2001:db8::1]:1>[2001:db8::2]:2', 'S')
    expect(answers('ipv6', file('TCPMSS --clamp-mss-to-pmtu', lengths), packet)).toEqual(['3', '6', '12', '13', '14'])
  })

  test('does nothing to packets with data and no option', () => {
    const [matched] = matchedByUs('ipv4', rules, [tcp(path, 'A', { data: 'x' })])
    expect(matched.some((name) => name.endsWith('?'))).toBe(false)
  })
})
