import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { type ElementScope, EXPANSION_MAX, parseMac, parsePart, tooMany } from './parse-element.ts'
import {
  type Dimension,
  type InterfaceName,
  keyWidth,
  noElements,
  SET_TYPES,
  type SetDefinition,
  type SetElements,
} from './set-definition.ts'

const TIMEOUT_MAX = 2_147_483
const UINT32_MAX = 0xffff_ffff
const COUNTER_MAX = 2 ** 63
const PHYSICAL = 'physdev:'
/** Elements that a set may have here. */
const ELEMENTS_MAX = 1 << 21

interface Member {
  readonly token: Token
  readonly name: string
}

/** Takes the `add` lines of one set. */
export class SetBuilder {
  readonly #base: SetDefinition
  readonly #interfaces: InterfaceName[] = []
  #elements = noElements()
  /** Elements taken out again, by their places; and where each key stands, once one is taken out. */
  readonly #removed = new Set<number>()
  #places: Map<string, number[]> | null = null
  #members: Member[] = []

  constructor(base: SetDefinition) {
    this.#base = base
  }

  get definition(): SetDefinition {
    const members = this.#members.map(({ name }) => name)
    return { ...this.#base, elements: this.#withoutRemoved(), interfaces: this.#interfaces, members }
  }

  /** list:set: members that are no sets of the file. */
  missingMembers(sets: ReadonlyMap<string, unknown>): Token[] {
    return this.#members.filter(({ name }) => !sets.has(name)).map(({ token }) => token)
  }

  flush(): void {
    this.#elements = noElements()
    this.#removed.clear()
    this.#places = null
    this.#members = []
  }

  add(token: Token, options: readonly Token[]): void {
    if (this.#base.type === 'list:set') {
      this.#addMember(token, options)
      return
    }
    const own = readOptions(options, this.#base)
    const [text, mac] = this.#base.type === 'bitmap:ip,mac' ? token.text.split(',') : [token.text, undefined]
    const macWords = mac === undefined ? [-1, 0] : parseMac(token, mac)
    const keys = this.#keys(token, text, own.wildcard)
    const elements = this.#elements
    if (elements.count + keys.length > ELEMENTS_MAX) {
      throw new Refusal(token, `the set has more than ${ELEMENTS_MAX} elements; write networks, in a set of a net type`)
    }
    for (const key of keys) {
      if (this.#places !== null) notePlace(this.#places, key, elements.count)
      elements.count++
      for (const word of key) elements.keys.push(word)
      elements.timeouts.push(own.timeout)
      elements.nomatch.push(own.nomatch)
      elements.packets.push(own.packets)
      elements.bytes.push(own.bytes)
      elements.mark.push(own.mark)
      elements.markMask.push(own.markMask)
      elements.macs.push(...macWords)
    }
  }

  remove(token: Token): void {
    if (this.#base.type === 'list:set') {
      this.#members = this.#members.filter(({ name }) => name !== token.text)
      return
    }
    const text = this.#base.type === 'bitmap:ip,mac' ? token.text.split(',')[0] : token.text
    this.#places ??= this.#placesOfAll()
    for (const key of this.#keys(token, text, false)) {
      const name = key.join()
      for (const place of this.#places.get(name) ?? []) this.#removed.add(place)
      this.#places.delete(name)
    }
  }

  #placesOfAll(): Map<string, number[]> {
    const { keys, count } = this.#elements
    const width = keyWidth(this.#base.type, this.#base.family)
    const places = new Map<string, number[]>()
    for (let at = 0; at < count; at++) notePlace(places, keys.slice(at * width, (at + 1) * width), at)
    return places
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

  #addMember(token: Token, options: readonly Token[]): void {
    const at = options.findIndex(({ text }) => text === 'before' || text === 'after')
    readOptions(at < 0 ? options : options.toSpliced(at, 2), this.#base)
    const member = { token, name: token.text }
    const other = at < 0 ? undefined : options[at + 1]?.text
    const place = this.#members.findIndex(({ name }) => name === other)
    if (place < 0) this.#members.push(member)
    else this.#members.splice(options[at].text === 'before' ? place : place + 1, 0, member)
  }

  /** All keys that an element stands for. */
  #keys(token: Token, text: string, wildcard: boolean): number[][] {
    const { type, family, addressMask, markMask, range } = this.#base
    const dimensions: readonly Dimension[] = SET_TYPES[type]
    const parts = text.split(',')
    if (parts.length !== dimensions.length) {
      throw new Refusal(token, `"${text}" does not have the form of a set of the type ${type}`)
    }
    const scope: ElementScope = {
      family,
      addressMask,
      markMask,
      interfaceNumber: (name) => this.#interfaceNumber(name, wildcard),
    }
    const most = Math.min(this.#base.maxElements, EXPANSION_MAX)
    let keys: number[][] = [[]]
    dimensions.forEach((dimension, index) => {
      const words = parsePart(token, parts[index], dimension, scope)
      if (keys.length * words.length > most) throw tooMany(token, text, most)
      keys = keys.flatMap((key) => words.map((more) => [...key, ...more]))
    })
    if (range && keys.some(([word]) => word < range.low || word > range.high)) {
      throw new Refusal(token, `"${text}" is outside the range of the set`)
    }
    return keys
  }

  #interfaceNumber(text: string, wildcard: boolean): number {
    const physical = text.startsWith(PHYSICAL)
    const name = physical ? text.slice(PHYSICAL.length) : text
    const same = (one: InterfaceName): boolean =>
      one.name === name && one.physical === physical && one.wildcard === wildcard
    const known = this.#interfaces.findIndex(same)
    return known >= 0 ? known : this.#interfaces.push({ name, physical, wildcard }) - 1
  }
}

function notePlace(places: Map<string, number[]>, key: readonly number[], place: number): void {
  const name = key.join()
  const known = places.get(name)
  if (known === undefined) places.set(name, [place])
  else known.push(place)
}

interface ElementOptions {
  readonly timeout: number
  readonly nomatch: boolean
  readonly wildcard: boolean
  readonly packets: number
  readonly bytes: number
  readonly mark: number
  readonly markMask: number
}

function readOptions(tokens: readonly Token[], set: SetDefinition): ElementOptions {
  const own = { timeout: -1, nomatch: false, wildcard: false, packets: 0, bytes: 0, mark: 0, markMask: UINT32_MAX }
  for (let index = 0; index < tokens.length; index++) {
    const option = tokens[index]
    if (option.text === 'nomatch') own.nomatch = true
    else if (option.text === 'wildcard') own.wildcard = true
    else {
      const value = tokens[++index]
      if (value === undefined) throw new Refusal(option, `${option.text} needs a value, or is not known`)
      readValue(option, value, own, set)
    }
  }
  return own
}

function readValue(
  option: Token,
  value: Token,
  own: { -readonly [Key in keyof ElementOptions]: ElementOptions[Key] },
  set: SetDefinition,
): void {
  switch (option.text) {
    case 'timeout':
      if (set.timeout === null) throw new Refusal(option, `the set "${set.name}" was created without timeout`)
      own.timeout = parseNumber(value, 0, TIMEOUT_MAX, 'timeout')
      break
    case 'packets':
    case 'bytes':
      own[option.text] = parseNumber(value, 0, COUNTER_MAX, option.text)
      break
    case 'skbmark': {
      const [mark, mask] = value.text.split('/')
      own.mark = parseNumber(value, 0, UINT32_MAX, 'mark', mark)
      own.markMask = mask === undefined ? UINT32_MAX : parseNumber(value, 0, UINT32_MAX, 'mask of the mark', mask)
      break
    }
    case 'comment':
    case 'skbprio':
    case 'skbqueue':
      break
    default:
      throw new Refusal(option, `"${option.text}" is not an option of an element that is known`)
  }
}
