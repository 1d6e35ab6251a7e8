import type { Condition } from './condition.ts'

/** Whether the condition must be evaluated in its place: it may drop the packet at once, or remember it. */
export function hasEffect(condition: Condition): boolean {
  switch (condition.kind) {
    case 'stateful':
    case 'hotdrop':
      return true
    case 'all':
    case 'any':
      return condition.parts.some(hasEffect)
    default:
      return false
  }
}

/** Whether its results depend on earlier packets. */
export function remembers(condition: Condition): boolean {
  switch (condition.kind) {
    case 'stateful':
      return true
    case 'all':
    case 'any':
      return condition.parts.some(remembers)
    case 'hotdrop':
      return remembers(condition.when)
    default:
      return false
  }
}
