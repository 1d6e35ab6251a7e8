import { P_DST, P_SRC } from '../../wire/packet-fields.ts'
import { NO, type StatefulTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import { HOTDROP } from '../evaluate/three-valued.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { parsePrefixLength, prefixMask } from '../text/addresses.ts'
import { parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { ConnectionCounts } from './connection-counts.ts'

const COUNT_MAX = 0xffff_ffff
const MISSING = 'whether other connections came here depends on an earlier rule that could not be decided'

/** How many connections a group of addresses has at once. */
export const connlimit: MatchExtension = {
  name: 'connlimit',
  options: [
    { name: 'connlimit-upto', negatable: true },
    { name: 'connlimit-above', negatable: true },
    { name: 'connlimit-mask' },
    { name: 'connlimit-saddr', values: 0 },
    { name: 'connlimit-daddr', values: 0 },
  ],
  parse: parseConnlimit,
}

function parseConnlimit(options: Options, { family }: RuleContext): Match {
  const use = options.oneOf(['connlimit-upto', 'connlimit-above'])
  if (!use) throw new Refusal(options.at, 'connlimit needs --connlimit-above or --connlimit-upto')
  const limit = parseNumber(use.values[0], 0, COUNT_MAX, 'number of connections')
  const bits = family === 'ipv4' ? 32 : 128
  const maskToken = options.value('connlimit-mask')
  const prefix = maskToken ? parsePrefixLength(maskToken, family) : bits
  const side = options.oneOf(['connlimit-saddr', 'connlimit-daddr'])?.spec.name ?? 'connlimit-saddr'
  const above = (use.spec.name === 'connlimit-above') !== use.negated
  const direction = above ? 'connlimit-above' : 'connlimit-upto'
  const text = `${printOption(direction, `${limit}`)} --connlimit-mask ${prefix} --${side}`
  const mask = prefixMask(prefix, family)
  const at = side === 'connlimit-daddr' ? P_DST : P_SRC
  return {
    print: () => text,
    conditions: () => [
      {
        kind: 'stateful',
        label: text,
        negated: !above,
        missing: MISSING,
        create: () => new ConnlimitTest(new ConnectionCounts(at, mask), limit),
      },
    ],
  }
}

/** YES above the limit. */
class ConnlimitTest implements StatefulTest {
  readonly #counts: ConnectionCounts
  readonly #limit: number
  #answer = NO

  constructor(counts: ConnectionCounts, limit: number) {
    this.#counts = counts
    this.#limit = limit
  }

  /** Asked before `test`, which then has its answer. */
  uncertain(packet: RulePacket): boolean {
    this.#counts.count(packet)
    const { low, high } = this.#counts
    if (high === 0) this.#answer = HOTDROP
    else if (low > this.#limit) this.#answer = YES
    else this.#answer = high > this.#limit ? UNKNOWN : NO
    return this.#answer !== YES && this.#answer !== NO
  }

  test(packet: RulePacket): number {
    this.#counts.enter(packet, false)
    return this.#answer
  }

  testUncertain(packet: RulePacket): number {
    return this.test(packet)
  }

  testPerhaps(packet: RulePacket): number {
    this.uncertain(packet)
    this.#counts.enter(packet, true)
    return this.#answer
  }
}
