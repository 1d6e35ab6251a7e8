import type { FieldName } from '../evaluate/fields.ts'
import { Facts } from './facts.ts'
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

/**
 * Rules of one chain that end it for the packets they match, found by what is known of a packet. Rules that ask for one
 * value, or for values of one block, are kept by it: what is a part of them must lie there as well.
 */
export class Takers {
  readonly #byKey = new Map<string, ReviewedRule[]>()
  readonly #others: ReviewedRule[] = []

  constructor(rules: readonly ReviewedRule[]) {
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
