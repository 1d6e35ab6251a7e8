import { targetChain } from '../check-table.ts'
import type { Condition } from '../evaluate/condition.ts'
import type { Chain, Table } from '../rule.ts'
import { fieldSet, isEverything } from './field-sets.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** Most chains that are looked at on the way to a rule; chains above deeper nesting are ignored. */
export const CLIMB_MAX = 32

/** How packets go through the chains of one table. */
export class Flow {
  readonly table: Table
  /** Rules by chain. */
  readonly #rules = new Map<string, ReviewedRule[]>()
  /** Rules that jump or go to a chain. */
  readonly #callers = new Map<string, ReviewedRule[]>()
  readonly #chains: ReadonlyMap<string, Chain>
  readonly #final = new Map<string, boolean>()

  constructor(table: Table, rules: readonly ReviewedRule[]) {
    this.table = table
    this.#chains = new Map(table.chains.map((chain) => [chain.name, chain]))
    for (const rule of rules) {
      if (rule.table !== table) continue
      push(this.#rules, rule.chain.name, rule)
      const target = targetChain(rule.rule)
      if (target !== null) push(this.#callers, target, rule)
    }
  }

  rulesOf(chain: string): readonly ReviewedRule[] {
    return this.#rules.get(chain) ?? []
  }

  callersOf(chain: string): readonly ReviewedRule[] {
    return this.#callers.get(chain) ?? []
  }

  /**
   * The only rule that leads to the chain; null where there are several, so that nothing is known about packets there.
   */
  onlyCaller(chain: Chain): ReviewedRule | null {
    const callers = this.callersOf(chain.name)
    return chain.policy === null && callers.length === 1 ? callers[0] : null
  }

  /** Whether no packet that enters the chain ever returns from it. */
  isFinal(chain: string): boolean {
    const known = this.#final.get(chain)
    if (known !== undefined) return known
    // Without recursion: what a chain leads to is known before it. Chains in a loop count as not final.
    const open = [chain]
    for (let name = open.at(-1); name !== undefined; name = open.at(-1)) {
      const next = this.#final.has(name) ? [] : this.#targets(name, NO_RULES).filter((one) => !this.#final.has(one))
      if (!this.#final.has(name)) this.#final.set(name, false)
      for (const one of next) open.push(one)
      if (next.length === 0) {
        open.pop()
        this.#final.set(name, this.#findFinal(name))
      }
    }
    return this.#final.get(chain) ?? false
  }

  #findFinal(chain: string): boolean {
    for (const one of this.rulesOf(chain)) {
      const action = one.rule.target?.target.action
      const always = isUnconditional(one)
      if (action?.kind === 'return') return false
      if (action?.kind === 'goto' && (always || !this.#isKnownFinal(action.chain)))
        return this.#isKnownFinal(action.chain)
      if (always && (action?.kind === 'verdict' || action?.kind === 'undecided')) return true
      if (always && action?.kind === 'jump' && this.#isKnownFinal(action.chain)) return true
    }
    return false
  }

  #isKnownFinal(chain: string): boolean {
    return this.#final.get(chain) ?? false
  }

  /** Chains that packets can reach from the base chains by rules that are not `dead`. */
  reachable(dead: ReadonlySet<ReviewedRule>): Set<string> {
    const reached = new Set(this.table.chains.filter(({ policy }) => policy !== null).map(({ name }) => name))
    // Iterating over a Set includes what is added meanwhile.
    for (const name of reached) for (const target of this.#targets(name, dead)) reached.add(target)
    return reached
  }

  /** The rules that packets of a base chain can reach, in the order in which they are first met. */
  rulesFrom(base: string, dead: ReadonlySet<ReviewedRule>): ReviewedRule[] {
    const reached = new Set([base])
    for (const name of reached) for (const target of this.#targets(name, dead)) reached.add(target)
    return [...reached].flatMap((name) => this.rulesOf(name)).filter((rule) => !dead.has(rule))
  }

  chain(name: string): Chain | undefined {
    return this.#chains.get(name)
  }

  #targets(chain: string, dead: ReadonlySet<ReviewedRule>): string[] {
    return this.rulesOf(chain).flatMap((rule) => {
      const target = dead.has(rule) ? null : targetChain(rule.rule)
      return target === null ? [] : [target]
    })
  }
}

const NO_RULES: ReadonlySet<ReviewedRule> = new Set()

/** Whether the rule matches every packet, or drops it at once (hotdrop). */
export function isUnconditional({ checks }: ReviewedRule): boolean {
  return checks.every(({ conditions }) => conditions.every((one) => isAlways(one, false)))
}

function isAlways(condition: Condition, negated: boolean): boolean {
  switch (condition.kind) {
    case 'field': {
      const set = fieldSet(condition, negated)
      return set !== null && isEverything(set)
    }
    case 'constant':
      return condition.value !== null && condition.value !== negated
    case 'hotdrop':
      return !negated
    case 'all':
    case 'any': {
      const inverted = condition.negated !== negated
      if ((condition.kind === 'all') === inverted) return condition.parts.some((part) => isAlways(part, inverted))
      return condition.parts.every((part) => isAlways(part, inverted))
    }
    default:
      return false
  }
}

function push<Value>(lists: Map<string, Value[]>, name: string, value: Value): void {
  const list = lists.get(name)
  if (list === undefined) lists.set(name, [value])
  else list.push(value)
}
