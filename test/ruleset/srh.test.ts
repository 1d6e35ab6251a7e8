import type { Extension } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'
import { CHAINS, ended, route, udpAfter } from './ipv6-chains.ts'

const NUMBERS = ['hdr-len', 'segs-left', 'last-entry'].flatMap((name) =>
  ['eq', 'gt', 'lt'].map((how) => `srh-${name}-${how}`),
)

sameGrammar('srh', [
  {
    family: 'ipv6',
    rules: [
      '-m srh',
      ...['6', 'tcp', 'ipv6-icmp', '255', '256', 'x', ''].flatMap((value) => [
        `-m srh --srh-next-hdr "${value}"`,
        `-m srh ! --srh-next-hdr "${value}"`,
      ]),
      ...NUMBERS.flatMap((name) => [
        `-m srh --${name} 5`,
        `-m srh ! --${name} 255`,
        `-m srh --${name} 256`,
        `-m srh --${name} x`,
      ]),
      '-m srh --srh-hdr-len-eq 5 --srh-hdr-len-gt 4 --srh-hdr-len-lt 6 --srh-last-entry-eq 1 --srh-segs-left-eq 2 --srh-tag 9 --srh-next-hdr 17',
      '-m srh --srh-tag 65535',
      '-m srh ! --srh-tag 0x10',
      '-m srh --srh-tag 65536',
      ...['psid', 'nsid', 'lsid'].flatMap((name) => [
        `-m srh --srh-${name} 2001:db8::/32`,
        `-m srh ! --srh-${name} 2001:db8::1`,
        `-m srh --srh-${name} 2001:db8::1/ffff:ffff::`,
        `-m srh --srh-${name} 1.2.3.4`,
        `-m srh --srh-${name} ::/0`,
      ]),
      '-m srh --srh-lsid ::1 --srh-psid ::2 --srh-nsid ::3 --srh-tag 4',
    ],
  },
])

/** RFC 8754: the last entry stands where other routing headers have nothing, the tag after the flags. */
function segments(left: number, last: number, tag: number, addresses: readonly number[]): Extension {
  const { protocol, bytes } = route(4, left, addresses)
  return { protocol, bytes: [bytes[0], bytes[1], 4, left, last, 0, tag >> 8, tag & 255, ...bytes.slice(8)] }
}

const packets = [
  ...CHAINS,
  udpAfter(segments(0, 0, 0, [5])),
  udpAfter(segments(1, 1, 9, [5, 6])),
  udpAfter(segments(0, 1, 9, [5, 6])),
  udpAfter(segments(1, 2, 300, [5, 6, 7])),
  udpAfter(segments(2, 2, 300, [5, 6, 7])),
  udpAfter(segments(3, 2, 300, [5, 6, 7])),
  udpAfter(segments(2, 5, 300, [5, 6, 7])),
  udpAfter(route(0, 1, [5, 6])),
  ended(udpAfter(segments(1, 1, 9, [5, 6])), 70),
]

sameDecisions('srh', {
  'one chain': {
    family: 'ipv6',
    packets,
    rules: [
      '-m srh',
      '-m srh --srh-next-hdr 17',
      '-m srh ! --srh-next-hdr 17',
      ...NUMBERS.flatMap((name) => [`-m srh --${name} 1`, `-m srh ! --${name} 2`]),
      '-m srh --srh-tag 9',
      '-m srh ! --srh-tag 300',
      ...['psid', 'nsid', 'lsid'].flatMap((name) =>
        ['5', '6', '7'].flatMap((last) => [
          `-m srh --srh-${name} 2001:db8::${last}`,
          `-m srh ! --srh-${name} 2001:db8::${last}/128`,
        ]),
      ),
      '-m srh --srh-nsid 2001:db8::/32',
    ],
  },
})
