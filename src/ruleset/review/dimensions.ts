import type { FieldCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { complement, type ValueSet } from '../evaluate/value-set.ts'
import { domainOf, isSubset } from './field-sets.ts'
import type { InterfaceNames, NameFact } from './interface-names.ts'

const NO_OR_YES: ValueSet = [{ low: 0, high: 1 }]
export const YES_ONLY: ValueSet = [{ low: 1, high: 1 }]
const NO_ONLY: ValueSet = [{ low: 0, high: 0 }]

/** Those that tell most rules apart. */
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
 * What packets are told apart by, numbered: fields, names of interfaces, and questions that no range can say, which are
 * answered by no or yes. They count as independent, so that more packets are thought possible than there are.
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

  /** Of a field that has a domain. */
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

  /** Whether a check of these words is passed. */
  words(words: string): number {
    return this.#number(`words ${words}`, NO_OR_YES)
  }

  /** What is asked of a field beyond ranges of its values. */
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
