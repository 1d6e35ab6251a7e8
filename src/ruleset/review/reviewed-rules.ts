import type { CallContext, Condition } from '../evaluate/condition.ts'
import { remembers } from '../evaluate/condition-effects.ts'
import { RuleMemory } from '../evaluate/rule-memory.ts'
import { HeaderChecks } from '../header-conditions.ts'
import { IpSets } from '../ipset/ip-sets.ts'
import type { SetDefinition } from '../ipset/set-definition.ts'
import { OsfFingerprints } from '../matches/osf-fingerprints.ts'
import type { Chain, ParsedRuleset, Rule, Table } from '../rule.ts'
import type { Fingerprint } from '../text/parse-fingerprints.ts'

/** What one match of a rule (or one option of its header) asks. */
export interface ReviewedCheck {
  readonly match: string
  readonly conditions: readonly Condition[]
  /** Two checks of the same words ask the same of a packet; null where chance or memory has a part in the answer. */
  readonly words: string | null
}

/** A rule with its place and what it asks, as data. */
export interface ReviewedRule {
  readonly table: Table
  readonly chain: Chain
  readonly rule: Rule
  /** In its chain, from 1. */
  readonly number: number
  readonly checks: readonly ReviewedCheck[]
}

/** Matches that answer by chance or by the moment, though they do not remember anything. */
const BY_CHANCE: ReadonlySet<string> = new Set(['statistic', 'rateest'])
/** What the program remembers is its own business. */
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
  for (const { matches, target } of parsed.tables.flatMap(({ chains }) => chains.flatMap(({ rules }) => rules))) {
    for (const { match } of matches) match.prepare?.(context)
    target?.target.prepare?.(context)
  }
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
    return { match: name, conditions, words: lasting ? `${name} ${text}` : null }
  })
  return [...header, ...matches]
}
