import { equals } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { printOption } from '../text/options.ts'
import { parseTos, printTos } from './tos-values.ts'

/** The TOS octet, or the traffic class. */
export const tos: MatchExtension = {
  name: 'tos',
  options: [{ name: 'tos', negatable: true }],
  parse(options) {
    const asked = parseTos(options.required('tos'))
    const negated = options.negated('tos')
    return {
      print: () => printOption('tos', printTos(asked), negated),
      conditions: () => [equals('tos', asked.value, negated, asked.mask)],
    }
  },
}
