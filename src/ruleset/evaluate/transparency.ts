import { VERDICT_ACCEPT } from '../packet/rule-packet.ts'
import type { Action } from './action.ts'
import type { Condition } from './condition.ts'
import { hasEffect } from './condition-effects.ts'
import type { ProgramChain } from './program.ts'
import { isSteady } from './steadiness.ts'

/** Actions that only decide at which rule the packet goes on. */
const STEERING: ReadonlySet<Action['kind']> = new Set(['return', 'jump', 'goto', 'continue'])

/** Whether every packet passes the chain unchanged, and the chain has no effect on later packets. */
export function letsAllPass({ policy, rules }: ProgramChain): boolean {
  if (policy !== null && policy.verdict !== VERDICT_ACCEPT) return false
  return rules.every(({ action, checks }) => isHarmless(action) && checks.every(({ condition }) => onlyAsks(condition)))
}

function isHarmless(action: Action): boolean {
  return action.kind === 'verdict' ? action.verdict === VERDICT_ACCEPT : STEERING.has(action.kind)
}

/** Whether the condition drops nothing, remembers nothing, and is steady. */
function onlyAsks(condition: Condition): boolean {
  return isSteady(condition) && !hasEffect(condition)
}
