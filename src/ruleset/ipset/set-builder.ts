import type { Family } from '../packet/rule-environment.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import type { CreatedSet } from './create-line.ts'
import { type ElementOptions, readBeside, readElementOptions } from './element-options.ts'
import type { ElementScope } from './element-scope.ts'
import { MemberList } from './member-list.ts'
import { parseElement, parseMac } from './parse-element.ts'
import {
  featuresOf,
  type InterfaceName,
  isNamedBy,
  keyWidth,
  noElements,
  type SetDefinition,
  type SetElements,
  type SetType,
} from './set-definition.ts'

const PHYSICAL = 'physdev:'
const INTERFACE_MAX = 15
/** The most elements of a set that this program reads. */
const ELEMENTS_MAX = 1 << 21

/** Collects the lines of one set. */
export class SetBuilder {
  readonly #created: CreatedSet
  readonly #base: SetDefinition
  readonly #interfaces: InterfaceName[] = []
  readonly #members: MemberList
  #elements = noElements()
  /** Indexes of elements that were deleted again. */
  readonly #removed = new Set<number>()
  /** Indexes of the elements with each key; null until they are needed. */
  #indexes: Map<string, number[]> | null = null

  /** @param sets the sets of the file, which a list may have as members */
  constructor(created: CreatedSet, sets: ReadonlyMap<string, SetBuilder>) {
    this.#created = created
    this.#base = created.definition
    this.#members = new MemberList(sets)
  }

