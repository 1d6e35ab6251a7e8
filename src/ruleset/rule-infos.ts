import { asksNothing } from './header-conditions.ts'
import type { Chain, ParsedRuleset, Rule, Table } from './rule.ts'
import type { RuleInfo } from './ruleset.ts'

export interface NumberedRules {
  readonly infos: readonly RuleInfo[]
  readonly idOf: ReadonlyMap<Rule, number>
  /** By `table:chain`. */
  readonly policyId: ReadonlyMap<string, number>
}

/** Numbers all rules and policies of a ruleset, in the order of the file's tables and chains. */
export function ruleInfos(parsed: ParsedRuleset): NumberedRules {
  const infos: RuleInfo[] = []
  const idOf = new Map<Rule, number>()
  const policyId = new Map<string, number>()
  const { family, file } = parsed
  for (const table of parsed.tables) {
    for (const chain of table.chains) {
      const { name } = chain
      const place = { family, file, table: table.name, chain: name }
      chain.rules.forEach((rule, index) => {
        const id = infos.length
        idOf.set(rule, id)
        infos.push({
          ...place,
          id,
          number: index + 1,
          record: record(table, chain, rule, index + 1),
          target: rule.target?.name ?? '',
          line: rule.line,
          text: rule.text,
          comment: rule.matches.map(({ match }) => match.comment).find((comment) => comment !== undefined) ?? null,
          rejectsWithReset: rule.target?.target.rejectsWithReset ?? false,
          nat: rule.target?.target.nat ?? null,
        })
      })
      if (chain.policy === null) continue
      policyId.set(`${table.name}:${name}`, infos.length)
      const number = chain.rules.length + 1
      infos.push({
        ...place,
        id: infos.length,
        number,
        record: `${table.name}:${name}:policy:${number}`,
        target: chain.policy,
        line: chain.line,
        text: `:${name} ${chain.policy}`,
        comment: null,
        rejectsWithReset: false,
        nat: null,
      })
    }
  }
  return { infos, idOf, policyId }
}

/** The kernel's TRACE takes a bare ACCEPT, DROP or RETURN for the end of its chain. */
function record(table: Table, chain: Chain, rule: Rule, number: number): string {
  const bare = asksNothing(rule.header) && rule.matches.length === 0
  const final = rule.target !== null && ['ACCEPT', 'DROP', 'RETURN'].includes(rule.target.name)
  const kind = bare && final ? (chain.policy === null ? 'return' : 'policy') : 'rule'
  return `${table.name}:${chain.name}:${kind}:${number}`
}
