import type { SetDefinition } from '../ipset/set-definition.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** A set that rules name and that was not given. */
export interface MissingSet {
  readonly name: string
  readonly rules: readonly ReviewedRule[]
}

/** Options of matches and targets that are followed by the name of a set. */
const NAMES_A_SET = /--(?:match-set|add-set|del-set|map-set) (\S+)/g

export function missingSets(rules: readonly ReviewedRule[], sets: readonly SetDefinition[]): MissingSet[] {
  const given = new Set(sets.map(({ name }) => name))
  const missing = new Map<string, Set<ReviewedRule>>()
  for (const rule of rules) {
    for (const name of setsOf(rule)) {
      if (given.has(name)) continue
      const users = missing.get(name) ?? new Set()
      missing.set(name, users.add(rule))
    }
  }
  return [...missing].map(([name, users]) => ({ name, rules: [...users] }))
}

function setsOf({ rule }: ReviewedRule): string[] {
  const texts = rule.matches.filter(({ name }) => name === 'set').map(({ match }) => match.print())
  if (rule.target?.name === 'SET') texts.push(rule.target.target.print())
  return texts.flatMap((text) => [...text.matchAll(NAMES_A_SET)].map(([, name]) => name))
}
