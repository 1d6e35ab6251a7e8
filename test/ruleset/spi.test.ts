import { be16, be32, datagram, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const VALUES = ['5', '5:0x10', '0:', ':7', '9:5', '0:4294967295', '65535', '65536', '4294967296', 'x', '1:2:3', '']
const rules = ['esp', 'ipcomp'].flatMap((name) => [
  `-m ${name}`,
  `-p ${name} -m ${name}`,
  `-p udp -m ${name}`,
  `! -p ${name} -m ${name}`,
  ...VALUES.flatMap((value) => [
    `-p ${name} -m ${name} --${name}spi "${value}"`,
    `-p ${name} -m ${name} ! --${name}spi "${value}"`,
  ]),
])
const compres = [
  '-p ipcomp -m ipcomp --compres',
  '-p ipcomp --compres --ipcompspi 7',
  '-p ipcomp -m ipcomp ! --compres',
  '-p 50 --espspi 7',
]

sameGrammar('esp and ipcomp', [{ rules: [...rules, ...compres] }, { family: 'ipv6', rules: [...rules, ...compres] }])

const path = '192.0.2.1>198.51.100.2'
const path6 = '2001:db8::1>2001:db8::2'
const esp = (spi: number): number[] => be32(spi, 1, 0)
const comp = (cpi: number): number[] => [17, 0, ...be16(cpi), 1, 2, 3, 4]
const questions = ['esp', 'ipcomp'].flatMap((name) => [
  `-p ${name} -m ${name}`,
  `-p ${name} -m ${name} --${name}spi 5`,
  `-p ${name} -m ${name} ! --${name}spi 5:9`,
  `-p ${name} -m ${name} --${name}spi 300:0xffffffff`,
])
const packets = (where: string): Uint8Array[] => [
  ...[4, 5, 9, 10, 300, 0xffff].flatMap((spi) => [datagram(where, 50, esp(spi)), datagram(where, 108, comp(spi))]),
  ...[3, 4, 7, 8].flatMap((size) => [
    datagram(where, 50, esp(5).slice(0, size)),
    datagram(where, 108, comp(5).slice(0, size)),
  ]),
]

sameDecisions('esp and ipcomp', {
  IPv4: {
    rules: [...questions, '-p ipcomp -m ipcomp --compres'],
    packets: [...packets(path), udp('192.0.2.1:1>198.51.100.2:2')],
  },
  IPv6: { family: 'ipv6', rules: questions, packets: packets(path6) },
})
