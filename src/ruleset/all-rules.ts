import type { CallContext } from './evaluate/condition.ts'
import type { ParsedRuleset, Rule, RuleMatch } from './rule.ts'

/** The rules of all chains of all tables. */
export function allRules({ tables }: ParsedRuleset): readonly Rule[] {
  return tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))
}

/** Calls `prepare` of all matches and targets, in the order of the file; before the conditions of any rule are made. */
export function prepareRules(ruleset: ParsedRuleset, context: CallContext): void {
  for (const { matches, target } of allRules(ruleset)) {
    for (const { match } of matches) match.prepare?.(context)
    target?.target.prepare?.(context)
  }
}

/** Lines of the rules with a match of this kind, in order. */
export function linesAsking(ruleset: ParsedRuleset, isAsked: (match: RuleMatch) => boolean): number[] {
  return allRules(ruleset)
    .filter(({ matches }) => matches.some(isAsked))
    .map(({ line }) => line)
    .sort((a, b) => a - b)
}

/** What `--assume` may name and a rule has: its matches, its target, `in-interface` and `out-interface`. */
export function assumableNames(ruleset: ParsedRuleset): Set<string> {
  return new Set(allRules(ruleset).flatMap(assumableNamesOf))
}

function assumableNamesOf({ header, matches, target }: Rule): string[] {
  const names = matches.map(({ name }) => name)
  if (header.inInterface !== null) names.push('in-interface')
  if (header.outInterface !== null) names.push('out-interface')
  if (target !== null) names.push(target.name)
  return names
}