  /** @param name of the set at the end of the file */
  definitionAs(name: string): SetDefinition {
    const elements = this.#withoutRemoved()
    return { ...this.#base, name, elements, interfaces: this.#interfaces, members: this.#members.names }
  }

  get type(): SetType {
    return this.#base.type
  }

  get family(): Family | null {
    return this.#base.family
  }

  /** Whether both sets hold the same kind of elements, so that `swap` may exchange their names. */
  holdsLike({ type, family }: { readonly type: SetType; readonly family: Family | null }): boolean {
    return featuresOf(this.type) === featuresOf(type) && this.family === family
  }

  /** Whether ipset -exist accepts a second `create` line for this set. */
  isCreatedBy({ likeness }: CreatedSet): boolean {
    return this.#created.likeness === likeness
  }

  /** Whether this is a list with that member. */
  holds(name: string): boolean {
    return this.#members.names.includes(name)
  }

  flush(): void {
    this.#elements = noElements()
    this.#removed.clear()
    this.#indexes = null
    this.#members.clear()
  }

  add(token: Token, rest: readonly Token[]): void {
    const own = readElementOptions(rest, this.#base, this.#created.comments)
    if (this.#base.type === 'list:set') {
      this.#members.add(token, own.beside)
      return
    }
    const { text, mac } = this.#split(token)
    this.#push(token, text, this.#known(this.#keys(token, text, own.wildcard, this.#base.maxElements)), own, mac)
  }

  remove(token: Token, rest: readonly Token[]): void {
    const beside = readBeside(rest, this.#base.type)
    if (this.#base.type === 'list:set') {
      this.#members.remove(token, beside)
      return
    }
    const indexes = this.#indexesByKey()
    for (const key of this.#known(this.#keys(token, this.#split(token).text, false))) {
      const name = key.join()
      for (const at of indexes.get(name) ?? []) this.#removed.add(at)
      indexes.delete(name)
    }
  }

  #push(
    token: Token,
    text: string,
    keys: readonly (readonly number[])[],
    own: ElementOptions,
    mac: readonly number[],
  ): void {
    const elements = this.#elements
    if (elements.count + keys.length > ELEMENTS_MAX) {
      throw new Refusal(token, `the set has more than ${ELEMENTS_MAX} elements; write networks, in a set of a net type`)
    }
    for (const key of keys) {
      if (this.#indexes !== null) noteIndex(this.#indexes, key, elements.count)
      elements.count++
      for (const word of key) elements.keys.push(word)
      elements.timeouts.push(own.timeout)
      elements.nomatch.push(own.nomatch)
      elements.packets.push(own.packets)
      elements.bytes.push(own.bytes)
      elements.mark.push(own.mark)
      elements.markMask.push(own.markMask)
      elements.macs.push(...mac)
    }
    const { limit } = this.#created
    // The same element may be listed several times. Distinct elements are only counted when there seem to be too many.
    if (elements.count - this.#removed.size <= limit || this.#indexesByKey().size <= limit) return
    const { maxElements } = this.#base
    throw new Refusal(token, `the set is full before all of "${text}" is in it; raise maxelem, now ${maxElements}`)
  }

  #split(token: Token): { text: string; mac: readonly number[] } {
    const [text, mac, ...more] = this.#base.type === 'bitmap:ip,mac' ? token.text.split(',') : [token.text]
    if (more.length > 0) throw new Refusal(token, `"${token.text}" is more than ADDRESS,MAC; take out the rest`)
    return { text, mac: mac === undefined ? [-1, 0] : parseMac(token, mac) }
  }

  #indexesByKey(): Map<string, number[]> {
    this.#indexes ??= this.#indexAll()
    return this.#indexes
  }

  #indexAll(): Map<string, number[]> {
    const { keys, count } = this.#elements
    const width = keyWidth(this.#base.type, this.#base.family)
    const indexes = new Map<string, number[]>()
    for (let at = 0; at < count; at++) {
      if (!this.#removed.has(at)) noteIndex(indexes, keys.slice(at * width, (at + 1) * width), at)
    }
    return indexes
  }

  #withoutRemoved(): SetElements {
    if (this.#removed.size === 0) return this.#elements
    const kept = noElements()
    const all = this.#elements
    const width = keyWidth(this.#base.type, this.#base.family)
    for (let at = 0; at < all.count; at++) {
      if (this.#removed.has(at)) continue
      kept.count++
      kept.keys.push(...all.keys.slice(at * width, (at + 1) * width))
      for (const name of ['timeouts', 'packets', 'bytes', 'mark', 'markMask'] as const) kept[name].push(all[name][at])
      kept.nomatch.push(all.nomatch[at])
      kept.macs.push(all.macs[2 * at], all.macs[2 * at + 1])
    }
    return kept
  }

  /** All keys that an element stands for. @param most how many keys are allowed */
  #keys(token: Token, text: string, wildcard: boolean, most?: number): number[][] {
    const { type, family, addressMask, markMask, range } = this.#base
    const scope: ElementScope = {
      type,
      family,
      addressMask,
      markMask,
      interfaceNumber: (at, name) => this.#interfaceNumber(at, name, wildcard),
    }
    const keys = parseElement(token, text, scope, most)
    if (range && keys.some(([word]) => word < range.low || word > range.high)) {
      throw new Refusal(token, `"${text}" is outside the range of the set`)
    }
    return keys
  }

  #interfaceNumber(token: Token, text: string, wildcard: boolean): number {
    const physical = text.startsWith(PHYSICAL)
    const name = physical ? text.slice(PHYSICAL.length) : text
    if (text === '' || Buffer.byteLength(name) > INTERFACE_MAX) {
      throw new Refusal(token, `"${name}" cannot be an interface; its name has 1 to ${INTERFACE_MAX} characters`)
    }
    const same = (one: InterfaceName): boolean =>
      one.name === name && one.physical === physical && one.wildcard === wildcard
    const known = this.#interfaces.findIndex(same)
    return known >= 0 ? known : this.#interfaces.push({ name, physical, wildcard }) - 1
  }

  /**
   * hash:net,iface: replaces keys by those of elements in the set that ipset takes for the same: with the same
   * interface name, or a `wildcard` that the name begins with.
   */
  #known(keys: readonly number[][]): readonly number[][] {
    if (this.#base.type !== 'hash:net,iface' || this.#interfaces.every(({ wildcard }) => !wildcard)) return keys
    const { name, physical } = this.#interfaces[keys[0][keys[0].length - 1]]
    const numbers = [...this.#interfaces.keys()].filter(
      (number) => this.#interfaces[number].physical === physical && isNamedBy(this.#interfaces[number], name),
    )
    const indexes = this.#indexesByKey()
    return keys.map((key) => {
      const twins = numbers.map((number) => [...key.slice(0, -1), number])
      return twins.find((twin) => indexes.has(twin.join())) ?? key
    })
  }
}

function noteIndex(indexes: Map<string, number[]>, key: readonly number[], index: number): void {
  const name = key.join()
  const known = indexes.get(name)
  if (known === undefined) indexes.set(name, [index])
  else known.push(index)
}
