import { STATE_ESTABLISHED } from '../packet/rule-packet.ts'
import type { Condition } from './condition.ts'
import type { ProgramRule } from './program.ts'

/** Most rules of a prefix. */
const LENGTH_MAX = 8
/** Share of packets whose verdict the prefix must decide. */
const SHARE_ENOUGH = 0.5

/**
 * How many of a chain's first rules are better evaluated one after the other, because they decide most packets: such as
 * the rule for known connections, which most rulesets begin with. 0 for none.
 */
export function linearPrefix(rules: readonly ProgramRule[]): number {
  let left = 1
  for (let at = 0; at < Math.min(LENGTH_MAX, rules.length); at++) {
    const { action, checks } = rules[at]
    if (action.kind === 'verdict' || action.kind === 'return' || action.kind === 'goto') {
      left *= 1 - checks.reduce((share, { condition }) => share * likelihood(condition), 1)
    }
    if (left <= SHARE_ENOUGH) return at + 1
  }
  return 0
}

/** The share of packets for which a condition holds: a guess. */
function likelihood(condition: Condition): number {
  switch (condition.kind) {
    case 'hotdrop':
      return 1
    case 'field': {
      const { field, mask, ranges, negated } = condition
      if (field === 'state') {
        const masked = STATE_ESTABLISHED & mask
        return ranges.some(({ low, high }) => low <= masked && masked <= high) !== negated ? 0.8 : 0.1
      }
      return negated ? 0.9 : field === 'protocol' ? 0.4 : 0.1
    }
    case 'name':
      return condition.negated ? 0.7 : 0.3
    case 'constant':
      return condition.value === false ? 0 : 1
    case 'all':
    case 'any':
      return condition.negated ? 0.9 : Math.max(...condition.parts.map(likelihood), 0)
    default:
      return 0.5
  }
}
