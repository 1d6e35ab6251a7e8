import { equals } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { parseMasked, printMasked } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'

/** The packet's mark, as MARK set it. */
export const mark: MatchExtension = {
  name: 'mark',
  options: [{ name: 'mark', negatable: true }],
  parse(options) {
    const asked = parseMasked(options.required('mark'), 'mark')
    const negated = options.negated('mark')
    return {
      print: () => printOption('mark', printMasked(asked), negated),
      conditions: () => [equals('mark', asked.value, negated, asked.mask)],
    }
  },
}
