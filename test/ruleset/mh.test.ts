import { datagram, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const VALUES = [
  '0',
  '7',
  '255',
  '256',
  '1:3',
  '3:1',
  ':',
  '1:',
  ':3',
  '0:255',
  'binding-update',
  'bu',
  'BU',
  'binding',
  'binding-ref',
  'hoti:be',
  'brr',
  'x',
  '',
  '1:2:3',
  'hot',
  'home-test',
  'home',
]

sameGrammar('mh', [
  {
    family: 'ipv6',
    rules: [
      '-m mh',
      '-p mh',
      '-p 135 -m mh',
      '-p udp -m mh',
      '! -p mh -m mh',
      ...VALUES.flatMap((value) => [`-p mh -m mh --mh-type "${value}"`, `-p mh ! --mh-type "${value}"`]),
    ],
  },
])

const mobility = (proto: number, type: number): number[] => [proto, 0, type, 0, 0, 0, 0, 0]
const path = '2001:db8::1>2001:db8::2'
const questions = [
  '-p mh',
  '-p mh -m mh',
  '-p mh -m mh --mh-type 1:3',
  '-p mh -m mh ! --mh-type 2',
  '-p mh -m mh --mh-type be',
]

sameDecisions(
  'mh',
  Object.fromEntries(
    questions.map((rule) => [
      rule,
      {
        family: 'ipv6' as const,
        rules: [rule],
        packets: [
          ...[0, 1, 2, 3, 7, 200].map((type) => datagram(path, 135, mobility(59, type))),
          datagram(path, 135, mobility(17, 1)),
          ...[1, 2, 5, 6, 7].map((size) => datagram(path, 135, mobility(59, 2).slice(0, size))),
          udp('[2001:db8::1]:1>[2001:db8::2]:2'),
        ],
      },
    ]),
  ),
)
