import { datagram, mss, nop, sackPermitted, tcp, timestamps, udp, wscale } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const VALUES = ['0', '1460', '65535', '65536', '1:500', '500:1', ':500', '500:', ':', 'x', '', '1:2:3']
const rules = [
  '-p tcp -m tcpmss',
  '-m tcpmss --mss 5',
  '! -p tcp -m tcpmss --mss 5',
  '-p udp -m tcpmss --mss 5',
  ...VALUES.flatMap((value) => [`-p tcp -m tcpmss --mss "${value}"`, `-p tcp -m tcpmss ! --mss "${value}"`]),
]

sameGrammar('tcpmss', [{ rules }, { family: 'ipv6', rules }])

const questions = [
  '-p tcp -m tcpmss --mss 1460',
  '-p tcp -m tcpmss --mss 1000:1459',
  '-p tcp -m tcpmss ! --mss 1460',
  '-p tcp -m tcpmss --mss 0:65535',
  '-p tcp -m tcp --tcp-option 2',
  '-p tcp -m tcp ! --tcp-option 3',
  '-p tcp -m tcp --tcp-option 255',
]
const packets = (path: string, other: string): Uint8Array[] => [
  tcp(path, 'S', { options: [mss(1460)] }),
  tcp(path, 'S', { options: [mss(1400), nop(), wscale(7)] }),
  tcp(path, 'SA', { options: [sackPermitted(), timestamps(1, 2), mss(536)] }),
  tcp(path, 'A', { options: [nop(), nop(), timestamps(1, 2)] }),
  tcp(path, 'A'),
  tcp(path, 'S', { options: [[0], mss(1460)] }),
  tcp(path, 'S', { options: [[3, 0], mss(1460)] }),
  tcp(path, 'S', { options: [[3, 40], mss(1460)] }),
  tcp(path, 'S', { options: [[2, 3, 5], mss(1460)] }),
  tcp(path, 'S', { options: [nop(), nop(), nop(), [2]] }),
  tcp(path, 'S', { options: [nop(), [2, 4, 5]] }),
  tcp(path, 'S', { options: [mss(1460)], dataOffset: 4 }),
  tcp(path, 'S', { options: [mss(1460)], dataOffset: 15 }),
  tcp(path, 'S', { data: 'payload', options: [mss(65535)] }),
  datagram(other, 6, [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x60, 2, 0, 0, 0, 0, 0]),
  udp(path),
]

sameDecisions('tcpmss and tcp-option', {
  ...Object.fromEntries(
    questions.map((rule) => [
      `IPv4 ${rule}`,
      { rules: [rule], packets: packets('192.0.2.1:1>198.51.100.2:2', '192.0.2.1>198.51.100.2') },
    ]),
  ),
  IPv6: {
    family: 'ipv6',
    rules: questions,
    packets: packets('[2001:db8::1]:1>[2001:db8::2]:2', '2001:db8::1>2001:db8::2'),
  },
})
