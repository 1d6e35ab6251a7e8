import { Facts } from './facts.ts'
import { CLIMB_MAX, type Flow, isUnconditional } from './flow.ts'
import type { ReviewedRule } from './reviewed-rules.ts'
import { Takers } from './takers.ts'
import { volatileOf } from './volatile-fields.ts'

/** A rule that no packet can come to, or match. */
export interface DeadRule {
  readonly rule: ReviewedRule
  /** The earlier rule that takes all its packets; null where there is none, or several do it. */
  readonly by: ReviewedRule | null
  /** The earlier rules that take all its packets together. None of these and no `by`: it contradicts itself, or the way to it. */
  readonly together: readonly ReviewedRule[]
  /** That rule matches every packet that comes to it. */
  readonly byTakesAll: boolean
}

const CONTRADICTION = { by: null, together: [] }

/**
 * The rules of a table that can never match, each proved from what the rules ask: an earlier rule of its chain, or of
 * the chains on the only way there, takes everything that it could match, or several of one chain do so together. Nothing is said where a proof is not found.
 */
export function deadRules(flow: Flow): DeadRule[] {
  const changing = volatileOf(flow.table)
  const takers = new Map<string, Takers>()
  for (const { name } of flow.table.chains)
    takers.set(name, new Takers(flow.rulesOf(name).filter((one) => flow.takes(one))))

  const dead: DeadRule[] = []
  for (const { name } of flow.table.chains) {
    for (const rule of flow.rulesOf(name)) {
      const found = deadBy(rule)
      if (found !== null) dead.push({ rule, ...found, byTakesAll: found.by !== null && isUnconditional(found.by) })
    }
  }
  return dead

  function deadBy(rule: ReviewedRule): Pick<DeadRule, 'by' | 'together'> | null {
    if (new Facts().add(rule.checks).impossible) return CONTRADICTION
    const facts = new Facts()
    const met = new Set<string>()
    for (let at: ReviewedRule | null = rule; at !== null && !met.has(at.chain.name); at = flow.onlyCaller(at.chain)) {
      if (met.size === CLIMB_MAX) return null
      met.add(at.chain.name)
      facts.add(at.checks, changing.fields, !changing.more)
      if (facts.impossible) return CONTRADICTION
      const by = takers.get(at.chain.name)?.before(at.number, facts)
      if (by) return { by, together: [] }
      const together = takers.get(at.chain.name)?.together(at.number, facts, changing.fields) ?? []
      if (together.length > 0) return { by: null, together }
    }
    return null
  }
}
