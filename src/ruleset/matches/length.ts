import { isBetween } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { parseRangeLoosely, printRange } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'

/** Length of the whole datagram, its IP header included. */
export const length: MatchExtension = {
  name: 'length',
  options: [{ name: 'length', negatable: true }],
  parse(options) {
    const range = parseRangeLoosely(options.required('length'), 0, 65535, 'length')
    const negated = options.negated('length')
    return {
      print: () => printOption('length', printRange(range), negated),
      conditions: () => [isBetween('length', range, negated)],
    }
  },
}
