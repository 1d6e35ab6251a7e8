import { asksNothing } from './header-conditions.ts'
import type { Rule } from './rule.ts'

const VERDICTS: readonly string[] = ['ACCEPT', 'DROP', 'RETURN']

/**
 * Whether the kernel treats the rule as the unconditional end of its chain: it has no conditions, and its target is a
 * verdict.
 */
export function isBareVerdict({ matches, header, hasIdleOptions, target }: Rule): boolean {
  return matches.length === 0 && !hasIdleOptions && asksNothing(header) && VERDICTS.includes(target?.name ?? '')
}
