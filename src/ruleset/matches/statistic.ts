import {
  always,
  type Condition,
  NO,
  never,
  type StatefulTest,
  UNKNOWN,
  undecidable,
  YES,
} from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import { parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** A probability is kept in parts of 2^31, and printed with this many digits. */
const PARTS = 2 ** 31
const DIGITS = 11
const COUNT_MAX = 0xffff_ffff
const MISSING = 'chance decides, and nothing tells how; settle it with --assume statistic=yes|no'
const MISSING_COUNT = 'how many packets came here depends on an earlier rule that could not be decided'

/** Every nth packet, or some by chance. */
export const statistic: MatchExtension = {
  name: 'statistic',
  options: [
    { name: 'mode' },
    { name: 'probability', negatable: true },
    { name: 'every', negatable: true },
    { name: 'packet' },
  ],
  parse(options) {
    const mode = options.required('mode')
    if (mode.text === 'random') return random(options)
    if (mode.text === 'nth') return nth(options)
    throw new Refusal(mode, `"${mode.text}" is not a mode; write random or nth`)
  },
}

function random(options: Options): Match {
  const token = options.required('probability')
  const other = options.get('every') ?? options.get('packet')
  if (other) throw new Refusal(other.at, `--${other.spec.name} belongs to --mode nth; take it away`)
  const probability = /^\+?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?$/i.test(token.text)
    ? Number.parseFloat(token.text)
    : Number.NaN
  if (!(probability >= 0 && probability <= 1)) {
    throw new Refusal(token, `"${token.text}" is not a probability; write a number from 0 to 1`)
  }
  const parts = Math.round(probability * PARTS)
  const negated = options.negated('probability')
  return {
    print: () => `--mode random ${printOption('probability', (parts / PARTS).toFixed(DIGITS), negated)}`,
    conditions: () => [chance(parts, negated)],
  }
}

function chance(parts: number, negated: boolean): Condition {
  if (parts > 0 && parts < PARTS) return undecidable(MISSING)
  return (parts === 0) === negated ? always() : never()
}

function nth(options: Options): Match {
  const everyToken = options.required('every')
  const every = parseNumber(everyToken, 1, COUNT_MAX, 'distance')
  const packetToken = options.value('packet')
  if (!packetToken) throw new Refusal(everyToken, '--every needs --packet, as --packet 0')
  const packet = parseNumber(packetToken, 0, COUNT_MAX, 'packet')
  if (packet >= every) throw new Refusal(packetToken, `--packet ${packet} never comes; write 0 to ${every - 1}`)
  const probability = options.get('probability')
  if (probability) throw new Refusal(probability.at, '--probability belongs to --mode random; take it away')
  const negated = options.negated('every')
  const text = `--mode nth ${printOption('every', `${every}`, negated)} --packet ${packet}`
  return {
    print: () => text,
    conditions: () => [
      { kind: 'stateful', label: text, negated, missing: MISSING_COUNT, create: () => new NthTest(every, packet) },
    ],
  }
}

class NthTest implements StatefulTest {
  readonly #every: number
  /** Packets that still pass before the one that matches. */
  #left: number
  /** Further packets that may have been counted. */
  #perhaps = 0

  constructor(every: number, packet: number) {
    this.#every = every
    this.#left = packet
  }

  uncertain(): boolean {
    return this.#answer() === UNKNOWN
  }

  test(): number {
    const answer = this.#answer()
    this.#left = this.#left === 0 ? this.#every - 1 : this.#left - 1
    return answer
  }

  testPerhaps(): number {
    const answer = this.#answer()
    if (this.#perhaps < this.#every - 1) this.#perhaps++
    return answer
  }

  /** With `perhaps` packets more, `left` is smaller by 0 to `perhaps`, all modulo `every`. */
  #answer(): number {
    if (this.#perhaps === 0) return this.#left === 0 ? YES : NO
    return this.#left <= this.#perhaps ? UNKNOWN : NO
  }
}
