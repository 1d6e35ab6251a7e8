import { NO, type StatefulTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { HZ, ticksAt } from '../packet/ticks.ts'
import { parseNumber } from '../text/numbers.ts'
import type { Options } from '../text/options.ts'
import { parseCountPerUnit, printCountPerUnit } from '../text/rates.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** XT_LIMIT_SCALE: a rate is kept as the time between two packets, in 1/10000 s. */
const SCALE = 10_000
const DEFAULT_RATE = (SCALE * 3600) / 3
const DEFAULT_BURST = 5
const BURST_MAX = 10_000

/** CREDITS_PER_JIFFY: the largest power of two with which a day of credit fits into 32 bits. */
const CREDITS_PER_TICK = 2 ** Math.floor(Math.log2(Math.floor(0xffff_ffff / (HZ * 86_400))))

export const limit: MatchExtension = {
  name: 'limit',
  options: [{ name: 'limit' }, { name: 'limit-burst' }],
  parse: parseLimit,
}

function parseLimit(options: Options, { warn }: RuleContext): Match {
  const rateToken = options.value('limit')
  const rate = rateToken ? parseRate(rateToken) : DEFAULT_RATE
  const burstToken = options.value('limit-burst')
  const burst = burstToken ? parseNumber(burstToken, 1, BURST_MAX, 'burst') : DEFAULT_BURST
  if (overflows(rate, burst)) {
    const { line } = burstToken ?? options.at
    warn(`line ${line}: ip_tables cannot count a burst that takes so long, only nf_tables; lower it or raise the rate`)
  }
  const text = `--limit ${printCountPerUnit(rate, SCALE).text}${burst === DEFAULT_BURST ? '' : ` --limit-burst ${burst}`}`
  return {
    print: () => text,
    conditions: () => [{ kind: 'stateful', label: text, negated: false, create: () => new TokenBucket(rate, burst) }],
  }
}

/** `10/second`. */
function parseRate(token: Token): number {
  const { count, unit } = parseCountPerUnit(token, 'write a number and /second, /minute, /hour or /day')
  if (count < 0 || count / unit > SCALE) {
    throw new Refusal(token, `${token.text} is too fast; ${SCALE}/second is the most`)
  }
  return Math.floor((SCALE * unit) / count)
}

/** user2credits */
function credits(time: number): number {
  const product = time * HZ * CREDITS_PER_TICK
  if (time > Math.floor(0xffff_ffff / (HZ * CREDITS_PER_TICK))) {
    return (Math.floor(time / SCALE) * HZ * CREDITS_PER_TICK) % 2 ** 32
  }
  return Math.floor(product / SCALE)
}

/** ip_tables multiplies in 32 bits, and refuses what then is less than one packet costs. */
function creditsOf(rate: number, burst: number): number {
  return credits(Math.imul(rate, burst) >>> 0)
}

function overflows(rate: number, burst: number): boolean {
  return creditsOf(rate, burst) < credits(rate)
}

/**
 * xt_limit: credit grows with time up to what the burst costs, and each packet that matches costs the same. The credit
 * is an interval, because it may not be known whether an earlier packet took from it.
 */
class TokenBucket implements StatefulTest {
  readonly #cap: number
  readonly #cost: number
  #low: number
  #high: number
  #tick = 0

  constructor(rate: number, burst: number) {
    this.#cost = credits(rate)
    // Too large for ip_tables; nf_tables keeps the whole product.
    this.#cap = overflows(rate, burst) ? this.#cost * burst : creditsOf(rate, burst)
    this.#low = this.#cap
    this.#high = this.#cap
  }

  uncertain(packet: RulePacket): boolean {
    if (this.#low === this.#high) return false
    this.#refill(packet)
    return this.#low < this.#cost && this.#high >= this.#cost
  }

  test(packet: RulePacket): number {
    this.#refill(packet)
    if (this.#high < this.#cost) return NO
    this.#low -= this.#cost
    this.#high -= this.#cost
    return YES
  }

  testPerhaps(packet: RulePacket): number {
    this.#refill(packet)
    if (this.#high < this.#cost) return NO
    const answer = this.#low >= this.#cost ? YES : UNKNOWN
    this.#low = Math.max(0, this.#low - this.#cost)
    return answer
  }

  /** Whether or not the credit was enough, the remaining credit has an upper bound now. */
  testUncertain(packet: RulePacket): number {
    this.#refill(packet)
    this.#low = 0
    this.#high = Math.max(this.#high - this.#cost, this.#cost - 1)
    return UNKNOWN
  }

  #refill(packet: RulePacket): void {
    const tick = ticksAt(packet)
    const gained = (tick - this.#tick) * CREDITS_PER_TICK
    this.#tick = tick
    this.#low = Math.min(this.#cap, this.#low + gained)
    this.#high = Math.min(this.#cap, this.#high + gained)
  }
}
