import { trackingHelper } from '../packet/tracking.ts'
import type { Action } from './action.ts'
import type { Condition } from './condition.ts'
import type { Program } from './program.ts'

/** Matches whose memory belongs to the packet's connection alone. */
const OF_THE_CONNECTION: readonly string[] = ['connlabel']

/**
 * The id of the first rule whose result may depend on packets of other connections, or that affects results for other
 * connections: limits, lists, counters, sets that rules fill, and helpers, since announced connections may be between
 * other hosts. -1 where there is none: packets of different pairs of hosts can then be replayed separately.
 */
export function firstSharingRule(program: Program): number {
  for (const { rules } of program.chains) {
    for (const { id, checks, action } of rules) {
      const shares = checks.some(({ match, condition }) => !OF_THE_CONNECTION.includes(match) && remembers(condition))
      if (shares || leavesSomething(action)) return id
    }
  }
  return -1
}

function remembers(condition: Condition): boolean {
  switch (condition.kind) {
    case 'field':
    case 'name':
    case 'constant':
    // A call has no memory by contract; the sets and rates that it reads do not change if no action changes them.
    case 'call':
      return false
    case 'all':
    case 'any':
      return condition.parts.some(remembers)
    case 'hotdrop':
      return remembers(condition.when)
    case 'stateful':
      return true
  }
}

function leavesSomething(action: Action): boolean {
  switch (action.kind) {
    case 'verdict':
    case 'undecided':
    case 'return':
    case 'jump':
    case 'goto':
    case 'continue':
    case 'assign':
    case 'edit':
      return false
    case 'track':
      return trackingHelper(action.tracking) >= 0
    case 'effect':
      return true
  }
}
