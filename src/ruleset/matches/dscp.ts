import { equals } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseDscp, printDscp } from './dscp-classes.ts'

/** The upper six bits of the TOS octet. */
export const dscp: MatchExtension = {
  name: 'dscp',
  options: [
    { name: 'dscp', negatable: true },
    { name: 'dscp-class', negatable: true },
  ],
  parse(options) {
    const use = options.oneOf(['dscp', 'dscp-class'])
    if (!use) throw new Refusal(options.at, 'dscp needs --dscp or --dscp-class')
    const value = parseDscp(use)
    return {
      print: () => printOption('dscp', printDscp(value), use.negated),
      conditions: () => [equals('tos', value << 2, use.negated, 0xfc)],
    }
  },
}
