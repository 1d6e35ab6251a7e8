import { asksNothing } from './header-conditions.ts'
import type { Rule } from './rule.ts'

const VERDICTS: readonly string[] = ['ACCEPT', 'DROP', 'RETURN']

/** Whether the kernel sees at a glance that the rule ends its chain: it asks nothing, and its target is a verdict. */
export function isBareVerdict({ matches, header, hasIdleOptions, target }: Rule): boolean {
  return matches.length === 0 && !hasIdleOptions && asksNothing(header) && VERDICTS.includes(target?.name ?? '')
}
