import type { ReplaySummary } from '../netfilter/replay.ts'
import type { CompiledRuleset, RuleInfo } from '../ruleset/ruleset.ts'
import { ruleNameWithFamily, ruleText } from './rule-names.ts'
import { printable, wrap } from './text.ts'

type Rulesets = readonly (CompiledRuleset | null)[]

/**
 * Lines that say whether results for one connection may depend on others, by which rule, and whether threads can share
 * the work.
 * @param obstacles clauses that say what else keeps threads from sharing the tracking
 */
export function dependenceLines(rulesets: Rulesets, obstacles: readonly string[] = []): string[] {
  if (rulesets.every((ruleset) => ruleset === null)) return []
  const sharing = sharingRules(rulesets)
  const others = obstacles.join(', and ')
  if (sharing.length === 0 && others !== '') {
    return wrap(`By no rule. Yet one thread tracks all connections: ${printable(others)}.`, 2, 2)
  }
  if (sharing.length === 0) {
    return wrap('By no rule: threads may share the tracking by pairs of hosts (--threads).', 2, 2)
  }
  const rules = sharing.flatMap((rule) => [`  ${printable(ruleNameWithFamily(rule))}`, ...ruleText(rule)])
  const besides = others === '' ? '' : ` Besides, ${printable(others)}.`
  return [...rules, ...wrap(`So one thread tracks all connections. There may be more such rules.${besides}`, 2, 2)]
}

/** Why one thread tracked all connections, as a clause; null where threads shared the tracking. */
export function whyOneThread(
  { ruleset4, ruleset6, trackedBy }: Pick<ReplaySummary, 'ruleset4' | 'ruleset6' | 'trackedBy'>,
  obstacles: readonly string[],
): string | null {
  if (trackedBy === 'threads') return null
  if (trackedBy === 'full-table') return 'the connection table might have become full (nf_conntrack_max)'
  if (trackedBy === 'announced') return 'a helper would have announced a connection between other hosts'
  const rules = sharingRules([ruleset4, ruleset6]).map(
    (rule) => `${ruleNameWithFamily(rule)} (line ${rule.line}) makes connections depend on each other`,
  )
  return [...rules, ...obstacles].join(', and ')
}

/** The first such rule of each ruleset. */
function sharingRules(rulesets: Rulesets): RuleInfo[] {
  return rulesets.flatMap((ruleset) => ruleset?.sharing ?? [])
}
