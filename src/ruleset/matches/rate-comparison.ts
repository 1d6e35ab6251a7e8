import { type CallContext, type Condition, NO, UNKNOWN, undecidable, YES } from '../evaluate/condition.ts'
import { RateEstimators, type RateRange } from './rate-estimator.ts'

const MISSING =
  'the rate is near the limit, and the kernel measures it at moments of its own, which nothing tells; settle it with --assume rateest=yes|no'

/** What `-m rateest` asks of rates. */
export interface RateComparison {
  readonly operator: 'rateest-lt' | 'rateest-gt' | 'rateest-eq'
  readonly negated: boolean
  /** `--rateest-delta`: compares the difference between the number and the rate, not the rate itself. */
  readonly delta: boolean
  /** Per second, of the first and the second side; null where bytes are not compared. */
  readonly bytes: readonly [number, number] | null
  readonly packets: readonly [number, number] | null
}

/** @param names of the estimator that is compared with numbers, or of two estimators */
export function compareRates(
  names: readonly string[],
  comparison: RateComparison,
  label: string,
  { memory }: CallContext,
): Condition {
  const estimators = memory.shared(RateEstimators, '', () => new RateEstimators())
  const [first, second = null] = names.map((name) => estimators.get(name))
  if (first === null || (names.length > 1 && second === null)) {
    const unknown = names.find((name) => estimators.get(name) === null)
    return undecidable(`no rule measures the rate "${unknown}" (-j RATEEST); settle it with --assume rateest=yes|no`)
  }
  return {
    kind: 'call',
    label,
    negated: comparison.negated,
    missing: MISSING,
    create: () => ({
      test(packet) {
        first.readAt(packet)
        second?.readAt(packet)
        const bytes = answerOf(comparison, comparison.bytes, first.bytesPerSecond, second?.bytesPerSecond)
        const packets = answerOf(comparison, comparison.packets, first.packetsPerSecond, second?.packetsPerSecond)
        if (bytes === NO || packets === NO) return NO
        return bytes === UNKNOWN || packets === UNKNOWN ? UNKNOWN : YES
      },
    }),
  }
}

/** @param numbers null where this is not asked for */
function answerOf(
  { operator, delta }: RateComparison,
  numbers: readonly [number, number] | null,
  first: RateRange,
  second: RateRange | undefined,
): number {
  if (numbers === null) return YES
  const [upToFirst, upToSecond] = numbers
  const low = delta ? Math.max(upToFirst - first.high, 0) : first.low
  const high = delta ? Math.max(upToFirst - first.low, 0) : first.high
  let otherLow = upToSecond
  let otherHigh = upToSecond
  if (second !== undefined) {
    otherLow = delta ? Math.max(upToSecond - second.high, 0) : second.low
    otherHigh = delta ? Math.max(upToSecond - second.low, 0) : second.high
  }
  switch (operator) {
    case 'rateest-lt':
      return high < otherLow ? YES : low >= otherHigh ? NO : UNKNOWN
    case 'rateest-gt':
      return low > otherHigh ? YES : high <= otherLow ? NO : UNKNOWN
    case 'rateest-eq':
      if (high < otherLow || low > otherHigh) return NO
      return low === high && otherLow === otherHigh ? YES : UNKNOWN
  }
}
