import type { Action } from './action.ts'
import type { Condition } from './condition.ts'
import { FIELDS, type Field } from './fields.ts'

/**
 * What rules ask is steady when its answer is the same for every packet that goes the same way in the same established
 * connection: addresses, ports, state and interfaces are, lengths, marks of connections and rates are not. A verdict that
 * rests on nothing else holds for the connection's other packets as well (netfilter/flow-cache.ts).
 *
 * TCP flags count as steady, since whoever keeps a verdict also keeps the flags that it was given for: see flag-classes.ts.
 */
export function isSteady(condition: Condition): boolean {
  switch (condition.kind) {
    case 'field':
      return isSteadyField(FIELDS[condition.field]) || asksOnlyForDamage(condition.field, condition.ranges)
    case 'name':
    case 'constant':
      return true
    case 'all':
    case 'any':
      return condition.parts.every(isSteady)
    case 'hotdrop':
      return isSteady(condition.when)
    case 'call':
      return condition.steady === true
    case 'stateful':
      return false
  }
}

export function isSteadyField(field: Field): boolean {
  return field.perPacket !== true
}

/**
 * Whether an action leaves nothing behind but the packet's verdict and its mark, and both depend on nothing else. A verdict that
 * is given outside the rules is as open for the next packet.
 */
export function isSteadyAction(action: Action): boolean {
  switch (action.kind) {
    case 'verdict':
    case 'return':
    case 'jump':
    case 'goto':
    case 'continue':
    case 'undecided':
      return true
    case 'assign':
      return action.register === 'mark' && action.from !== 'connectionMark'
    case 'track':
    case 'edit':
    case 'effect':
      return false
  }
}

/** The tracker gives no connection to TCP segments with a header so short, so that the answer is always no. */
export const SMALLEST_DATA_OFFSET = 5

function asksOnlyForDamage(field: keyof typeof FIELDS, ranges: readonly { readonly high: number }[]): boolean {
  return field === 'tcpDataOffset' && ranges.every(({ high }) => high < SMALLEST_DATA_OFFSET)
}
