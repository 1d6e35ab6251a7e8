import type { Family } from '../../../src/ruleset/packet/rule-environment.ts'
import type { Place } from '../iptables-tools.ts'
import type { Grammar } from './grammar.ts'

/** A rule without its chain, and the options of its extension that it tries. */
export interface Trial {
  readonly rule: string
  readonly options: readonly string[]
  /** `--option value` of the grammar that it tries, which must be taken in one rule at least. */
  readonly good?: string
}

/** Whole numbers in [0, below), the same for the same seed (xorshift32). */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e37_79b9) | 0 || 1
  }

  below(limit: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return (state >>> 0) % limit
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)]
  }
}

/** What goes wrong with numbers, lists, ranges, names and quotes. */
const ODD_VALUES: readonly string[] = [
  ...['""', 'x', '0', '1', '-1', '+1', '0x10', '010', '08', '0x', '0xg', '1x', '1.5', '1e3', '" 5"', '"5 "'],
  ...['31', '32', '33', '63', '64', '65', '127', '128', '129', '255', '256', '65535', '65536', '0xffff', '0x10000'],
  ...['4294967295', '4294967296', '9223372036854775808', '18446744073709551615', '18446744073709551616'],
  ...['1:2', '2:1', '1:', ':1', ':', '1:2:3', '1-2', '2-1', '1-', '-', '1/2', '1/', '/1', '/', '1,2', '1,', ',1', ','],
  ...['0x5/0x10', '5/4294967296', '1/2/3', 'any', 'all', 'none', 'ANY', '"a b"', '"\\""', "'", '10.0.0.1', '::1', '%s'],
  ...['a'.repeat(15), 'a'.repeat(16), 'a'.repeat(28), 'a'.repeat(31), 'a'.repeat(32), 'a'.repeat(64), 'a'.repeat(300)],
  ...[
    '"!"',
    '-5',
    '0:65535',
    '0:65536',
    '1:4294967296',
    '/32',
    '10.0.0.0/33',
    '255.255.0.0',
    'ffff::',
    '00:11:22:33:44:55:66',
  ],
]

export function familiesOf({ family }: Grammar): readonly Family[] {
  return family ? [family] : ['ipv4', 'ipv6']
}

export function placeOf({ table, chain, setup = '', recorded = false }: Grammar, family: Family): Place {
  return { family, table, chain, setup, recorded }
}

/** Every option with each of its good values, negated, twice, cut short, alone, before and without what it needs, and with odd values. */
export function systematicTrials(grammar: Grammar, oddValues: number, chance: Chance): Trial[] {
  // What the kernel alone minds cannot be asked for where a table is recorded: what is missing, or needed beside.
  const trials: Trial[] = grammar.recorded ? [] : [{ rule: ruleOf(grammar, []), options: [] }]
  for (const [option, samples] of Object.entries(grammar.options)) {
    const others = samples.with === undefined ? needsBeside(grammar, option) : [samples.with]
    const add = (words: readonly string[], good?: string): void => {
      trials.push({
        rule: ruleOf(grammar, [...others, ...words]),
        options: [option],
        ...(good !== undefined && { good }),
      })
    }
    const name = `--${option}`
    for (const value of samples.good) {
      const words = `${name} ${value}`
      add([name, value], words)
      add(['!', name, value], words)
      if (value !== '') add([`${name}=${value}`], words)
    }
    for (const value of samples.doubtful ?? []) add([name, value])
    const [good = ''] = samples.good
    add([name, good, name, good])
    add([name])
    add([name.slice(0, -1), good])
    add(['!', '!', name, good])
    trials.push({ rule: ruleOf(grammar, [name, good]), options: [option] })
    for (let count = 0; count < (samples.names ? 0 : oddValues); count++) {
      const value = oddValues >= ODD_VALUES.length ? ODD_VALUES[count % ODD_VALUES.length] : chance.of(ODD_VALUES)
      add([name, value])
    }
    if (grammar.recorded) continue
    const bare = ruleOf({ ...grammar, before: '' }, [...others, name, good])
    trials.push({ rule: bare, options: [option] })
    if (grammar.before !== '') trials.push({ rule: `${bare} ${grammar.before}`, options: [option] })
  }
  return trials
}

export const ODD_VALUE_COUNT = ODD_VALUES.length

/** Some options in some order, most of them right. */
export function randomTrial(grammar: Grammar, chance: Chance): Trial {
  const names = Object.keys(grammar.options)
  const options: string[] = []
  const words: string[] = []
  if (names.length > 0) {
    for (let count = 1 + chance.below(4); count > 0; count--) {
      const option = chance.of(names)
      const { good, names: isName } = grammar.options[option]
      if (options.includes(option) && chance.below(8) > 0) continue
      options.push(option)
      if (chance.below(5) === 0) words.push('!')
      const isOdd = good.length === 0 || (!isName && chance.below(8) === 0)
      words.push(`--${option}`, isOdd ? chance.of(ODD_VALUES) : chance.of(good))
    }
  }
  const before = grammar.needs.filter((need) => !options.some((option) => optionOf(need) === option))
  const needed = chance.below(8) === 0 ? [] : before
  return { rule: ruleOf(grammar, chance.below(2) ? [...needed, ...words] : [...words, ...needed]), options }
}

function ruleOf({ kind, name, before }: Grammar, words: readonly string[]): string {
  const parts = [before, kind === 'match' ? '-m' : '-j', name, ...words]
  return parts.filter((part) => part !== '').join(' ')
}

function needsBeside({ needs }: Grammar, option: string): string[] {
  return needs.filter((need) => optionOf(need) !== option)
}

function optionOf(need: string): string {
  return need.split(' ')[0].slice(2)
}
