import { sameDecisions, sameGrammar } from './extension-test.ts'
import { CHAINS, ended, route, udpAfter } from './ipv6-chains.ts'

const ADDRESSES = Array.from({ length: 17 }, (_, index) => `2001:db8::${index + 1}`)

sameGrammar('rt', [
  {
    family: 'ipv6',
    rules: [
      '-m rt',
      ...['0', '3', '255', '256', '4294967295', '4294967296', 'x', ''].flatMap((value) => [
        `-m rt --rt-type "${value}"`,
        `-m rt ! --rt-type "${value}"`,
        `-m rt --rt-len "${value}"`,
        `-m rt ! --rt-len "${value}"`,
        `-m rt --rt-segsleft "${value}"`,
      ]),
      ...['1:3', '3:1', ':', '1:', ':3', '0:4294967295', '1:2:3'].flatMap((range) => [
        `-m rt --rt-segsleft ${range}`,
        `-m rt ! --rt-segsleft ${range}`,
      ]),
      '-m rt --rt-0-res',
      '-m rt --rt-type 0 --rt-0-res',
      '-m rt --rt-0-res --rt-type 0',
      '-m rt ! --rt-type 0 --rt-0-res',
      '-m rt ! --rt-type 1 --rt-0-res',
      '-m rt --rt-type 2 --rt-0-res',
      '-m rt --rt-type 0 ! --rt-0-res',
      '-m rt --rt-type 0 --rt-0-addrs 2001:db8::1',
      '-m rt --rt-type 0 ! --rt-0-addrs 2001:db8::1',
      '-m rt --rt-0-addrs 2001:db8::1',
      '-m rt --rt-type 0 --rt-0-addrs 2001:db8::1,::2,fe80::3 --rt-0-not-strict --rt-0-res',
      '-m rt --rt-type 0 --rt-0-not-strict',
      '-m rt --rt-type 0 --rt-0-not-strict --rt-0-addrs ::1',
      '-m rt --rt-type 2 --rt-0-addrs 2001:db8::1',
      '-m rt --rt-type 0 --rt-0-addrs 1.2.3.4',
      '-m rt --rt-type 0 --rt-0-addrs 2001:db8::1,',
      `-m rt --rt-type 0 --rt-0-addrs ${ADDRESSES.slice(0, 16).join(',')}`,
      `-m rt --rt-type 0 --rt-0-addrs ${ADDRESSES.join(',')}`,
    ],
  },
])

const questions = [
  '-m rt',
  '-m rt --rt-type 0',
  '-m rt ! --rt-type 0',
  '-m rt --rt-segsleft 1:2',
  '-m rt ! --rt-segsleft 1',
  '-m rt --rt-segsleft 3:1',
  '-m rt --rt-len 8',
  '-m rt ! --rt-len 40',
  '-m rt --rt-type 0 --rt-0-res',
  '-m rt --rt-type 0 --rt-0-addrs 2001:db8::5',
  '-m rt --rt-type 0 --rt-0-addrs 2001:db8::5,2001:db8::6',
  '-m rt --rt-type 0 --rt-0-addrs 2001:db8::5,2001:db8::7 --rt-0-not-strict',
  '-m rt --rt-type 0 --rt-0-addrs 2001:db8::7,2001:db8::5 --rt-0-not-strict',
  '-m rt --rt-type 0 --rt-0-addrs 2001:db8::6 --rt-0-not-strict',
]

const packets = [
  ...CHAINS,
  udpAfter(route(0, 0, [])),
  udpAfter(route(0, 1, [5], 1)),
  udpAfter(route(0, 2, [5, 6])),
  udpAfter(route(2, 1, [5])),
  udpAfter(route(0, 3, [5, 6, 7])),
  udpAfter(route(4, 3, [5, 6, 7])),
  ended(udpAfter(route(0, 3, [5, 6, 7])), 70),
]

sameDecisions(
  'rt',
  Object.fromEntries(questions.map((rule) => [rule, { family: 'ipv6' as const, rules: [rule], packets }])),
)
