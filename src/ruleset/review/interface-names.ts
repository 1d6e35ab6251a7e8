import type { ValueSet } from '../evaluate/value-set.ts'

/** What is known about an interface: its name is this, or begins with this; or the opposite. */
export interface NameFact {
  readonly field: 'inInterface' | 'outInterface'
  readonly name: string
  readonly prefix: boolean
  readonly negated: boolean
}

/**
 * The interface names in rules as numbers. 0 stands for every name that is not listed. A listed name, and a listed
 * prefix (for the names that begin with it and with no longer listed prefix), has as its number its place in the
 * alphabet.
 */
export class InterfaceNames {
  readonly domain: ValueSet
  /** Names by number - 1; a prefix ends with +, and comes before the names that begin with it. */
  readonly #listed: readonly string[]

  constructor(facts: readonly NameFact[]) {
    this.#listed = [...new Set(facts.map(({ name, prefix }) => (prefix ? `${name}+` : name)))].sort(inAlphabet)
    this.domain = [{ low: 0, high: 2 ** Math.ceil(Math.log2(this.#listed.length + 1)) - 1 }]
  }

  /** The numbers of the names of a fact, regardless of its negation. */
  setOf({ name, prefix }: NameFact): ValueSet {
    const low = this.#listed.indexOf(prefix ? `${name}+` : name)
    let high = low
    while (prefix && this.#listed[high + 1]?.startsWith(name)) high++
    return [{ low: low + 1, high: high + 1 }]
  }
}

/** Compares character by character; a prefix comes before all names that begin with it. */
function inAlphabet(one: string, other: string): number {
  const key = (name: string): string => (name.endsWith('+') ? `${name.slice(0, -1)}\0` : `${name}\x01`)
  return key(one) < key(other) ? -1 : 1
}
