import type { ValueSet } from '../evaluate/value-set.ts'

/** What is known of an interface: its name is this, or begins so; or is not, or does not. */
export interface NameFact {
  readonly field: 'inInterface' | 'outInterface'
  readonly name: string
  readonly prefix: boolean
  readonly negated: boolean
}

/**
 * The names that rules speak of, as numbers: 0 is every other name; a name, or the names of a beginning that no longer one
 * is listed for, has the number of its place in the alphabet.
 */
export class InterfaceNames {
  readonly domain: ValueSet
  /** Name by number less 1; a beginning ends in +, and stands before the names that begin so. */
  readonly #listed: readonly string[]

  constructor(facts: readonly NameFact[]) {
    this.#listed = [...new Set(facts.map(({ name, prefix }) => (prefix ? `${name}+` : name)))].sort(inAlphabet)
    this.domain = [{ low: 0, high: 2 ** Math.ceil(Math.log2(this.#listed.length + 1)) - 1 }]
  }

  /** The numbers of the names; what is negated is not. */
  setOf({ name, prefix }: NameFact): ValueSet {
    const low = this.#listed.indexOf(prefix ? `${name}+` : name)
    let high = low
    while (prefix && this.#listed[high + 1]?.startsWith(name)) high++
    return [{ low: low + 1, high: high + 1 }]
  }
}

/** Character by character; a beginning before all that it begins. */
function inAlphabet(one: string, other: string): number {
  const key = (name: string): string => (name.endsWith('+') ? `${name.slice(0, -1)}\0` : `${name}\x01`)
  return key(one) < key(other) ? -1 : 1
}
