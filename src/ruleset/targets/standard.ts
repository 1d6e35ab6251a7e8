import type { Action } from '../evaluate/action.ts'
import type { Target } from '../extension.ts'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../rule-packet.ts'
import type { TableName } from '../ruleset.ts'

const ACTIONS: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['ACCEPT', { kind: 'verdict', verdict: VERDICT_ACCEPT }],
  ['DROP', { kind: 'verdict', verdict: VERDICT_DROP }],
  ['RETURN', { kind: 'return' }],
])

const FILTERING_TABLES: readonly TableName[] = ['raw', 'mangle', 'filter', 'security']

/** ACCEPT, DROP and RETURN. */
export function standardTarget(name: string): Target | undefined {
  const action = ACTIONS.get(name)
  // iptables keeps people from filtering in nat, where only the first packet of a connection is seen.
  const tables = name === 'DROP' ? { tables: FILTERING_TABLES } : {}
  return action && { print: () => '', action, ...tables }
}
