import type { ParsedRuleset, RuleMatch } from './rule.ts'

/** Lines of the rules with a match of this kind, in order. */
export function linesAsking({ tables }: ParsedRuleset, isAsked: (match: RuleMatch) => boolean): number[] {
  const rules = tables.flatMap(({ chains }) => chains.flatMap((chain) => chain.rules))
  return rules
    .filter(({ matches }) => matches.some(isAsked))
    .map(({ line }) => line)
    .sort((a, b) => a - b)
}
