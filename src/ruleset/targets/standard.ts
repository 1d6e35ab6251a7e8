import type { Action } from '../evaluate/action.ts'
import type { Target } from '../extension.ts'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../rule-packet.ts'

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['ACCEPT', { kind: 'verdict', verdict: VERDICT_ACCEPT }],
  ['DROP', { kind: 'verdict', verdict: VERDICT_DROP }],
  ['RETURN', { kind: 'return' }],
])

/** ACCEPT, DROP and RETURN. */
export function standardTarget(name: string): Target | undefined {
  const action = ACTIONS.get(name)
  return action && { print: () => '', action }
}
