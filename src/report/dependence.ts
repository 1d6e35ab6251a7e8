import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { placedText, ruleNameWithFamily } from './rule-places.ts'
import { printable, wrap } from './text.ts'

/** Whether answers about one connection may depend on others, by which rule, and what that means for the work. */
export function dependenceLines(rulesets: readonly (CompiledRuleset | null)[]): string[] {
  const given = rulesets.filter((ruleset) => ruleset !== null)
  if (given.length === 0) return []
  const sharing = given.map((ruleset) => ruleset.sharing).filter((rule) => rule !== null)
  if (sharing.length === 0) {
    return wrap('By no rule: threads may share the tracking by pairs of hosts (--threads).', 2, 2)
  }
  const rules = sharing.flatMap((rule) => [
    `  ${printable(ruleNameWithFamily(rule))}`,
    ...placedText(`line ${rule.line}`, rule.text, 4),
  ])
  return [...rules, ...wrap('So one thread tracks all connections. There may be more such rules.', 2, 2)]
}
