import { udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const VALUES = [
  '0',
  '0x10',
  '16/0x3f',
  '0x10/255',
  '0x10/',
  '255',
  '256',
  '0x10/256',
  '1/2/3',
  'x',
  '',
  'Minimize-Delay',
  'minimize-delay',
  'Min',
  'Minimize-C',
  'Maximize-Throughput',
  'Maximize-Reliability',
  'Minimize-Cost',
  'Normal-Service',
  'Normal',
  'Minimize-Delay/0xff',
  '010',
  '-1',
  '0x5/0xa',
]
const rules = ['-m tos', ...VALUES.flatMap((value) => [`-m tos --tos "${value}"`, `-m tos ! --tos "${value}"`])]

sameGrammar('tos', [{ rules }, { family: 'ipv6', rules }])

const questions = [
  '-m tos --tos 0x10',
  '-m tos --tos Minimize-Delay',
  '-m tos ! --tos Normal-Service',
  '-m tos --tos 5/0xa',
  '-m tos --tos 0/0x80',
]
const packets = (path: string): Uint8Array[] => [0, 1, 0x10, 0x50, 0x5f, 0x90, 0xff].map((tos) => udp(path, { tos }))

sameDecisions('tos', {
  IPv4: { rules: questions, packets: packets('192.0.2.1:1>198.51.100.2:2') },
  IPv6: { family: 'ipv6', rules: questions, packets: packets('[2001:db8::1]:1>[2001:db8::2]:2') },
})
