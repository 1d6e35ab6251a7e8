import { printRuleset } from '../ruleset/index.ts'
import type { Counters, ParsedRuleset } from '../ruleset/rule.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'

/**
 * The rules as `iptables-save -c` prints them, with the packets and bytes of a replay instead of those in the file.
 * Tables that were not replayed (`--nat ignore`) have counters of 0.
 */
export function countedRuleset(parsed: ParsedRuleset, replayed: CompiledRuleset): string {
  const counters = new Map<string, Counters>()
  for (const { id, table, chain, number } of replayed.rules) {
    counters.set(`${table} ${chain} ${number}`, { packets: replayed.packets(id), bytes: replayed.bytes(id) })
  }
  const of = (table: string, chain: string, number: number): Counters | null =>
    counters.get(`${table} ${chain} ${number}`) ?? null
  const tables = parsed.tables.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => ({
      ...chain,
      // A policy is counted as the rule after the last one.
      counters: chain.policy === null ? null : of(table.name, chain.name, chain.rules.length + 1),
      rules: chain.rules.map((rule, index) => ({ ...rule, counters: of(table.name, chain.name, index + 1) })),
    })),
  }))
  return printRuleset({ ...parsed, tables }, { counters: true })
}
