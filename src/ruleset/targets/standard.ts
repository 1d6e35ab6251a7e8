import type { Action } from '../evaluate/action.ts'
import type { Target } from '../extension.ts'
import { VERDICT_ACCEPT, VERDICT_DROP } from '../packet/rule-packet.ts'
import type { TableName } from '../ruleset.ts'

const FILTERING_TABLES: readonly TableName[] = ['raw', 'mangle', 'filter', 'security']

const TARGETS: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['ACCEPT', standard({ kind: 'verdict', verdict: VERDICT_ACCEPT })],
  // iptables refuses DROP in nat, which only sees the first packet of a connection.
  ['DROP', { ...standard({ kind: 'verdict', verdict: VERDICT_DROP }), tables: FILTERING_TABLES }],
  ['RETURN', standard({ kind: 'return' })],
])

export const STANDARD_TARGETS: readonly string[] = [...TARGETS.keys()]

/** ACCEPT, DROP and RETURN. */
export function standardTarget(name: string): Target | undefined {
  return TARGETS.get(name)
}

function standard(action: Action): Target {
  return { print: () => '', action }
}
