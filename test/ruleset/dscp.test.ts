import { udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const CLASSES = [
  'CS0',
  'cs1',
  'CS2',
  'CS3',
  'CS4',
  'CS5',
  'CS6',
  'CS7',
  'BE',
  'be',
  'AF11',
  'AF12',
  'AF13',
  'AF21',
  'AF22',
  'AF23',
  'AF31',
  'AF32',
  'AF33',
  'AF41',
  'AF42',
  'AF43',
  'EF',
  'ef',
  'CS8',
  'AF44',
  'E',
  '',
]
const rules = [
  '-m dscp',
  ...['0', '0x2e', '63', '64', '010', 'x', '', '1/2'].flatMap((value) => [
    `-m dscp --dscp "${value}"`,
    `-m dscp ! --dscp "${value}"`,
  ]),
  ...CLASSES.map((name) => `-m dscp --dscp-class "${name}"`),
  '-m dscp ! --dscp-class EF',
  '-m dscp --dscp 1 --dscp-class EF',
]

sameGrammar('dscp', [{ rules }, { family: 'ipv6', rules }])

const questions = ['-m dscp --dscp 0', '-m dscp --dscp-class EF', '-m dscp ! --dscp-class EF', '-m dscp --dscp 63']
const values = [0, 1, 3, 0xb8, 0xbb, 0xbc, 0xff]
const packets = (path: string): Uint8Array[] => values.map((tos) => udp(path, { tos }))

sameDecisions('dscp', {
  IPv4: { rules: questions, packets: packets('192.0.2.1:1>198.51.100.2:2') },
  IPv6: { family: 'ipv6', rules: questions, packets: packets('[2001:db8::1]:1>[2001:db8::2]:2') },
})
