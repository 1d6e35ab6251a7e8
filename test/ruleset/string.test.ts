import fc from 'fast-check'
import { udp } from '../support/packets.ts'
import { sameDecisions, sameGrammar } from './extension-test.ts'

const STRINGS = [
  'foo',
  'foo bar',
  'a\\"b',
  "it's",
  'back\\\\slash',
  'end\\\\',
  '',
  'a|b',
  '\u00e4',
  'x'.repeat(128),
  'x'.repeat(129),
  '-x',
]
const HEX = [
  '|0a0b|',
  '|0a 0b|foo',
  'foo|41|bar',
  '|4|',
  '|41',
  '|zz|',
  '|41||42|',
  'a\\\\|b',
  '|41 \\\\|',
  '|',
  '||',
  'abc',
  '| 41 42 |',
  '|41  42|',
  'a\\\\',
  '',
  '|00|',
  '|7f|',
  '|5c|',
  '|41|\\\\|42',
  'a||b',
  '|FFfe|',
]
const rules = [
  '-m string --algo bm',
  '-m string --string foo',
  '-m string --string foo --algo fsm',
  '-m string --string foo --algo BM',
  '-m string --string foo --algo ""',
  ...STRINGS.flatMap((text) => [`-m string --string "${text}" --algo bm`]),
  ...HEX.flatMap((text) => [`-m string --hex-string "${text}" --algo kmp`]),
  '-m string ! --string foo --algo kmp',
  '-m string ! --hex-string "|00|" --algo kmp --icase',
  '-m string --string foo --hex-string "|41|" --algo bm',
  '-m string --string foo --algo bm --icase --from 3',
  '-m string --string foo --algo bm ! --icase',
  '-m string --string foo --algo bm --from 0 --to 65535',
  '-m string --string foo --algo bm --from 65535 --to 65535',
  '-m string --string foo --algo bm --from 65536',
  '-m string --string foo --algo bm --to 65536',
  '-m string --string foo --algo bm --from 5 --to 4',
  '-m string --string foo --algo bm --from 5 --to 5',
  '-m string --string foo --algo bm --from 0x10 --to 010',
  '-m string --string foo --algo bm --from x',
  '-m string --string foo --algo bm --to ""',
]

sameGrammar('string', [{ rules }, { family: 'ipv6', rules: rules.slice(0, 20) }])

const PATH = '192.0.2.1:1000>198.51.100.2:53'
const packets = [
  udp(PATH, { data: 'hello, World foo' }),
  udp(PATH, { data: 'FOO' }),
  udp(PATH, { data: '' }),
  udp(PATH, { data: 'fofofoofoo' }),
  udp(PATH, { data: Uint8Array.from([0, 0xe4, 0xc4, 0xff, 0xdf, 0xbf, 0xf7, 0xd7]), ttl: 9 }),
  udp(PATH, { data: `${'x'.repeat(1000)}foo` }),
]
const windows = [0, 1, 20, 27, 28, 29, 31, 32, 38, 40, 65535].flatMap((from) =>
  [0, 28, 30, 31, 32, 37, 38, 41, 44, 45, 65535].filter((to) => to >= from).map((to) => `--from ${from} --to ${to}`),
)
const algorithms = ['bm', 'kmp']
const questions = algorithms.flatMap((algo) => [
  ...windows.map((window) => `-m string --string foo --algo ${algo} ${window} --icase`),
  ...['world', 'World', 'foo', 'FOO', 'fofoo', 'ofoo', 'oo', 'x'.repeat(128), 'f'].flatMap((text) => [
    `-m string --string "${text}" --algo ${algo}`,
    `-m string ! --string "${text}" --algo ${algo} --icase`,
  ]),
  // The IP header is searched, too: version, TTL, protocol, addresses.
  ...[
    '|4500|',
    '|4011|',
    '|3f11|',
    '|0811|',
    '|c0000201|',
    '|e4c4|',
    '|e4e4|',
    '|c4e4|',
    '|00e4|',
    '|ff|',
    '|f7|',
    '|d7f7|',
  ].flatMap((text) => [
    `-m string --hex-string "${text}" --algo ${algo}`,
    `-m string --hex-string "${text}" --algo ${algo} --icase`,
  ]),
])

const alphabet = fc.constantFrom('a', 'b', 'A')
const texts = fc
  .sample(fc.array(alphabet, { minLength: 8, maxLength: 60 }), { numRuns: 40, seed: 2 })
  .map((text) => udp(PATH, { data: text.join('') }))
const patterns = fc.sample(
  fc.tuple(
    fc.array(alphabet, { minLength: 1, maxLength: 6 }),
    fc.boolean(),
    fc.integer({ min: 20, max: 40 }),
    fc.integer({ min: 40, max: 60 }),
  ),
  { numRuns: 60, seed: 3 },
)

sameDecisions('string', {
  FORWARD: { rules: questions, packets },
  PREROUTING: { table: 'mangle', chain: 'PREROUTING', rules: questions, packets },
  'random bm': {
    rules: patterns.map(
      ([text, icase, from, to]) =>
        `-m string --string ${text.join('')} --algo bm --from ${from} --to ${to}${icase ? ' --icase' : ''}`,
    ),
    packets: texts,
  },
  'random kmp': {
    rules: patterns.map(
      ([text, icase, from, to]) =>
        `-m string --string ${text.join('')} --algo kmp --from ${from} --to ${to}${icase ? ' --icase' : ''}`,
    ),
    packets: texts,
  },
})
