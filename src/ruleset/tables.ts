import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from './packet/hooks.ts'
import type { TableName } from './ruleset.ts'

/** Hooks of a table: the base chains that it has, in the order in which iptables-save prints them. */
export const TABLE_HOOKS: Readonly<Record<TableName, readonly number[]>> = {
  raw: [HOOK_PREROUTING, HOOK_OUTPUT],
  mangle: [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING],
  nat: [HOOK_PREROUTING, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING],
  filter: [HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT],
  security: [HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT],
}

/** In the order in which a hook calls them (by priority), but for nat, whose place depends on the hook. */
export const TABLES_BY_PRIORITY: readonly TableName[] = ['raw', 'mangle', 'filter', 'security', 'nat']

export function isTableName(name: string): name is TableName {
  return Object.hasOwn(TABLE_HOOKS, name)
}
