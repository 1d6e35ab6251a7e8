import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileRuleset, parseRuleset, parseSets, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family } from '../../src/ruleset/packet/rule-environment.ts'
import { reviewRuleset } from '../../src/ruleset/review/review.ts'
import { GRAMMARS } from '../ruleset/differential/grammars.ts'
import { ENVIRONMENT } from '../ruleset/support.ts'

/** What parseRuleset prints, or null where it refuses; anything else that is thrown is a mistake. */
function printed(text: string, family: Family): string | null {
  try {
    return printRuleset(parseRuleset(text, 'rules', family))
  } catch (error) {
    if (!(error instanceof RulesetError)) throw error
    for (const { line, column, text: words } of error.errors) {
      expect(line).toBeGreaterThanOrEqual(1)
      expect(column).toBeGreaterThanOrEqual(1)
      expect(words).not.toBe('')
    }
    return null
  }
}

/** Words that rules are made of, right and wrong ones. */
const WORDS: readonly string[] = [
  ...['-A', '-I', '-D', '-R', '-N', '-X', '-P', '-F', '-Z', '-E', 'INPUT', 'FORWARD', 'U', '!', '-p', 'tcp', '-m'],
  ...[
    '-s',
    '10.0.0.0/8',
    '::1',
    '-d',
    '-i',
    'eth+',
    '-j',
    '-g',
    'DROP',
    '-c',
    '1',
    '2',
    '"',
    '\\',
    "'",
    '""',
    '-',
    '--',
  ],
  ...[
    '\u0000',
    '\ufeff',
    '\r',
    '\t',
    ' ',
    '$x',
    '`',
    '=',
    '--=',
    '[1:2]',
    ':',
    '*filter',
    'COMMIT',
    '#',
    'é',
    '\ud800',
  ],
  ...GRAMMARS.flatMap(({ name, options }) => [
    name,
    ...Object.entries(options).flatMap(([option, { good }]) => [`--${option}`, ...good.slice(0, 2)]),
  ]),
]
const family = fc.constantFrom<Family>('ipv4', 'ipv6')
const line = fc
  .array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...WORDS) }, { weight: 1, arbitrary: fc.string() }), {
    maxLength: 12,
  })
  .map((words) => words.join(' '))
const table = fc
  .array(
    line.map((words) => (words.startsWith('-') ? words : `-A FORWARD ${words}`)),
    { maxLength: 6 },
  )
  .map((lines) => `*mangle\n:U - [0:0]\n${lines.join('\n')}\nCOMMIT\n`)

describe('nonsense is refused, never more', () => {
  test('any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), family, (text, of) => {
        printed(text, of)
      }),
      { numRuns: 2000 },
    )
  })

  test('words of rules in any order; what is taken is printed so that it prints the same again', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          table,
          fc.array(line).map((lines) => lines.join('\n')),
        ),
        family,
        (text, of) => {
          const once = printed(text, of)
          // osf, physdev, … print words without quotes, as iptables does: what it cannot read again, nor can we.
          const again = once === null ? null : printed(once, of)
          if (again !== null) expect(again).toBe(once)
        },
      ),
      { numRuns: 4000 },
    )
  })

  test('a ruleset with some characters changed', () => {
    const good = GRAMMARS.filter(({ table: name }) => name === 'mangle').map(
      ({ kind, name, chain, before, needs }) =>
        `-A ${chain} ${before} ${kind === 'match' ? '-m' : '-j'} ${name} ${needs.join(' ')}`,
    )
    const text = `*mangle\n:U - [0:0]\n${good.join('\n')}\nCOMMIT\n`
    const change = fc.tuple(fc.nat(text.length), fc.nat(5), fc.string({ unit: 'binary', maxLength: 4 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), family, (changes, of) => {
        let changed = text
        for (const [at, removed, added] of changes) changed = changed.slice(0, at) + added + changed.slice(at + removed)
        printed(changed, of)
      }),
      { numRuns: 500 },
    )
  })

  test('sets', () => {
    const setWords = [
      'create',
      'add',
      's',
      'hash:ip',
      'list:set',
      'bitmap:port',
      'range',
      '1-5',
      'timeout',
      '5',
      '10.0.0.1',
    ]
    const setLine = fc
      .array(fc.oneof(fc.constantFrom(...setWords), fc.string({ maxLength: 6 })), { maxLength: 8 })
      .map((words) => words.join(' '))
    fc.assert(
      fc.property(fc.array(setLine, { maxLength: 5 }), (lines) => {
        try {
          parseSets(lines.join('\n'), 'sets')
        } catch (error) {
          if (!(error instanceof RulesetError)) throw error
        }
      }),
      { numRuns: 2000 },
    )
  })
})

