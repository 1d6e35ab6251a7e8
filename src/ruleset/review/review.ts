import type { SetDefinition } from '../ipset/set-definition.ts'
import type { ParsedRuleset } from '../rule.ts'
import type { Fingerprint } from '../text/parse-fingerprints.ts'
import { type Decidability, decidabilityOf } from './decidability.ts'
import { Flow } from './flow.ts'
import { type MissingSet, missingSets } from './missing-sets.ts'
import { type Mistake, mistakesOf } from './mistakes.ts'
import { type ReviewedRule, reviewedRules } from './reviewed-rules.ts'
import { type DeadRule, deadRules } from './shadows.ts'
import { type UnusedChain, unusedChains } from './unused-chains.ts'

/** What can be said about a ruleset without any packet. */
export interface Review {
  readonly ruleset: ParsedRuleset
  readonly rules: readonly ReviewedRule[]
  /** By rule: whether a capture can tell if it matches. */
  readonly decidability: ReadonlyMap<ReviewedRule, Decidability>
  readonly dead: readonly DeadRule[]
  readonly unused: readonly { readonly table: string; readonly chain: UnusedChain }[]
  readonly missingSets: readonly MissingSet[]
  readonly mistakes: readonly Mistake[]
}

/**
 * @param sets as given beside the ruleset (`ipset save`)
 * @param fingerprints as given beside it; null for none
 */
export function reviewRuleset(
  ruleset: ParsedRuleset,
  sets: readonly SetDefinition[] = [],
  fingerprints: readonly Fingerprint[] | null = null,
): Review {
  const rules = reviewedRules(ruleset, sets, fingerprints)
  const flows = ruleset.tables.map((table) => new Flow(table, rules))
  const dead = flows.flatMap(deadRules)
  const deadSet = new Set(dead.map(({ rule }) => rule))
  const filter = flows.find(({ table }) => table.name === 'filter')
  return {
    ruleset,
    rules,
    decidability: new Map(rules.map((rule) => [rule, decidabilityOf(rule)])),
    dead,
    unused: flows.flatMap((flow) => unusedChains(flow, deadSet).map((chain) => ({ table: flow.table.name, chain }))),
    missingSets: missingSets(rules, sets),
    mistakes: mistakesOf(ruleset.family, filter, rules, deadSet),
  }
}
