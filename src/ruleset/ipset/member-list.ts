import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import type { ElementOptions } from './element-options.ts'
import type { SetType } from './set-definition.ts'

/** `set,before,other`, the form of older ipset versions. */
const WITH_NEIGHBOUR = /^([^,]*),(before|after),([^,]*)$/

interface WrittenMember {
  readonly name: string
  readonly beside: ElementOptions['beside']
}

/** The members of a list:set, in order. */
export class MemberList {
  /** The sets that the file has created so far. */
  readonly #sets: ReadonlyMap<string, { readonly type: SetType }>
  #names: string[] = []

  constructor(sets: ReadonlyMap<string, { readonly type: SetType }>) {
    this.#sets = sets
  }

  get names(): readonly string[] {
    return this.#names
  }

  clear(): void {
    this.#names = []
  }

  add(token: Token, besideOption: ElementOptions['beside']): void {
    const { name, beside } = this.#read(token, besideOption)
    if (beside?.token.text === name) {
      throw new Refusal(beside.token, `"${name}" cannot stand beside itself; write another set, or take it out`)
    }
    const at = beside === null ? this.#names.length : this.#placeOf(beside.token) + (beside.after ? 1 : 0)
    // A set that is a member already keeps its place.
    if (!this.#names.includes(name)) this.#names.splice(at, 0, name)
  }

  remove(token: Token, besideOption: ElementOptions['beside']): void {
    const { name, beside } = this.#read(token, besideOption)
    const at = this.#names.indexOf(name)
    const expected = beside === null ? at : this.#placeOf(beside.token) + (beside.after ? 1 : -1)
    if (beside !== null && at !== expected) {
      throw new Refusal(beside.token, `"${name}" is not beside "${beside.token.text}"; write the member alone`)
    }
    if (at >= 0) this.#names.splice(at, 1)
  }

  #read(token: Token, besideOption: ElementOptions['beside']): WrittenMember {
    const [, first, word, other] = WITH_NEIGHBOUR.exec(token.text) ?? []
    const name = first ?? token.text
    const beside = word === undefined ? besideOption : { token: { ...token, text: other }, after: word === 'after' }
    if (name.includes(',')) throw new Refusal(token, `"${name}" cannot be in a list; rename it without commas`)
    const set = this.#sets.get(name)
    if (!set) throw new Refusal(token, `no set "${name}" in this file before this line; create it first`)
    if (set.type === 'list:set') throw new Refusal(token, `"${name}" is a list itself; write its members instead`)
    return { name, beside }
  }

  #placeOf(token: Token): number {
    const place = this.#names.indexOf(token.text)
    if (place < 0) throw new Refusal(token, `"${token.text}" is not in the list; add it first`)
    return place
  }
}
