import { isBareVerdict } from './bare-verdict.ts'
import type { NatSpec } from './packet/nat-spec.ts'
import type { Family } from './packet/rule-environment.ts'
import type { Chain, ParsedRuleset, Rule, Table } from './rule.ts'
import type { RuleInfo, TableName } from './ruleset.ts'

interface NumberedRules {
  readonly infos: readonly RuleInfo[]
  /** Id of the first rule by `table:chain`; the others follow it, then the policy. */
  readonly firstId: ReadonlyMap<string, number>
}

interface ChainPlace {
  readonly ruleset: ParsedRuleset
  readonly table: Table
  readonly chain: Chain
}

/** Numbers all rules and policies of a ruleset, in the order of the file's tables and chains. */
export function ruleInfos(parsed: ParsedRuleset): NumberedRules {
  const infos: RuleInfo[] = []
  const firstId = new Map<string, number>()
  for (const table of parsed.tables) {
    for (const chain of table.chains) {
      firstId.set(`${table.name}:${chain.name}`, infos.length)
      const place = { ruleset: parsed, table, chain }
      for (let at = 0; at < chain.rules.length; at++) infos.push(new InfoOfRule(place, at, infos.length))
      if (chain.policy !== null) infos.push(policyInfo(parsed, table, chain, chain.policy, infos.length))
    }
  }
  return { infos, firstId }
}

/** Computes its texts when they are asked for: rulesets have thousands of rules, and reports name few of them. */
class InfoOfRule implements RuleInfo {
  readonly id: number
  readonly number: number
  readonly #place: ChainPlace
  readonly #rule: Rule
  #record: string | null = null

  constructor(place: ChainPlace, at: number, id: number) {
    this.id = id
    this.number = at + 1
    this.#place = place
    this.#rule = place.chain.rules[at]
  }

  get family(): Family {
    return this.#place.ruleset.family
  }

  get file(): string {
    return this.#place.ruleset.file
  }

  get table(): TableName {
    return this.#place.table.name
  }

  get chain(): string {
    return this.#place.chain.name
  }

  get record(): string {
    this.#record ??= record(this.#place, this.#rule, this.number)
    return this.#record
  }

  get target(): string {
    return this.#rule.target?.name ?? ''
  }

  get line(): number {
    return this.#rule.line
  }

  get text(): string {
    return this.#rule.text
  }

  get comment(): string | null {
    return commentOf(this.#rule)
  }

  get rejectsWithReset(): boolean {
    return this.#rule.target?.target.rejectsWithReset ?? false
  }

  get nat(): NatSpec | null {
    const action = this.#rule.target?.target.action
    return action?.kind === 'verdict' ? (action.binding ?? null) : null
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

/** The rule as the kernel's TRACE names it, which takes a bare verdict for the end of its chain. */
function record({ table, chain }: ChainPlace, rule: Rule, number: number): string {
  const kind = isBareVerdict(rule) ? (chain.policy === null ? 'return' : 'policy') : 'rule'
  return `${table.name}:${chain.name}:${kind}:${number}`
}
