import { datagram, tcp, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const OPTIONS = [
  '',
  '--ecn-tcp-cwr',
  '--ecn-tcp-ece',
  '! --ecn-tcp-cwr',
  '! --ecn-tcp-ece --ecn-tcp-cwr',
  '--ecn-ip-ect 0',
  '! --ecn-ip-ect 3',
  '--ecn-ip-ect 4',
  '--ecn-ip-ect x',
  '--ecn-ip-ect ""',
  '--ecn-ip-ect 2 --ecn-tcp-ece ! --ecn-tcp-cwr',
  '--ecn-tcp-cwr --ecn-tcp-cwr',
]
const rules = OPTIONS.flatMap((option) => [
  `-m ecn ${option}`,
  `-p tcp -m ecn ${option}`,
  `! -p tcp -m ecn ${option}`,
  `-p udp -m ecn ${option}`,
])

sameGrammar('ecn', [{ rules }, { family: 'ipv6', rules }])

const questions = [
  '-m ecn --ecn-ip-ect 0',
  '-m ecn ! --ecn-ip-ect 1',
  '-p tcp -m ecn --ecn-tcp-cwr',
  '-p tcp -m ecn ! --ecn-tcp-ece',
  '-p tcp -m ecn ! --ecn-tcp-cwr --ecn-tcp-ece --ecn-ip-ect 2',
]
const packets = (one: string, other: string): Uint8Array[] => [
  ...['S', 'SE', 'SW', 'SEW'].flatMap((flags) => [0, 1, 2, 3].map((tos) => tcp(one, flags, { tos }))),
  udp(one, { tos: 3 }),
  datagram(other, 6, [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0xc2]),
]

sameDecisions('ecn', {
  IPv4: { rules: questions, packets: packets('192.0.2.1:1>198.51.100.2:2', '192.0.2.1>198.51.100.2') },
  IPv6: {
    family: 'ipv6',
    rules: questions,
    packets: packets('[2001:db8::1]:1>[2001:db8::2]:2', '2001:db8::1>2001:db8::2'),
  },
})
