import type { FieldCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { complement, type ValueSet } from '../evaluate/value-set.ts'
import { domainOf, isSubset } from './field-sets.ts'
import type { InterfaceNames, NameFact } from './interface-names.ts'

const NO_OR_YES: ValueSet = [{ low: 0, high: 1 }]
export const YES_ONLY: ValueSet = [{ low: 1, high: 1 }]
const NO_ONLY: ValueSet = [{ low: 0, high: 0 }]

/** The fields that distinguish most rules. */
const KEY_FIELDS: readonly FieldName[] = [
  'source0',
  'destination0',
  'destinationPort',
  'protocol',
  'state',
  'sourcePort',
  'source1',
  'source2',
  'source3',
  'destination1',
  'destination2',
  'destination3',
  'icmpTypeCode',
]

/**
 * The dimensions in which packets differ, numbered: fields, names of interfaces, and questions that cannot be expressed
 * as ranges, with the answers no and yes. Dimensions are treated as independent, so that more packets are considered
 * possible than there are.
 */
export class Dimensions {
  readonly #numbers = new Map<string, number>()
  readonly #domains: ValueSet[] = []
  readonly #names: InterfaceNames

  constructor(names: InterfaceNames) {
    this.#names = names
  }

  /** Dimensions by which rules are found. */
  keys(): number[] {
    return [...KEY_FIELDS, 'inInterface', 'outInterface'].flatMap((name) => this.#numbers.get(name) ?? [])
  }

  get count(): number {
    return this.#domains.length
  }

  domain = (dimension: number): ValueSet => this.#domains[dimension]

  isEverything(dimension: number, set: ValueSet): boolean {
    return isSubset(this.#domains[dimension], set)
  }

  /** The dimension of a field that has a domain. */
  field(field: FieldName): number {
    return this.#number(field, domainOf(field) ?? [])
  }

  interface({ field }: NameFact): number {
    return this.#number(field, this.#names.domain)
  }

  interfaces(fact: NameFact): ValueSet {
    const set = this.#names.setOf(fact)
    return fact.negated ? complement(set, this.#names.domain[0].high) : set
  }

  /** The dimension of a check with these words: passed or not. */
  words(words: string): number {
    return this.#number(`words ${words}`, NO_OR_YES)
  }

  /** The dimension of a condition on a field that is not a range of its values. */
  question({ field, mask, ranges }: FieldCondition): number {
    return this.#number(`${field} ${mask} ${ranges.map(({ low, high }) => `${low}-${high}`).join()}`, NO_OR_YES)
  }

  #number(key: string, domain: ValueSet): number {
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#numbers.set(key, this.#domains.length)
    this.#domains.push(domain)
    return this.#domains.length - 1
  }
}

export function answer(yes: boolean): ValueSet {
  return yes ? YES_ONLY : NO_ONLY
}
