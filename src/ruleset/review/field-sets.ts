import type { FieldCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { complement, intersect, OCTET, PORT, type ValueSet, valuesOf, WORD } from '../evaluate/value-set.ts'
import { STATE_ESTABLISHED, STATE_INVALID, STATE_NEW, STATE_RELATED, STATE_UNTRACKED } from '../packet/rule-packet.ts'

const ANY_WORD: ValueSet = [{ low: 0, high: WORD }]
const ANY_PORT: ValueSet = [{ low: 0, high: PORT }]
const ANY_OCTET: ValueSet = [{ low: 0, high: OCTET }]
const STATES: ValueSet = [STATE_INVALID, STATE_ESTABLISHED, STATE_RELATED, STATE_NEW, STATE_UNTRACKED].map((bit) => ({
  low: bit,
  high: bit,
}))
const OF_A_CONNECTION: ValueSet = [STATE_ESTABLISHED, STATE_RELATED, STATE_NEW].map((bit) => ({ low: bit, high: bit }))

/** Fields about which the review can reason, and every value that a packet may have there. */
const DOMAINS: Partial<Record<FieldName, ValueSet>> = {
  source0: ANY_WORD,
  source1: ANY_WORD,
  source2: ANY_WORD,
  source3: ANY_WORD,
  destination0: ANY_WORD,
  destination1: ANY_WORD,
  destination2: ANY_WORD,
  destination3: ANY_WORD,
  protocol: ANY_OCTET,
  length: ANY_PORT,
  ttl: ANY_OCTET,
  tos: ANY_OCTET,
  fragmentOffset: [{ low: 0, high: 0x1fff }],
  sourcePort: ANY_PORT,
  destinationPort: ANY_PORT,
  tcpFlags: ANY_OCTET,
  icmpTypeCode: ANY_PORT,
  macHigh: [{ low: 0, high: 0xff_ffff }],
  macLow: [{ low: 0, high: 0xff_ffff }],
  linkType: ANY_OCTET,
  state: STATES,
  mark: ANY_WORD,
  connectionMark: ANY_WORD,
}

/** A field and a set of its values. */
export interface FieldSet {
  readonly field: FieldName
  readonly values: ValueSet
}

/** The values for which a condition holds; null where they cannot be expressed as a set. */
export function fieldSet(condition: FieldCondition, negated: boolean): FieldSet | null {
  if (condition.field === 'icmpType') return icmpTypes(condition, negated)
  const domain = domainOf(condition.field)
  if (domain === null) return null
  const values = valuesOf({ ...condition, negated: condition.negated !== negated }, maximum(domain))
  return values && { field: condition.field, values: intersect(values, domain) }
}

/** Values that a field has whenever the condition holds, and perhaps at other times; null where nothing is known. */
export function impliedSet(condition: FieldCondition, negated: boolean): FieldSet | null {
  if (condition.field !== 'connectionStatus') return fieldSet(condition, negated)
  const zero = condition.ranges.length === 1 && condition.ranges[0].low === 0 && condition.ranges[0].high === 0
  // A packet without a connection has no bit of a status.
  return zero && condition.negated !== negated ? { field: 'state', values: OF_A_CONNECTION } : null
}

/** A type without code stands for all its codes. */
function icmpTypes(condition: FieldCondition, negated: boolean): FieldSet | null {
  const types = valuesOf({ ...condition, negated: condition.negated !== negated }, OCTET)
  return (
    types && {
      field: 'icmpTypeCode',
      values: types.map(({ low, high }) => ({ low: low << 8, high: (high << 8) | 0xff })),
    }
  )
}

export function domainOf(field: FieldName): ValueSet | null {
  return DOMAINS[field] ?? null
}

/** Whether the set contains every value that a packet may have. */
export function isEverything({ field, values }: FieldSet): boolean {
  const domain = domainOf(field)
  return domain !== null && isSubset(domain, values)
}

export function isSubset(part: ValueSet, whole: ValueSet): boolean {
  let at = 0
  return part.every(({ low, high }) => {
    while (at < whole.length && whole[at].high < low) at++
    return at < whole.length && whole[at].low <= low && high <= whole[at].high
  })
}

export function contains(values: ValueSet, value: number): boolean {
  return values.some(({ low, high }) => low <= value && value <= high)
}

export function without(set: ValueSet, taken: ValueSet): ValueSet {
  return intersect(set, complement(taken, WORD))
}

export function unite(one: ValueSet, other: ValueSet): ValueSet {
  return complement(intersect(complement(one, WORD), complement(other, WORD)), WORD)
}

/** The highest value, rounded up to a power of two less one. */
function maximum(domain: ValueSet): number {
  const highest = domain[domain.length - 1].high
  return 2 ** Math.ceil(Math.log2(highest + 1)) - 1
}
