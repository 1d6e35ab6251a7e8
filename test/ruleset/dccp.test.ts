import { be16, datagram, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const TYPES = [
  'REQUEST',
  'request',
  'RESPONSE,DATA',
  'ACK,DATAACK,CLOSEREQ,CLOSE,RESET,SYNC,SYNCACK',
  'INVALID',
  'SYNCACK,REQUEST',
  'x',
  'REQUEST,',
  'ALL',
  'REQUEST,REQUEST',
]
const rules = [
  '-m dccp',
  '-p dccp -m dccp',
  '-p udp -m dccp',
  '! -p dccp -m dccp',
  ...['5', '5:7', ':7', '7:', '7:5', 'x', '65536', '', '0:65535', 'http', 'ssh', 'domain', '7:70000'].flatMap(
    (port) => [`-p dccp --sport "${port}"`, `-p dccp ! --dport "${port}"`],
  ),
  ...TYPES.flatMap((types) => [`-p dccp --dccp-types "${types}"`, `-p dccp ! --dccp-types "${types}"`]),
  ...['1', '255', '0', '256', 'x', ''].flatMap((option) => [
    `-p dccp --dccp-option "${option}"`,
    `-p dccp ! --dccp-option "${option}"`,
  ]),
  '-p dccp --dccp-option 5 --dccp-types DATA --dport 7 --sport 9',
]

sameGrammar('dccp', [{ rules }, { family: 'ipv6', rules }])

/** A header whose data offset is `words`, with a short or a long sequence number, and what follows it. */
const packet = (type: number, words: number, long: boolean, rest: readonly number[]): Uint8Array =>
  datagram('192.0.2.1>198.51.100.2', 33, [
    ...be16(1000, 2000),
    ...[words, 0, 0, 0],
    ...[(type << 1) | Number(long), 0, 0, 4],
    ...rest,
  ])
const questions = [
  '-p dccp -m dccp --sport 1000',
  '-p dccp -m dccp ! --dport 1999:2001',
  '-p dccp -m dccp --dccp-types REQUEST,DATA',
  '-p dccp -m dccp ! --dccp-types INVALID',
  '-p dccp -m dccp --dccp-types INVALID',
  '-p dccp -m dccp --dccp-option 37',
  '-p dccp -m dccp ! --dccp-option 37',
]
const packets = [
  ...Array.from({ length: 16 }, (_, type) => packet(type, 8, false, Array<number>(20).fill(0))),
  ...Array.from({ length: 11 }, (_, type) =>
    packet(type, 8, true, [...Array<number>(12).fill(0), 37, 3, 1, 0, 0, 0, 0, 0]),
  ),
  packet(2, 5, false, [37, 2, 1, 1, 1, 1, 1, 1]),
  packet(2, 5, false, [1, 1, 40, 8, 37, 37, 1, 1]),
  packet(2, 5, false, [40, 0, 37, 2, 1, 1, 1, 1]),
  packet(2, 3, false, []),
  packet(2, 2, false, []),
  packet(2, 9, false, [37, 2, 1, 1]),
  datagram('192.0.2.1>198.51.100.2', 33, [0, 1, 0, 2, 3]),
  udp('192.0.2.1:1000>198.51.100.2:2000'),
]

// A negated question about broken options holds in the kernel, and then the packet is dropped all the same.
const isWhole = (index: number): boolean => index < 30

sameDecisions(
  'dccp',
  Object.fromEntries(
    questions.map((rule) => [
      rule,
      { rules: [rule], packets: packets.filter((_, index) => !rule.includes('! --dccp-option') || isWhole(index)) },
    ]),
  ),
)
