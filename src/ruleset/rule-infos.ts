import { asksNothing } from './header-conditions.ts'
import type { Chain, ParsedRuleset, Rule, Table } from './rule.ts'
import type { RuleInfo } from './ruleset.ts'

export interface NumberedRules {
  readonly infos: readonly RuleInfo[]
  /** Id of the first rule by `table:chain`; the others follow it, then the policy. */
  readonly firstId: ReadonlyMap<string, number>
}

/** Numbers all rules and policies of a ruleset, in the order of the file's tables and chains. */
export function ruleInfos(parsed: ParsedRuleset): NumberedRules {
  const infos: RuleInfo[] = []
  const firstId = new Map<string, number>()
  for (const table of parsed.tables) {
    for (const chain of table.chains) {
      firstId.set(`${table.name}:${chain.name}`, infos.length)
      for (let at = 0; at < chain.rules.length; at++) infos.push(ruleInfo(parsed, table, chain, at, infos.length))
      if (chain.policy !== null) infos.push(policyInfo(parsed, table, chain, chain.policy, infos.length))
    }
  }
  return { infos, firstId }
}

function ruleInfo({ family, file }: ParsedRuleset, table: Table, chain: Chain, at: number, id: number): RuleInfo {
  const rule = chain.rules[at]
  return {
    id,
    family,
    table: table.name,
    chain: chain.name,
    number: at + 1,
    record: record(table, chain, rule, at + 1),
    target: rule.target?.name ?? '',
    file,
    line: rule.line,
    text: rule.text,
    comment: commentOf(rule),
    rejectsWithReset: rule.target?.target.rejectsWithReset ?? false,
    nat: rule.target?.target.nat ?? null,
  }
}

function policyInfo({ family, file }: ParsedRuleset, table: Table, chain: Chain, policy: string, id: number): RuleInfo {
  const number = chain.rules.length + 1
  return {
    id,
    family,
    table: table.name,
    chain: chain.name,
    number,
    record: `${table.name}:${chain.name}:policy:${number}`,
    target: policy,
    file,
    line: chain.line,
    text: `:${chain.name} ${policy}`,
    comment: null,
    rejectsWithReset: false,
    nat: null,
  }
}

function commentOf({ matches }: Rule): string | null {
  for (const { match } of matches) if (match.comment !== undefined) return match.comment
  return null
}

/** The kernel's TRACE takes a bare ACCEPT, DROP or RETURN for the end of its chain. */
function record(table: Table, chain: Chain, rule: Rule, number: number): string {
  const bare = rule.matches.length === 0 && asksNothing(rule.header)
  const final = rule.target !== null && ['ACCEPT', 'DROP', 'RETURN'].includes(rule.target.name)
  const kind = bare && final ? (chain.policy === null ? 'return' : 'policy') : 'rule'
  return `${table.name}:${chain.name}:${kind}:${number}`
}
