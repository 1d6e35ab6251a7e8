import type { Target, TargetExtension } from '../extension.ts'
import { parsePrefixLength } from '../text/addresses.ts'
import { hex, MASK_ALL, parseNumber } from '../text/numbers.ts'
import { type Options, type OptionUse, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { type HashQuestion, hashMark } from './hmark-hash.ts'

const NUMBERS = [
  ['hmark-sport-mask', 0xffff],
  ['hmark-dport-mask', 0xffff],
  ['hmark-spi-mask', MASK_ALL],
  ['hmark-sport', 0xffff],
  ['hmark-dport', 0xffff],
  ['hmark-spi', MASK_ALL],
  ['hmark-proto-mask', 0xffff],
] as const
/** An SPI stands in the place of both ports. */
const CONFLICTS = [
  ['hmark-spi-mask', 'hmark-sport-mask'],
  ['hmark-spi-mask', 'hmark-dport-mask'],
  ['hmark-spi', 'hmark-sport'],
  ['hmark-spi', 'hmark-dport'],
] as const
/** Words of `--hmark-tuple`: short for the widest mask of an option. */
const TUPLE: ReadonlyMap<string, string> = new Map([
  ['src', 'hmark-src-prefix'],
  ['dst', 'hmark-dst-prefix'],
  ['sport', 'hmark-sport-mask'],
  ['dport', 'hmark-dport-mask'],
  ['spi', 'hmark-spi-mask'],
  ['proto', 'hmark-proto-mask'],
])

/** Sets the mark to a hash of addresses and ports, within a range. */
export const hmark: TargetExtension = {
  name: 'HMARK',
  options: [
    { name: 'hmark-tuple' },
    { name: 'hmark-mod' },
    { name: 'hmark-offset' },
    { name: 'hmark-rnd' },
    { name: 'hmark-src-prefix' },
    { name: 'hmark-dst-prefix' },
    ...NUMBERS.map(([name]) => ({ name })),
  ],
  parse: parseHmark,
}

function parseHmark(options: Options, { family }: { family: 'ipv4' | 'ipv6' }): Target {
  const modulus = parseNumber(options.required('hmark-mod'), 1, MASK_ALL, 'modulus')
  const random = parseNumber(options.required('hmark-rnd'), 0, MASK_ALL, 'random number')
  const offsetToken = options.value('hmark-offset')
  const offset = offsetToken ? parseNumber(offsetToken, 0, MASK_ALL, 'offset') : 0
  const tuple = parseTuple(options)
  const bits = family === 'ipv4' ? 32 : 128
  // A word of the tuple stands for the widest mask, also after an option that gives a narrower one.
  const prefix = (name: string): number | null => {
    const token = options.value(name)
    const length = token ? parsePrefixLength(token, family) : null
    return tuple.has(name) ? bits : length
  }
  const [source, destination] = [prefix('hmark-src-prefix'), prefix('hmark-dst-prefix')]
  const values = readNumbers(options, tuple)
  if (tuple.size === 0 && source === null && destination === null && values.size === 0)
    throw new Refusal(options.at, 'HMARK needs something to hash, as --hmark-tuple src,dst')
  const word = (name: string): number => values.get(name) ?? 0
  const pair = (high: string, low: string, whole: string): number =>
    values.has(whole) ? word(whole) : ((word(high) << 16) | word(low)) >>> 0
  const question: HashQuestion = {
    source: source ?? 0,
    destination: destination ?? 0,
    portMask: pair('hmark-sport-mask', 'hmark-dport-mask', 'hmark-spi-mask'),
    portSet: pair('hmark-sport', 'hmark-dport', 'hmark-spi'),
    protocolMask: word('hmark-proto-mask'),
    random,
    modulus,
    offset,
    byConnection: tuple.has('ct'),
  }
  const words = [
    source === null ? '' : printOption('hmark-src-prefix', `${source}`),
    destination === null ? '' : printOption('hmark-dst-prefix', `${destination}`),
    ...NUMBERS.map(([name, high]) => {
      const value = values.get(name)
      return value === undefined
        ? ''
        : `--${name} 0x${value.toString(16).padStart(name === 'hmark-proto-mask' ? 2 : high.toString(16).length, '0')}`
    }),
    `--hmark-rnd 0x${hex(random).slice(2).padStart(8, '0')}`,
    `--hmark-mod ${modulus}`,
    offsetToken ? `--hmark-offset ${offset}` : '',
    tuple.has('ct') ? '--hmark-tuple ct' : '',
  ]
  return {
    print: () => words.filter((one) => one !== '').join(' '),
    action: {
      kind: 'edit',
      parts: 0,
      edit(packet) {
        hashMark(packet, question)
        return 0
      },
    },
  }
}

/** The masks and values by option; a word of the tuple stands for the widest mask. */
function readNumbers(options: Options, tuple: ReadonlySet<string>): ReadonlyMap<string, number> {
  const values = new Map<string, number>()
  for (const [name, high] of NUMBERS) {
    const token = options.value(name)
    const value = token ? parseNumber(token, 0, high, name) : null
    if (tuple.has(name)) values.set(name, high)
    else if (value !== null) values.set(name, value)
  }
  const conflict = CONFLICTS.find((pair) => pair.every((name) => values.has(name)))
  if (conflict) throw new Refusal(options.at, `--${conflict[0]} cannot stand together with --${conflict[1]}; keep one`)
  return values
}

/** The options that it stands for, and `ct`. */
function parseTuple(options: Options): ReadonlySet<string> {
  const token = options.value('hmark-tuple')
  const names = new Set<string>()
  for (const word of token ? token.text.split(',') : []) {
    const name = word === 'ct' ? word : TUPLE.get(word)
    if (name === undefined || token === undefined) {
      throw new Refusal(
        token ?? options.at,
        `"${word}" is no part of a tuple; write ct, ${[...TUPLE.keys()].join(', ')}`,
      )
    }
    const other = options.get(name)
    if (other && isAfter(options, other))
      throw new Refusal(other.at, `--${name} and ${word} in --hmark-tuple say the same; keep one`)
    names.add(name)
  }
  return names
}

/** iptables only refuses a redundant option when it comes after the tuple. */
function isAfter(options: Options, use: OptionUse): boolean {
  return options.uses.findIndex(({ spec }) => spec.name === 'hmark-tuple') < options.uses.indexOf(use)
}
