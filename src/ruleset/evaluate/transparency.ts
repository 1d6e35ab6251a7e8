import { VERDICT_ACCEPT } from '../rule-packet.ts'
import type { Action } from './action.ts'
import type { Condition } from './condition.ts'
import { hasEffect } from './condition-effects.ts'
import type { ProgramChain } from './program.ts'
import { isSteady } from './steadiness.ts'

/** They say where the packet goes on, and nothing else. */
const STEERING: ReadonlySet<Action['kind']> = new Set(['return', 'jump', 'goto', 'continue'])

/** Whatever a chain's rules ask of a packet, it leaves the chain as it came, and so do all behind it. */
export function letsAllPass({ policy, rules }: ProgramChain): boolean {
  if (policy !== null && policy.verdict !== VERDICT_ACCEPT) return false
  return rules.every(({ action, checks }) => isHarmless(action) && checks.every(({ condition }) => onlyAsks(condition)))
}

function isHarmless(action: Action): boolean {
  return action.kind === 'verdict' ? action.verdict === VERDICT_ACCEPT : STEERING.has(action.kind)
}

/** Drops nobody, remembers nothing, and has the same answer for all packets that are alike. */
function onlyAsks(condition: Condition): boolean {
  return isSteady(condition) && !hasEffect(condition)
}
