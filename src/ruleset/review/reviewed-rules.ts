import { prepareRules } from '../all-rules.ts'
import type { CallContext, Condition } from '../evaluate/condition.ts'
import { remembers } from '../evaluate/condition-effects.ts'
import { RuleMemory } from '../evaluate/rule-memory.ts'
import { HeaderChecks } from '../header-conditions.ts'
import { IpSets } from '../ipset/ip-sets.ts'
import type { SetDefinition } from '../ipset/set-definition.ts'
import { OsfFingerprints } from '../matches/osf-fingerprints.ts'
import type { Chain, ParsedRuleset, Rule, Table } from '../rule.ts'
import type { Fingerprint } from '../text/parse-fingerprints.ts'

/** The condition of one match of a rule, or of one option of its header. */
export interface ReviewedCheck {
  readonly match: string
  readonly conditions: readonly Condition[]
  /**
   * Two checks with the same words have the same result for a packet; null where the result depends on chance or
   * memory.
   */
  readonly words: string | null
}

/** A rule with its place and its conditions. */
export interface ReviewedRule {
  readonly table: Table
  readonly chain: Chain
  readonly rule: Rule
  /** In its chain, from 1. */
  readonly number: number
  readonly checks: readonly ReviewedCheck[]
}

/** Matches without memory whose result depends on chance or time. */
const BY_CHANCE: ReadonlySet<string> = new Set(['statistic', 'rateest'])
/** A pinned BPF program, which may have a memory of its own. */
const PINNED_PROGRAM = '--object-pinned'

/** All rules of a ruleset, in the order of its tables and chains. */
export function reviewedRules(
  parsed: ParsedRuleset,
  sets: readonly SetDefinition[],
  fingerprints: readonly Fingerprint[] | null,
): ReviewedRule[] {
  const memory = new RuleMemory()
  memory.shared(IpSets, '', () => new IpSets(sets))
  memory.shared(OsfFingerprints, '', () => new OsfFingerprints(fingerprints))
  const environment = { interfaces: [''], addressType: () => -1, interfaceToward: () => -1 }
  const context: CallContext = { family: parsed.family, environment, memory }
  prepareRules(parsed, context)
  return parsed.tables.flatMap((table) =>
    table.chains.flatMap((chain) =>
      chain.rules.map((rule, index) => ({ table, chain, rule, number: index + 1, checks: checksOf(rule, context) })),
    ),
  )
}

function checksOf(rule: Rule, context: CallContext): ReviewedCheck[] {
  const header = new HeaderChecks(context.family).of(rule.header).map(({ match, condition }) => ({
    match,
    conditions: [condition],
    words: null,
  }))
  const matches = rule.matches.map(({ name, match }) => {
    const conditions = match.conditions(context)
    const text = match.print()
    const lasting = !BY_CHANCE.has(name) && !text.includes(PINNED_PROGRAM) && !conditions.some(remembers)
    return { match: name, conditions, words: lasting ? `${name} ${text} ${match.unprinted ?? ''}` : null }
  })
  return [...header, ...matches]
}
