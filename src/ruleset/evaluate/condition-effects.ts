import type { Condition } from './condition.ts'

/** What must be evaluated wherever it stands: it may drop the packet at once, or remember it. */
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

/** Its answers depend on the packets that it saw. */
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
