import fc from 'fast-check'
import { tcp, udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const many = (count: number, text: string, separator: string): string => Array<string>(count).fill(text).join(separator)
const TEXTS = [
  '0=0',
  '0&0xff=1',
  '0 & 0xFF = 0x1',
  '0>>22&0x3C@0>>24=0',
  '6&0xFF=1&&4&0x3FFF=0&&0>>22&0x3C@0>>24=0',
  '0=0:5,8',
  '0=5:0',
  '0=1,2,3:4',
  '0<<2=0',
  '0<<32=0',
  '0>>40=0',
  '010=5',
  '0x10=5',
  '4294967295=0',
  '4294967296=0',
  '-1=0',
  '0',
  '0=',
  '=0',
  '0=0&&',
  '&&0=0',
  '0&=1',
  '0=0 0',
  '0=0 && 1=1',
  '0=0 , 1',
  '0=0 : 3',
  '0 = 0',
  ' 0=0',
  '0=0 ',
  '0<1=0',
  '0=0=0',
  '0@0@0=0',
  '',
  'x=1',
  '0=x',
  '0|1=0',
  '08=1',
  '0x=1',
  '0=0:',
  '0=:1',
  '0=1,',
  many(10, '0=0', '&&'),
  many(11, '0=0', '&&'),
  `0${many(9, '&1', '')}=0`,
  `0${many(10, '&1', '')}=0`,
  `0=${many(10, '1', ',')}`,
  `0=${many(11, '1', ',')}`,
]
const rules = ['-m u32', ...TEXTS.flatMap((text) => [`-m u32 --u32 "${text}"`]), '-m u32 ! --u32 "0=0"']

sameGrammar('u32', [{ rules }, { family: 'ipv6', rules: rules.slice(0, 12) }])

const packets = [
  udp('192.0.2.1:1000>198.51.100.2:53', { data: 'hello, world', ttl: 7 }),
  udp('192.0.2.1:1000>198.51.100.2:53', { data: '' }),
  tcp('192.0.2.1:1000>198.51.100.2:80', 'S', { seq: 0x80000000, ipOptions: [7, 7, 4, 0, 0, 0, 0, 0] }),
  tcp('192.0.2.1:1000>198.51.100.2:80', 'PA', { data: 300 }),
]
const random = fc.sample(
  fc.record({
    start: fc.integer({ min: 0, max: 40 }),
    steps: fc.array(
      fc.oneof(
        fc.constantFrom('>>22&0x3c@0', '>>16', '<<8', '&0xff', '&0xff@4', '@0', '>>31', '>>24@12'),
        fc.integer({ min: 0, max: 31 }).map((by) => `>>${by}`),
      ),
      { maxLength: 4 },
    ),
    low: fc.constantFrom(0, 1, 17, 64, 0x80000000),
    high: fc.constantFrom(20, 255, 65535, 0x7fffffff, 0xffffffff),
  }),
  { numRuns: 80, seed: 1 },
)
const questions = [
  '0>>22&0x3C@0>>16=1000',
  '8>>24=6',
  '8>>24=7',
  '8&0xffff=0:0xffff',
  '0>>22&0x3C@4&0xffff=0:10',
  '0&0xFFFF=31:0xFFFF',
  '28=0:0xffffffff',
  '29=0:0xffffffff',
  '4294967295=0:0xffffffff',
  '12@0=0:0xffffffff',
  ...random.map(({ start, steps, low, high }) => `${start}${steps.join('')}=${low}:${high}`),
].flatMap((text) => [`-m u32 --u32 "${text}"`, `-m u32 ! --u32 "${text}"`])

sameDecisions('u32', {
  FORWARD: { rules: questions, packets },
  PREROUTING: { table: 'mangle', chain: 'PREROUTING', rules: questions, packets },
  IPv6: {
    family: 'ipv6',
    rules: ['-m u32 --u32 "4>>8&0xff=17"', '-m u32 --u32 "4&0xff=6"', '-m u32 --u32 "4&0xff=7"'],
    packets: [udp('[2001:db8::1]:1>[2001:db8::2]:2', { ttl: 7 })],
  },
})
