import type { FieldName } from '../evaluate/fields.ts'
import type { ValueSet } from '../evaluate/value-set.ts'
import { Facts } from './facts.ts'
import { domainOf, isSubset } from './field-sets.ts'
import type { ReviewedRule } from './reviewed-rules.ts'

/** Fields by which rules are found, those that tell more rules apart first. */
const KEY_FIELDS: readonly FieldName[] = [
  'source3',
  'destination3',
  'source0',
  'destination0',
  'destinationPort',
  'sourcePort',
  'icmpTypeCode',
  'protocol',
]
/** Ranges within one block of this many values are kept by their block. */
const BLOCK = 0x1_0000
/** Rules of a chain that are looked at for all its rules together, about; and for each at least. */
const LOOKS_MAX = 400_000
const REACH_AT_LEAST = 32
/** A packet may lack them: a later fragment has no ports, and matches no rule that asks for any. */
const OF_A_HEADER: ReadonlySet<FieldName> = new Set(['sourcePort', 'destinationPort', 'tcpFlags', 'icmpTypeCode'])
/** Larger groups are not made smaller. */
const GROUP_MAX = 256

/**
 * Rules of one chain that end it for the packets they match, found by what is known of a packet. Rules that ask for one
 * value, or for values of one block, are kept by it: what is a part of them must lie there as well.
 */
export class Takers {
  readonly #byKey = new Map<string, ReviewedRule[]>()
  readonly #others: ReviewedRule[] = []
  readonly #inOrder: readonly ReviewedRule[]

  constructor(rules: readonly ReviewedRule[]) {
    this.#inOrder = rules
    for (const rule of rules) {
      const [key] = keysOf(new Facts().add(rule.checks))
      if (key === undefined) this.#others.push(rule)
      else {
        const list = this.#byKey.get(key)
        if (list === undefined) this.#byKey.set(key, [rule])
        else list.push(rule)
      }
    }
  }

  /** The first rule before the one of this number that takes every packet of which the facts are true. */
  before(number: number, facts: Facts): ReviewedRule | null {
    let first = covering(this.#others, number, facts)
    for (const key of keysOf(facts)) {
      const found = covering(this.#byKey.get(key) ?? [], first?.number ?? number, facts)
      if (found !== null) first = found
    }
    return first
  }

  /**
   * Rules before the one of this number that take every such packet together, each its part of the values of one field:
   * the halves of a range, all states. Of a long chain only the nearest rules are looked at.
   * @param forgotten fields that may have had another value when an earlier rule looked
   * @returns none where no such rules are found
   */
  together(number: number, facts: Facts, forgotten: ReadonlySet<FieldName>): ReviewedRule[] {
    const reach = Math.max(REACH_AT_LEAST, Math.floor(LOOKS_MAX / this.#inOrder.length))
    const shares = new Map<FieldName, Share[]>()
    const end = firstNotBefore(this.#inOrder, number)
    for (const rule of this.#inOrder.slice(Math.max(end - reach, 0), end)) {
      const left = facts.remainderOf(rule.checks)
      if (left === null || forgotten.has(left.field)) continue
      const list = shares.get(left.field)
      if (list === undefined) shares.set(left.field, [{ rule, values: left.values }])
      else list.push({ rule, values: left.values })
    }
    for (const [field, parts] of shares) {
      const wanted = facts.values.get(field) ?? (OF_A_HEADER.has(field) ? null : domainOf(field))
      if (wanted === null || parts.length < 2 || !isSubset(wanted, unionOf(parts))) continue
      // What the others take anyway is left out, the later rules first.
      let needed = parts
      for (const part of parts.length <= GROUP_MAX ? parts.toReversed() : []) {
        const others = needed.filter((one) => one !== part)
        if (isSubset(wanted, unionOf(others))) needed = others
      }
      return needed.map(({ rule }) => rule)
    }
    return []
  }
}

/** What one rule takes of a field. */
interface Share {
  readonly rule: ReviewedRule
  readonly values: ValueSet
}

function unionOf(shares: readonly Share[]): ValueSet {
  const ranges = shares.flatMap(({ values }) => values).toSorted((one, other) => one.low - other.low)
  const union: { low: number; high: number }[] = []
  for (const { low, high } of ranges) {
    const last = union.at(-1)
    if (last !== undefined && low <= last.high + 1) last.high = Math.max(last.high, high)
    else union.push({ low, high })
  }
  return union
}

/** Rules are in the order of their numbers. */
function firstNotBefore(rules: readonly ReviewedRule[], number: number): number {
  let low = 0
  for (let high = rules.length; low < high; ) {
    const middle = (low + high) >> 1
    if (rules[middle].number < number) low = middle + 1
    else high = middle
  }
  return low
}

function covering(rules: readonly ReviewedRule[], before: number, facts: Facts): ReviewedRule | null {
  for (const rule of rules) {
    if (rule.number >= before) return null
    if (rule.checks.every((check) => facts.imply(check))) return rule
  }
  return null
}

function* keysOf(facts: Facts): Generator<string> {
  for (const field of KEY_FIELDS) {
    const values = facts.values.get(field)
    if (values === undefined || values.length === 0) continue
    const { low } = values[0]
    const { high } = values[values.length - 1]
    if (low === high) yield `${field} ${low}`
    const block = Math.floor(low / BLOCK)
    if (
      block === Math.floor(high / BLOCK) &&
      field !== 'protocol' &&
      !field.endsWith('Port') &&
      field !== 'icmpTypeCode'
    ) {
      yield `${field} block ${block}`
    }
  }
}
