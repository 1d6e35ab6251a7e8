import type { Action } from './action.ts'
import type { Condition } from './condition.ts'
import { FIELDS, type Field } from './fields.ts'

/**
 * A condition is steady if its result is the same for every packet that goes the same way in the same established
 * connection. Addresses, ports, state and interfaces are steady; lengths, marks of connections and rates are not. A
 * verdict that depends on steady conditions only also holds for the connection's other packets
 * (netfilter/fast-path/flow-cache.ts).
 *
 * TCP flags count as steady, since verdicts are stored together with the flags that they were given for: see
 * flag-classes.ts.
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
 * Whether an action has no effect but the packet's verdict and its mark, and both depend on nothing that is not steady.
 * A verdict given outside the rules is equally open for the next packet.
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

/**
 * The tracker gives no connection to TCP segments with a shorter header, so the result of such a condition is always
 * no.
 */
export const SMALLEST_DATA_OFFSET = 5

function asksOnlyForDamage(field: keyof typeof FIELDS, ranges: readonly { readonly high: number }[]): boolean {
  return field === 'tcpDataOffset' && ranges.every(({ high }) => high < SMALLEST_DATA_OFFSET)
}
