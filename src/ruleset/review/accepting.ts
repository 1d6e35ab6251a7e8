import type { FieldName } from '../evaluate/fields.ts'
import { VERDICT_ACCEPT } from '../rule-packet.ts'
import { Facts } from './facts.ts'
import { contains, domainOf } from './field-sets.ts'
import { CLIMB_MAX, type Flow, isUnconditional } from './flow.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** A rule of the filter table that ends a packet's way, and what is known of the packets that it may take. */
export interface Ending {
  readonly rule: ReviewedRule
  readonly accepts: boolean
  /** Of the rule, and of the rules on the only way there. */
  readonly facts: Facts
}

/** The rules with a verdict that packets of a base chain can come to. */
export function endingsOf(flow: Flow, base: string, dead: ReadonlySet<ReviewedRule>): Ending[] {
  return flow.rulesFrom(base, dead).flatMap((rule) => {
    const action = rule.rule.target?.target.action
    if (action?.kind !== 'verdict') return []
    return [{ rule, accepts: action.verdict === VERDICT_ACCEPT, facts: factsOnTheWay(flow, rule) }]
  })
}

function factsOnTheWay(flow: Flow, rule: ReviewedRule): Facts {
  const facts = new Facts()
  const met = new Set<string>()
  for (let at: ReviewedRule | null = rule; at !== null && !met.has(at.chain.name); at = flow.onlyCaller(at.chain)) {
    if (met.size === CLIMB_MAX) break
    met.add(at.chain.name)
    facts.add(at.checks)
  }
  return facts
}

/** The rule, or one on the way to it, looks at the state. */
export function asksForState(facts: Facts): boolean {
  return facts.values.has('state')
}

/** The packets may have this state. */
export function mayBe(facts: Facts, state: number): boolean {
  return contains(facts.values.get('state') ?? domainOf('state') ?? [], state)
}

const TRANSPORT: readonly FieldName[] = ['protocol', 'sourcePort', 'destinationPort', 'icmpTypeCode', 'tcpFlags']

/** Something is asked of the protocol or its ports, types or flags: the rule is for a part of the packets of two hosts. */
export function asksForTransport(facts: Facts): boolean {
  return TRANSPORT.some((field) => facts.values.has(field))
}

/** Only packets of the loopback interface. */
export function isLoopback(facts: Facts): boolean {
  return facts.names.some(({ name, prefix, negated }) => name === 'lo' && !prefix && !negated)
}

const LOOPBACK_V4 = 0x7f00_0001

/** No interface is asked for that is not lo, and no address that the machine has not there. */
export function mayComeOverLoopback({ names, values }: Facts): boolean {
  const fits = names.every(({ field, name, prefix, negated }) => {
    const isLo = prefix ? 'lo'.startsWith(name) : name === 'lo'
    return field === 'outInterface' || isLo !== negated
  })
  const source = values.get('source0')
  return fits && (source === undefined || contains(source, LOOPBACK_V4) || contains(source, 0))
}

/** What happens to packets that no rule takes: the chain's last, unconditional rule or its policy drops them. */
export function dropsInTheEnd(flow: Flow, base: string, endings: readonly Ending[]): boolean {
  const last = endings.find(({ rule }) => rule.chain.name === base && isUnconditional(rule))
  if (last !== undefined) return !last.accepts
  return flow.chain(base)?.policy === 'DROP'
}
