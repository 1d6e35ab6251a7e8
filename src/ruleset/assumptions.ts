import type { Condition } from './evaluate/condition.ts'

/**
 * What is assumed of matches that no capture decides, unless `assume` says otherwise, so that most results are not
 * undecided for the sake of few machines. By name of the match; the report says which rules rest on it.
 */
export const USUAL_ASSUMPTIONS: ReadonlyMap<string, boolean> = new Map([['policy', false]])

/** The condition of a match that `assume` answers so: what cannot be decided takes the answer. */
export function settledBy(answer: boolean | undefined, condition: Condition): Condition {
  if (answer === undefined) return condition
  switch (condition.kind) {
    case 'constant':
      return condition.value === null ? { kind: 'constant', value: answer } : condition
    case 'all':
    case 'any':
      return { ...condition, parts: condition.parts.map((part) => settledBy(answer, part)) }
    case 'hotdrop':
      return { ...condition, when: settledBy(answer, condition.when) }
    default:
      return condition
  }
}
