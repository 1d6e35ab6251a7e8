import type { Chain } from '../rule.ts'
import type { Flow } from './flow.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** A chain of which no packet ever sees a rule. */
export interface UnusedChain {
  readonly chain: Chain
  /** Rules that lead there, all of them out of reach themselves; none: nothing in the table names the chain. */
  readonly callers: readonly ReviewedRule[]
}

/** @param dead rules that never match */
export function unusedChains(flow: Flow, dead: ReadonlySet<ReviewedRule>): UnusedChain[] {
  const reached = flow.reachable(dead)
  return flow.table.chains
    .filter(({ name }) => !reached.has(name))
    .map((chain) => ({ chain, callers: flow.callersOf(chain.name) }))
}
