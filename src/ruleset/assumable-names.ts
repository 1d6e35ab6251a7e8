import type { ParsedRuleset, Rule } from './rule.ts'

/** What `--assume` may name and a rule has: its matches, its target, `in-interface` and `out-interface`. */
export function assumableNames({ tables }: ParsedRuleset): Set<string> {
  return new Set(tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules.flatMap(namesIn))))
}

function namesIn({ header, matches, target }: Rule): string[] {
  const names = matches.map(({ name }) => name)
  if (header.inInterface !== null) names.push('in-interface')
  if (header.outInterface !== null) names.push('out-interface')
  if (target !== null) names.push(target.name)
  return names
}
