import type { Match, MatchExtension } from '../extension.ts'
import { leadingFloat, lowWord } from '../text/floats.ts'
import { MASK_ALL, parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { compareRates, type RateComparison } from './rate-comparison.ts'

/** IFNAMSIZ without its final zero; iptables keeps that much. */
const NAME_MAX = 15
const OPERATORS = ['rateest-lt', 'rateest-gt', 'rateest-eq'] as const
/** Bits per second of a unit. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  bit: 1,
  kibit: 1024,
  kbit: 1e3,
  mibit: 1024 ** 2,
  mbit: 1e6,
  gibit: 1024 ** 3,
  gbit: 1e9,
  tibit: 1024 ** 4,
  tbit: 1e12,
  bps: 8,
  kibps: 8 * 1024,
  kbps: 8e3,
  mibps: 8 * 1024 ** 2,
  mbps: 8e6,
  gibps: 8 * 1024 ** 3,
  gbps: 8e9,
  tibps: 8 * 1024 ** 4,
  tbps: 8e12,
}
/** Compares rates that RATEEST measures. */
export const rateest: MatchExtension = {
  name: 'rateest',
  options: [
    { name: 'rateest1', aliases: ['rateest'] },
    { name: 'rateest2' },
    { name: 'rateest-delta', values: 0 },
    { name: 'rateest-bps1', values: 0, optionalValue: true },
    { name: 'rateest-pps1', values: 0, optionalValue: true },
    { name: 'rateest-bps2', aliases: ['rateest-bps'], values: 0, optionalValue: true },
    { name: 'rateest-pps2', aliases: ['rateest-pps'], values: 0, optionalValue: true },
    ...OPERATORS.map((name) => ({ name, negatable: true, values: 0 })),
  ],
  parse: parseRateest,
}

function parseRateest(options: Options): Match {
  const first = options.required('rateest1')
  const second = options.value('rateest2')
  const operators = options.uses.filter(({ spec }) => OPERATORS.some((name) => name === spec.name))
  // Of several the last one counts, and it is negated when any of them is.
  const operator = operators.at(-1)
  if (!operator) throw new Refusal(options.at, 'rateest needs --rateest-lt, --rateest-gt or --rateest-eq')
  const measured = ['bps', 'pps'].filter((unit) => options.has(`rateest-${unit}2`) || options.has(`rateest-${unit}1`))
  if (measured.length === 0) throw new Refusal(options.at, 'rateest needs --rateest-bps or --rateest-pps')
  const rates = new Map(
    ['bps', 'pps'].flatMap((unit) =>
      [1, 2].map((which) => {
        const name = `rateest-${unit}${which}`
        return [name, parseRate(options.value(name), unit)] as const
      }),
    ),
  )
  const negated = operators.some((use) => use.negated)
  const compared = printOption(operator.spec.name, '', negated)
  const delta = options.has('rateest-delta')
  const text = [
    delta ? '--rateest-delta' : '',
    `--${second ? 'rateest1' : 'rateest'} ${first.text.slice(0, NAME_MAX)}`,
    ...measured.map((unit) => {
      const [one, two] = given(unit).map((rate) => printRate(rate, unit))
      if (delta) return `--rateest-${unit}1 ${one} ${compared} --rateest-${unit}2 ${two}`
      return `${compared} --rateest-${unit}${second ? '' : ` ${two}`}`
    }),
    second ? `--rateest2 ${second.text.slice(0, NAME_MAX)}` : '',
  ]
  const printed = text.filter((part) => part !== '').join(' ')
  const comparison: RateComparison = {
    operator: operator.spec.name as RateComparison['operator'],
    negated,
    delta,
    bytes: measured.includes('bps') ? given('bps') : null,
    packets: measured.includes('pps') ? given('pps') : null,
  }
  const names = [first, second].flatMap((token) => token?.text.slice(0, NAME_MAX) ?? [])
  return { print: () => printed, conditions: (context) => [compareRates(names, comparison, printed, context)] }

  function given(unit: string): [number, number] {
    return [rates.get(`rateest-${unit}1`) ?? 0, rates.get(`rateest-${unit}2`) ?? 0]
  }
}

/** Packets or bytes per second. */
function parseRate(token: Token | undefined, unit: string): number {
  if (token === undefined) return 0
  return unit === 'pps' ? parseNumber(token, 0, MASK_ALL, 'rate') : parseBytes(token)
}

function printRate(rate: number, unit: string): string {
  if (unit === 'pps') return `${rate}`
  const bits = 8 * rate
  if (bits >= 1e9) return `${Math.round(bits / 1e6)}Mbit`
  return bits >= 1e6 ? `${Math.round(bits / 1e3)}Kbit` : `${bits}bit`
}

/** Bytes per second, whole. */
function parseBytes(token: Token): number {
  const number = leadingFloat(token.text)
  const unit = UNITS[number?.rest.toLowerCase() ?? '?']
  if (number === null || unit === undefined) {
    throw new Refusal(token, `"${token.text}" is not a rate; write bits per second, as 10mbit`)
  }
  // The kernel has 32 bits for it.
  return lowWord((number.value * unit) / 8)
}
