import { equals } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { parseMasked, printMasked } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'

/** The mark of the packet's connection; never matches without one. */
export const connmark: MatchExtension = {
  name: 'connmark',
  options: [{ name: 'mark', negatable: true }],
  parse(options) {
    const asked = parseMasked(options.required('mark'), 'mark')
    const negated = options.negated('mark')
    return {
      print: () => printOption('mark', printMasked(asked), negated),
      conditions: () => [equals('connection', 1), equals('connectionMark', asked.value, negated, asked.mask)],
    }
  },
}