const MEGABYTES_10 = 10 * 2 ** 20

describe('huge files', () => {
  test.each([
    ['one word', 'a'.repeat(MEGABYTES_10)],
    ['one option', `*filter\n-A INPUT --${'a'.repeat(MEGABYTES_10)}\nCOMMIT\n`],
    ['one value', `*filter\n-A INPUT -m comment --comment ${'a'.repeat(MEGABYTES_10)}\nCOMMIT\n`],
    ['one quoted value', `*filter\n-A INPUT -m comment --comment "${'\\"'.repeat(MEGABYTES_10 / 2)}"\nCOMMIT\n`],
    ['an open quote', `*filter\n-A INPUT -m comment --comment "${'a '.repeat(MEGABYTES_10 / 2)}\nCOMMIT\n`],
    ['many words', `*filter\n-A INPUT ${'x '.repeat(MEGABYTES_10 / 2)}\nCOMMIT\n`],
    ['many options', `*filter\n-A INPUT ${'-m tcp '.repeat(MEGABYTES_10 / 10)}\nCOMMIT\n`],
    ['blanks', `*filter\n-A INPUT${' '.repeat(MEGABYTES_10)}x\nCOMMIT\n`],
    ['zeros', '\u0000'.repeat(MEGABYTES_10)],
    ['brackets', `*filter\n${'['.repeat(MEGABYTES_10)}\nCOMMIT\n`],
    ['line ends', '\n'.repeat(MEGABYTES_10)],
    ['digits', `*filter\n-A INPUT -m length --length ${'9'.repeat(1000)}\n-A INPUT -p ${'0'.repeat(1000)}x\nCOMMIT\n`],
    ['commands', 'iptables '.repeat(MEGABYTES_10 / 10)],
    ['errors', 'x\n'.repeat(MEGABYTES_10 / 2)],
  ])('%s', (_, text) => {
    printed(text, 'ipv4')
  })

  const CHAINS = 100_000
  const names = Array.from({ length: CHAINS }, (_, index) => `c${index}`)
  const declared = names.map((name) => `:${name} - [0:0]\n`).join('')

  test('100,000 chains, each after the other', () => {
    const jumps = names.map((name, at) => `-A ${at === 0 ? 'INPUT' : names[at - 1]} -p tcp -j ${name}\n`).join('')
    const ruleset = parseRuleset(`*filter\n${declared}${jumps}COMMIT\n`, 'rules', 'ipv4')
    expect(ruleset.tables[0].chains).toHaveLength(CHAINS + 3)
    expect(reviewRuleset(ruleset).rules).toHaveLength(CHAINS)
    expect(printRuleset(ruleset).length).toBeGreaterThan(CHAINS * 20)
  })

  test('a loop through 100,000 chains', () => {
    const jumps = names.map((name, at) => `-A ${name} -j ${names[(at + 1) % CHAINS]}\n`).join('')
    expect(() => parseRuleset(`*filter\n${declared}${jumps}-A INPUT -j c5\nCOMMIT\n`, 'rules', 'ipv4')).toThrow(
      /this closes a loop/,
    )
  })

  test('chains that each jump twice to the next: two to the power of 60 ways', () => {
    const few = names.slice(0, 60)
    const jumps = few
      .slice(1)
      .flatMap((name, at) => [`-A ${few[at]} -p tcp -j ${name}`, `-A ${few[at]} -p udp -j ${name}`])
    const text = ['*filter', ...few.map((name) => `:${name} - [0:0]`), '-A INPUT -j c0', ...jumps, 'COMMIT', ''].join(
      '\n',
    )
    const ruleset = parseRuleset(text, 'rules', 'ipv4')
    reviewRuleset(ruleset)
    compileRuleset(ruleset, ENVIRONMENT).tablesAt(1)
  })
})
