import fc from 'fast-check'
import { tcp, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const RET = '6 0 0 1'
const PROGRAMS = [
  '1,6 0 0 1',
  '1,6 0 0 0',
  '4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0',
  '4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0,',
  '2,6 0 0 1',
  '1,6 0 0 1,6 0 0 1',
  '0,',
  '0',
  '1',
  '',
  'x',
  '1,6 0 0',
  '1,6 0 0 1 2',
  '1, 6 0 0 1',
  '1,6  0 0 1',
  '1,48 0 0 9',
  '2,21 0 1 6,6 0 0 1',
  '2,5 0 0 1,6 0 0 1',
  '3,5 0 0 1,6 0 0 0,6 0 0 1',
  `2,52 0 0 0,${RET}`,
  `2,148 0 0 0,${RET}`,
  `2,100 0 0 32,${RET}`,
  `2,100 0 0 31,${RET}`,
  `2,96 0 0 3,${RET}`,
  `3,2 0 0 3,96 0 0 3,${RET}`,
  `2,2 0 0 16,${RET}`,
  `2,255 0 0 0,${RET}`,
  `2,99 0 0 0,${RET}`,
  `2,32 0 0 4294963200,${RET}`,
  `2,32 0 0 4294963260,${RET}`,
  `2,32 0 0 4294963264,${RET}`,
  `2,32 0 0 4294963201,${RET}`,
  `2,6 0 0 4294967295,${RET}`,
  `2,6 0 0 4294967296,${RET}`,
  `2,6 256 0 1,${RET}`,
  '2,14 0 0 1,6 0 0 0',
  '2,22 0 0 0,6 0 0 0',
  `65,${Array<string>(65).fill(RET).join(',')}`,
  `64,${Array<string>(64).fill(RET).join(',')}`,
  '2,6 0 0 1,7 0 0 0',
  '5,21 1 0 5,2 0 0 3,0 0 0 0,96 0 0 3,6 0 0 1',
]
const rules = [
  '-m bpf',
  ...PROGRAMS.map((program) => `-m bpf --bytecode "${program}"`),
  '-m bpf ! --bytecode "1,6 0 0 1"',
]

sameGrammar('bpf', [{ rules }, { family: 'ipv6', rules: rules.slice(0, 6) }])

const packets = [
  udp('192.0.2.1:1000>198.51.100.2:53', { data: 'hello, world', ttl: 7 }),
  udp('192.0.2.1:1000>198.51.100.2:53', { data: '' }),
  tcp('192.0.2.1:1000>198.51.100.2:80', 'S', { seq: 0x80000000, ipOptions: [7, 7, 4, 0, 0, 0, 0, 0] }),
  tcp('192.0.2.1:1000>198.51.100.2:80', 'PA', { data: 300 }),
]

/** Ends in 1 where A has the lowest bit, so that every bit of a result can be asked for. */
const answer = (...body: string[]): string =>
  `-m bpf --bytecode "${body.length + 3},${[...body, '69 0 1 1', RET, '6 0 0 0'].join(',')}"`
const LOADS = [
  '32 0 0 12',
  '40 0 0 2',
  '48 0 0 8',
  '48 0 0 9',
  '32 0 0 10',
  '80 0 0 0',
  '64 0 0 4',
  '72 0 0 16',
  '128 0 0 0',
  '32 0 0 26',
  '40 0 0 4294963200',
  '32 0 0 4293918720',
  '48 0 0 4293918728',
  '0 0 0 77',
  '135 0 0 0',
  '32 0 0 4294963220',
]
const INTO_X = ['177 0 0 0', '1 0 0 3', '129 0 0 0', '7 0 0 0', '1 0 0 0', '1 0 0 40']
const ALU = [0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4]
  .flatMap((code) => [`${code} 0 0 5`, `${code} 0 0 29`, `${code | 8} 0 0 0`])
  .concat('132 0 0 0')
const JUMPS = ['21 1 0 5', '37 0 1 100', '53 1 0 53', '29 1 0 0', '61 0 1 0', '45 1 0 0', '69 1 0 8']
const bodies = fc.sample(
  fc.tuple(
    fc.constantFrom(...INTO_X),
    fc.constantFrom(...LOADS),
    fc.array(fc.constantFrom(...ALU, ...LOADS, '2 0 0 3', '3 0 0 3', '7 0 0 0', '135 0 0 0'), { maxLength: 4 }),
    fc.option(fc.constantFrom(...JUMPS)),
    fc.integer({ min: 0, max: 31 }),
  ),
  { numRuns: 150, seed: 4 },
)
const questions = [
  ...PROGRAMS.slice(0, 3).map((program) => `-m bpf --bytecode "${program}"`),
  ...bodies.map(([x, load, alu, jump, bit]) =>
    answer(x, load, ...alu, ...(jump === null ? [] : [jump, '20 0 0 3']), `116 0 0 ${bit}`),
  ),
]

sameDecisions('bpf', {
  FORWARD: { rules: questions, packets },
  PREROUTING: { table: 'mangle', chain: 'PREROUTING', rules: questions, packets },
  IPv6: {
    family: 'ipv6',
    rules: [answer('40 0 0 4294963200'), answer('48 0 0 7'), answer('48 0 0 7', '116 0 0 1')],
    packets: [udp('[2001:db8::1]:1>[2001:db8::2]:2', { ttl: 7 })],
  },
})
