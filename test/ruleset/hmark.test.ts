import { auth, datagram, icmp, tcp, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const OPTIONS = [
  '',
  '--hmark-mod 10',
  '--hmark-tuple src --hmark-mod 10',
  ...[
    ...[
      'src',
      'ct',
      'ct,src,dst,sport,dport',
      'src,dst,sport,dport,proto',
      'src,spi',
      'src,x',
      'src,spi,sport',
      'src,src',
      '',
    ].map((tuple) => `--hmark-tuple "${tuple}"`),
    '',
    '--hmark-offset 5',
    '--hmark-proto-mask 0xff',
    '--hmark-src-prefix 24 --hmark-dst-prefix 16',
    '--hmark-src-prefix 33',
    '--hmark-src-prefix 255.255.0.0',
    '--hmark-tuple src,dst --hmark-src-prefix 24',
    '--hmark-sport-mask 0xff --hmark-dport-mask 65535 --hmark-proto-mask 0xf',
    '--hmark-sport-mask 65536',
    '--hmark-proto-mask 256',
    '--hmark-spi-mask 0xff',
    '--hmark-spi-mask 0xff --hmark-dport-mask 1',
    '--hmark-sport 10',
    '--hmark-dport 10 --hmark-tuple src',
    '--hmark-spi 10',
    '--hmark-tuple src --hmark-offset 0',
    '--hmark-tuple src --hmark-offset 4294967295',
  ].map((option) => `--hmark-mod 10 --hmark-rnd 1 ${option}`),
  '--hmark-tuple src --hmark-mod 0 --hmark-rnd 1',
  '--hmark-tuple src --hmark-mod 4294967295 --hmark-rnd 0xffffffff',
]

sameGrammar('HMARK', [
  { table: 'mangle', rules: OPTIONS.flatMap((option) => [`-j HMARK ${option}`, `-p tcp -j HMARK ${option}`]) },
  { rules: ['-j HMARK --hmark-tuple src --hmark-mod 10 --hmark-rnd 1'] },
])

const hashes = [
  '--hmark-tuple src --hmark-mod 16 --hmark-rnd 1',
  '--hmark-tuple src,dst --hmark-mod 16 --hmark-rnd 0xdeadbeef --hmark-offset 3',
  '--hmark-tuple src,dst,sport,dport,proto --hmark-mod 19 --hmark-rnd 7',
  '--hmark-sport-mask 0xf0 --hmark-dst-prefix 24 --hmark-mod 16 --hmark-rnd 7',
  '--hmark-sport 5 --hmark-tuple dport --hmark-mod 16 --hmark-rnd 7',
  '--hmark-tuple src,spi --hmark-mod 16 --hmark-rnd 7',
  '--hmark-tuple src --hmark-mod 0xffffffff --hmark-rnd 7',
]
const asked = [
  ...Array.from({ length: 20 }, (_, mark) => `-m mark --mark ${mark}`),
  ...Array.from({ length: 16 }, (_, bits) => `-m mark --mark ${bits}/0xf`),
  ...Array.from({ length: 16 }, (_, bits) => `-m mark --mark ${bits << 20}/0xf00000`),
]
const rules = (hash: string): string =>
  `*mangle\n${[`-j HMARK ${hash}`, ...asked].map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`
const packets = (one: string, other: string): Uint8Array[] => [
  tcp(one, 'S'),
  udp(one),
  datagram(other, 50, [0, 0, 1, 2, 3, 4, 5, 6]),
  datagram(other, 47, [0, 0, 8, 0]),
  datagram(other, 132, [0, 9, 0, 80, 1, 2, 3, 4, 5, 6, 7, 8]),
]

sameDecisions('HMARK', {
  ...Object.fromEntries(
    hashes.map((hash) => [
      hash,
      {
        file: rules(hash),
        packets: [
          ...packets('192.0.2.1:1000>198.51.100.2:53', '192.0.2.9>198.51.100.2'),
          ...packets('198.51.100.2:53>192.0.2.1:1000', '198.51.100.2>192.0.2.9'),
          icmp('192.0.2.1>198.51.100.2', 8),
        ],
      },
    ]),
  ),
  ...Object.fromEntries(
    hashes.map((hash) => [
      `IPv6 ${hash}`,
      {
        family: 'ipv6' as const,
        file: rules(hash),
        packets: [
          ...packets('[2001:db8::1]:1000>[2001:db8::2]:53', '2001:db8:5::9>2001:db8::2'),
          udp('[2001:db8::1]:1000>[2001:db8::2]:53', { extensions: [auth()] }),
        ],
      },
    ]),
  ),
})
