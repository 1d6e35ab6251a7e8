import { auth, be32, datagram, destinationOptions, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const OPTIONS = [
  '-m ah',
  '-m ah --ahspi 5',
  '-m ah ! --ahspi 5:0x10',
  '-m ah --ahspi 0:',
  '-m ah --ahspi :7',
  '-m ah --ahspi 9:5',
  '-m ah --ahspi 0:4294967295',
  '-m ah ! --ahspi 0:4294967295',
  '-m ah --ahspi 4294967296',
  '-m ah --ahspi x',
  '-m ah --ahspi 1:2:3',
  '-m ah --ahspi 1 --ahspi 2',
  '-m ah --ahlen 20',
  '-m ah ! --ahlen 0',
  '-m ah --ahlen 0',
  '-m ah --ahlen 5:6',
  '-m ah --ahres',
  '-m ah ! --ahres',
  '-m ah --ahres --ahlen 24 --ahspi 1',
]

sameGrammar('ah', [
  { rules: OPTIONS.flatMap((rule) => [rule, `-p ah ${rule}`, `-p udp ${rule}`, `! -p ah ${rule}`]) },
  { family: 'ipv6', rules: OPTIONS.flatMap((rule) => [rule, `-p ah ${rule}`, `-p udp ${rule}`]) },
])

const header = (spi: number, reserved = 0): number[] => [
  17,
  4,
  0,
  reserved,
  ...be32(spi, 1),
  ...Array<number>(12).fill(7),
]
const v6 = '2001:db8::1>2001:db8::2'

sameDecisions('ah', {
  IPv4: {
    rules: ['-p ah', '-p ah -m ah', '-p ah -m ah --ahspi 5', '-p ah -m ah ! --ahspi 5:9', '-p ah -m ah --ahspi 9:5'],
    packets: [
      ...[4, 5, 6, 9, 10, 0xffffffff].map((spi) => datagram('192.0.2.1>198.51.100.2', 51, header(spi))),
      datagram('192.0.2.1>198.51.100.2', 51, header(5).slice(0, 11)),
      datagram('192.0.2.1>198.51.100.2', 51, header(5).slice(0, 12)),
      udp('192.0.2.1:1>198.51.100.2:2'),
    ],
  },
  IPv6: {
    family: 'ipv6',
    rules: [
      '-m ah',
      '-m ah --ahspi 256',
      '-m ah ! --ahspi 1:300',
      '-m ah --ahlen 24',
      '-m ah ! --ahlen 24',
      '-m ah ! --ahlen 0',
      '-m ah --ahlen 28',
      '-m ah --ahres',
    ],
    packets: [
      udp('[2001:db8::1]:1>[2001:db8::2]:2'),
      udp('[2001:db8::1]:1>[2001:db8::2]:2', { extensions: [auth()] }),
      udp('[2001:db8::1]:1>[2001:db8::2]:2', { extensions: [destinationOptions(), auth()] }),
      datagram(v6, 51, header(7)),
      datagram(v6, 51, header(7, 1)),
      datagram(v6, 51, header(7).slice(0, 11)),
      datagram(v6, 51, header(7).slice(0, 12)),
      datagram(v6, 51, [17]),
    ],
  },
})
