import type { FieldName } from '../evaluate/fields.ts'
import { VERDICT_ACCEPT } from '../packet/rule-packet.ts'
import { Facts } from './facts.ts'
import { contains, domainOf } from './field-sets.ts'
import { CLIMB_MAX, type Flow, isUnconditional } from './flow.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/**
 * A rule of the filter table that decides a packet's verdict, and what is known about the packets that it may match.
 */
export interface Ending {
  readonly rule: ReviewedRule
  readonly accepts: boolean
  /** From the rule itself, and from the rules on the way to it, if there is only one way. */
  readonly facts: Facts
}

/** The rules with a verdict that packets of a base chain can reach. */
export function endingsOf(flow: Flow, base: string, dead: ReadonlySet<ReviewedRule>): Ending[] {
  return flow.rulesFrom(base, dead).flatMap((rule) => {
    const action = rule.rule.target?.target.action
    if (action?.kind !== 'verdict') return []
    return [{ rule, accepts: action.verdict === VERDICT_ACCEPT, facts: factsOnTheWay(flow, rule) }]
  })
}

/** From the rule itself, and from the rules on the way to it, if there is only one way. */
export function factsOnTheWay(flow: Flow, rule: ReviewedRule): Facts {
  const facts = new Facts()
  const met = new Set<string>()
  for (let at: ReviewedRule | null = rule; at !== null && !met.has(at.chain.name); at = flow.onlyCaller(at.chain)) {
    if (met.size === CLIMB_MAX) break
    met.add(at.chain.name)
    facts.add(at.checks)
  }
  return facts
}

/** Whether the rule, or one on the way to it, looks at the state. */
export function asksForState(facts: Facts): boolean {
  return facts.values.has('state')
}

/** Whether the packets may have this state. */
export function mayBe(facts: Facts, state: number): boolean {
  return contains(facts.values.get('state') ?? domainOf('state') ?? [], state)
}

const TRANSPORT: readonly FieldName[] = ['protocol', 'sourcePort', 'destinationPort', 'icmpTypeCode', 'tcpFlags']

/**
 * Whether the rule depends on the protocol or its ports, types or flags, so that it is for a part of the packets of two
 * hosts.
 */
export function asksForTransport(facts: Facts): boolean {
  return TRANSPORT.some((field) => facts.values.has(field))
}

/** Whether the rule is only for packets of the loopback interface. */
export function isOnlyForLoopback(facts: Facts): boolean {
  return facts.names.some(({ name, prefix, negated }) => name === 'lo' && !prefix && !negated)
}

const LOOPBACK_V4 = 0x7f00_0001

/** Whether packets over lo may match: no other interface is required, and no address that cannot occur there. */
export function mayComeOverLoopback({ names, values }: Facts): boolean {
  const fits = names.every(({ field, name, prefix, negated }) => {
    const isLo = prefix ? 'lo'.startsWith(name) : name === 'lo'
    return field === 'outInterface' || isLo !== negated
  })
  const source = values.get('source0')
  return fits && (source === undefined || contains(source, LOOPBACK_V4) || contains(source, 0))
}

/** Whether packets that match no other rule are dropped, by the chain's last, unconditional rule or by its policy. */
export function dropsInTheEnd(flow: Flow, base: string, endings: readonly Ending[]): boolean {
  const last = endings.find(({ rule }) => rule.chain.name === base && isUnconditional(rule))
  if (last !== undefined) return !last.accepts
  return flow.chain(base)?.policy === 'DROP'
}
