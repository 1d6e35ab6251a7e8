import type { FieldCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { complement, intersect, type ValueSet, valuesOf } from '../evaluate/value-set.ts'
import { STATE_ESTABLISHED, STATE_INVALID, STATE_NEW, STATE_RELATED, STATE_UNTRACKED } from '../rule-packet.ts'

const WORD: ValueSet = [{ low: 0, high: 0xffff_ffff }]
const SHORT: ValueSet = [{ low: 0, high: 0xffff }]
const OCTET: ValueSet = [{ low: 0, high: 0xff }]
const STATES: ValueSet = [STATE_INVALID, STATE_ESTABLISHED, STATE_RELATED, STATE_NEW, STATE_UNTRACKED].map((bit) => ({
  low: bit,
  high: bit,
}))

const OF_A_CONNECTION: ValueSet = [STATE_ESTABLISHED, STATE_RELATED, STATE_NEW].map((bit) => ({ low: bit, high: bit }))

/** Fields about which the review can reason, and every value that a packet may have there. */
const DOMAINS: Partial<Record<FieldName, ValueSet>> = {
  source0: WORD,
  source1: WORD,
  source2: WORD,
  source3: WORD,
  destination0: WORD,
  destination1: WORD,
  destination2: WORD,
  destination3: WORD,
  protocol: OCTET,
  length: SHORT,
  ttl: OCTET,
  tos: OCTET,
  fragmentOffset: [{ low: 0, high: 0x1fff }],
  sourcePort: SHORT,
  destinationPort: SHORT,
  tcpFlags: OCTET,
  icmpTypeCode: SHORT,
  macHigh: [{ low: 0, high: 0xff_ffff }],
  macLow: [{ low: 0, high: 0xff_ffff }],
  linkType: OCTET,
  state: STATES,
  mark: WORD,
  connectionMark: WORD,
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
  const types = valuesOf({ ...condition, negated: condition.negated !== negated }, 0xff)
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
  return intersect(set, complement(taken, 0xffff_ffff))
}

export function unite(one: ValueSet, other: ValueSet): ValueSet {
  const max = 0xffff_ffff
  return complement(intersect(complement(one, max), complement(other, max)), max)
}

/** The highest value, rounded up to a power of two less one. */
function maximum(domain: ValueSet): number {
  const highest = domain[domain.length - 1].high
  return 2 ** Math.ceil(Math.log2(highest + 1)) - 1
}
