import type { CallContext } from '../evaluate/condition.ts'
import type { TargetExtension } from '../extension.ts'
import { type RateEstimator, RateEstimators } from '../matches/rate-estimator.ts'
import { leadingFloat, lowWord } from '../text/floats.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** IFNAMSIZ without its final zero; iptables keeps that much. */
const NAME_MAX = 15
/** The kernel measures every 1/4 s times a power of two, up to 8 s. */
const INTERVALS_US = [250_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000]
const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^(s|sec|secs)$/i, 1e6],
  [/^(ms|msec|msecs)$/i, 1e3],
  [/^(us|usec|usecs|)$/i, 1],
]

/** Measures a rate, for `-m rateest`; the packet goes on. */
export const rateest: TargetExtension = {
  name: 'RATEEST',
  options: [{ name: 'rateest-name' }, { name: 'rateest-interval' }, { name: 'rateest-ewmalog' }],
  parse(options) {
    const name = options.required('rateest-name')
    const intervalToken = options.required('rateest-interval')
    const averageToken = options.required('rateest-ewmalog')
    const wanted = parseTime(intervalToken)
    const interval = INTERVALS_US.find((one) => wanted <= one)
    const average = parseTime(averageToken)
    if (interval === undefined) throw new Refusal(intervalToken, 'the interval is too long; 8s is the most')
    const log = averageLog(averageToken, wanted, average)
    const kept = name.text.slice(0, NAME_MAX)
    const words = `--rateest-name ${kept} --rateest-interval ${printTime(interval)}`
    const estimator = ({ memory }: CallContext): RateEstimator =>
      memory.shared(RateEstimators, '', () => new RateEstimators()).make(kept, INTERVALS_US.indexOf(interval), log)
    return {
      print: () => `${words} --rateest-ewmalog ${printTime(interval * 2 ** log)}`,
      prepare: estimator,
      action: {
        kind: 'effect',
        create(context) {
          const measured = estimator(context)
          return {
            apply: (packet) => measured.count(packet, true),
            applyPerhaps: (packet) => measured.count(packet, false),
          }
        },
      },
    }
  },
}

function parseTime(token: Token): number {
  const number = leadingFloat(token.text)
  const scale = number === null ? undefined : UNITS.find(([pattern]) => pattern.test(number.rest))?.[1]
  if (number === null || scale === undefined) {
    throw new Refusal(token, `"${token.text}" is not a time; write a number and s, ms or us`)
  }
  // Microseconds in 32 bits, like iptables.
  return lowWord(number.value * scale)
}

/** The power of two of intervals over which is averaged. */
function averageLog(token: Token, interval: number, average: number): number {
  if (interval >= average)
    throw new Refusal(token, 'the averaging time is not longer than the interval; write a longer one')
  for (let log = 1; log < 32; log++) {
    const weight = 1 - 1 / 2 ** log
    if (-interval / Math.log(weight) > average) return log - 1 || refuse(token)
  }
  return refuse(token)
}

function refuse(token: Token): never {
  throw new Refusal(
    token,
    `an averaging time of ${token.text} cannot be had with this interval; write a longer time or a shorter interval`,
  )
}

function printTime(time: number): string {
  const us = time >>> 0
  if (us >= 1e6) return `${(us / 1e6).toFixed(1)}s`
  return us >= 1e3 ? `${(us / 1e3).toFixed(1)}ms` : `${us}us`
}
