import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import { NO, type StatefulTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { wholeNumberOf } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

const QUOTA_MAX = 2n ** 64n - 1n
const MISSING = 'how much of the quota is left depends on an earlier rule that could not be decided'

/** Matches until so many bytes have passed. */
export const quota: MatchExtension = {
  name: 'quota',
  options: [{ name: 'quota', negatable: true }],
  parse(options) {
    const token = options.required('quota')
    const bytes = wholeNumberOf(token.text)
    if (bytes === null || bytes > QUOTA_MAX) {
      throw new Refusal(token, `"${token.text}" is not a number of bytes; write 0 to ${QUOTA_MAX}`)
    }
    const negated = options.negated('quota')
    const text = printOption('quota', `${bytes}`, negated)
    return {
      print: () => text,
      conditions: () => [
        { kind: 'stateful', label: text, negated, missing: MISSING, create: () => new QuotaTest(Number(bytes)) },
      ],
    }
  },
}

/** A packet that does not fit ends the quota for all later ones. What is left of the quota is an interval. */
class QuotaTest implements StatefulTest {
  #low: number
  #high: number

  constructor(bytes: number) {
    this.#low = bytes
    this.#high = bytes
  }

  uncertain(packet: RulePacket): boolean {
    const length = packet.fields[packet.base + P_L3_LENGTH]
    return this.#low < length && this.#high >= length
  }

  test(packet: RulePacket): number {
    const length = packet.fields[packet.base + P_L3_LENGTH]
    const fits = this.#high >= length
    this.#high = fits ? this.#high - length : 0
    this.#low = this.#low >= length ? this.#low - length : 0
    return fits ? YES : NO
  }

  testPerhaps(packet: RulePacket): number {
    const length = packet.fields[packet.base + P_L3_LENGTH]
    if (this.#high < length) {
      this.#low = 0
      return NO
    }
    const sure = this.#low >= length
    this.#low = sure ? this.#low - length : 0
    return sure ? YES : UNKNOWN
  }
}
