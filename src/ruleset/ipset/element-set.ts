import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import { INTERFACE_UNKNOWN, type RulePacket } from '../rule-packet.ts'
import { HZ, ticksAt } from '../ticks.ts'
import { ElementStore, NEVER } from './element-store.ts'
import { type CounterRule, compareCounter, type IpSet, type SetFlags } from './ip-set.ts'
import { type DimensionReader, dimensionReader } from './packet-key.ts'
import { cutToPrefix, PrefixLengths } from './prefix-lengths.ts'
import {
  type Dimension,
  dimensionsOf,
  isNamedBy,
  keyWidth,
  SET_TYPES,
  type SetDefinition,
  wordsOf,
} from './set-definition.ts'

const NO_INTERFACES: readonly number[] = []
/** The bit of SetFlags.sources for an interface or a MAC after an address. */
const SECOND_DIMENSION = 2
/** Results of `#find` besides a slot: no element, or perhaps one. */
const MISS = -1
const UNSURE = -2
/** A full set with `forceadd` may take more elements; so many times `maxElements` are kept one by one. */
const CROWD = 2
/** Answer of an element with `nomatch`: no match, and shorter prefixes are not looked up. */
const NOMATCH = 3

interface NetDimension {
  /** Where its address begins in the key; the prefix length comes after the address. */
  readonly at: number
  readonly words: number
  readonly lengths: PrefixLengths
}

/** A set of any type except list:set. */
export class ElementSet implements IpSet {
  readonly definition: SetDefinition
  tracksCounters = false
  changes = false
  hitMark = 0
  hitMarkMask = 0
  readonly #store: ElementStore
  readonly #readers: readonly DimensionReader[]
  readonly #nets: readonly NetDimension[] = []
  readonly #family: number
  /** Flags (`src`, `dst`) that a rule must give at least. */
  readonly #needed: number
  /** Where the key has the number of an interface name; -1 if it has none. */
  readonly #interfaceAt: number
  /** By interface of the machine, the numbers of the names that match it. */
  readonly #fitting: readonly (readonly number[])[]
  /** Numbers of the names of bridge ports. */
  readonly #physical: readonly number[]
  readonly #mac: DimensionReader | null
  /** The key as read from the packet, before addresses are cut to prefixes. */
  readonly #words: Int32Array
  readonly #macWords = new Int32Array(2)
  /** The zero address never matches and is never added. */
  readonly #zeroRefused: boolean
  /** With `forceadd`: so many elements were added to the full set that it may hold some that are not kept here. */
  #mayHoldOthers = false
  /** No element expires before this tick. */
  #allLiveUntil = 0

  /** @param interfaces names of the machine's interfaces by number */
  constructor(definition: SetDefinition, interfaces: readonly string[]) {
    const { type, family, addressMask, markMask } = definition
    const dimensions: readonly Dimension[] = SET_TYPES[type]
    const addressWords = family === 'ipv6' ? 4 : 1
    this.definition = definition
    this.#store = new ElementStore(keyWidth(type, family))
    this.#words = new Int32Array(this.#store.table.width)
    this.#family = family === null ? 0 : addressWords
    this.#needed = dimensionsOf(type)
    this.#zeroRefused = type === 'hash:ip' || type === 'hash:ip,mac'
    const nets: NetDimension[] = []
    let at = 0
    let interfaceAt = -1
    this.#readers = dimensions.map((dimension) => {
      if (dimension === 'net') nets.push({ at, words: addressWords, lengths: new PrefixLengths() })
      if (dimension === 'iface') interfaceAt = at
      const reader = dimensionReader(dimension, at, addressMask, markMask)
      at += wordsOf(dimension, addressWords)
      return reader
    })
    this.#nets = nets
    this.#interfaceAt = interfaceAt
    this.#mac = type === 'bitmap:ip,mac' ? dimensionReader('mac', 0, addressMask, markMask) : null
    const numbered = definition.interfaces.map((one, number) => ({ ...one, number }))
    this.#fitting = interfaces.map((name) =>
      numbered.filter((one) => !one.physical && isNamedBy(one, name)).map(({ number }) => number),
    )
    this.#physical = numbered.filter((one) => one.physical).map(({ number }) => number)
    this.#store.load(definition, (slot) => this.#noteLengths(slot, 1))
  }

  get mayBeUnknown(): boolean {
    const { type } = this.definition
    return (
      this.changes || !(type === 'hash:ip' || type === 'hash:net' || type === 'hash:net,net' || type === 'bitmap:ip')
    )
  }

  get hasDoubts(): boolean {
    return this.#store.hasDoubts
  }

  test(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number {
    return this.#test(packet, flags, counters, true)
  }

  testPerhaps(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number {
    return this.#test(packet, flags, counters, false)
  }

  #test(packet: RulePacket, flags: SetFlags, counters: CounterRule | null, sure: boolean): number {
    const read = this.#read(packet, flags)
    if (read !== YES) return read
    if (this.#nets.length === 0) return this.#answer(packet, counters, sure, flags)
    const answer = this.#testNets(packet, counters, sure, flags)
    if (answer === NOMATCH) return flags.returnNomatch ? YES : NO
    return answer === YES && flags.returnNomatch ? NO : answer
  }

  /** Looks up the longest prefixes first. An expired element does not hide one with a shorter prefix. */
  #testNets(packet: RulePacket, counters: CounterRule | null, sure: boolean, flags: SetFlags): number {
    const { key } = this.#store.table
    const [first, second] = this.#nets
    for (let i = 0; i < first.lengths.count; i++) {
      for (let j = 0; j < (second === undefined ? 1 : second.lengths.count); j++) {
        key.set(this.#words)
        this.#cut(first, first.lengths.lengths[i])
        if (second !== undefined) this.#cut(second, second.lengths.lengths[j])
        const answer = this.#answer(packet, counters, sure, flags)
        if (answer !== NO) return answer
      }
    }
    return NO
  }

  #cut(net: NetDimension, length: number): void {
    const { key } = this.#store.table
    cutToPrefix(key, net.at, net.words, length)
    key[net.at + net.words] = length
  }

  /** The answer of the element with the current key: YES, NO, UNKNOWN or NOMATCH. */
  #answer(packet: RulePacket, counters: CounterRule | null, sure: boolean, flags: SetFlags): number {
    const store = this.#store
    const slot = this.#find(packet, flags)
    if (slot === UNSURE) return UNKNOWN
    if (slot === MISS) return this.#mayHoldOthers ? UNKNOWN : NO
    if (store.expires[slot] < ticksAt(packet)) return NO
    if (store.isDoubtful(slot)) return UNKNOWN
    if (this.#mac !== null) {
      const same = this.#compareMac(packet, slot, flags, sure)
      if (same !== YES) return same
    }
    this.hitMark = store.mark[slot]
    this.hitMarkMask = store.markMask[slot]
    if (counters !== null && this.definition.counters) {
      const held = this.#count(packet, slot, counters, sure)
      if (held !== YES) return held
    }
    return store.isNomatch(slot) ? NOMATCH : YES
  }

  #count(packet: RulePacket, slot: number, counters: CounterRule, sure: boolean): number {
    const store = this.#store
    const compared = counters.packets !== null || counters.bytes !== null
    if (!sure) {
      if (counters.update) store.doubtCounters(slot)
      return compared ? UNKNOWN : YES
    }
    if (counters.update) {
      store.packets[slot] += 1
      store.bytes[slot] += packet.fields[packet.base + P_L3_LENGTH]
    }
    if (!compared) return YES
    if (store.hasDoubtfulCounters(slot)) return UNKNOWN
    const holds =
      compareCounter(counters.packets, store.packets[slot]) && compareCounter(counters.bytes, store.bytes[slot])
    return holds ? YES : NO
  }

  /** The slot of the current key, trying all interface names that match the packet's interface; or MISS or UNSURE. */
  #find(packet: RulePacket, flags: SetFlags): number {
    const { table } = this.#store
    if (this.#interfaceAt < 0) return table.find()
    const number = (flags.sources & SECOND_DIMENSION) !== 0 ? packet.inInterface : packet.outInterface
    const names = number === INTERFACE_UNKNOWN ? NO_INTERFACES : this.#fitting[number]
    for (let i = 0; i < names.length; i++) {
      table.key[this.#interfaceAt] = names[i]
      const slot = table.find()
      if (slot >= 0) return slot
    }
    const unsure = number === INTERFACE_UNKNOWN ? this.definition.interfaces.length : this.#physical.length
    for (let i = 0; i < unsure; i++) {
      table.key[this.#interfaceAt] = number === INTERFACE_UNKNOWN ? i : this.#physical[i]
      if (table.find() >= 0) return UNSURE
    }
    return MISS
  }

  /** bitmap:ip,mac: an element without a MAC takes that of the first packet with its address. */
  #compareMac(packet: RulePacket, slot: number, flags: SetFlags, sure: boolean): number {
    const { macs } = this.#store
    const read = this.#mac?.read(packet, (flags.sources & SECOND_DIMENSION) !== 0, this.#macWords) ?? NO
    if (read !== YES) return read
    if (macs[2 * slot] >= 0) {
      return macs[2 * slot] === this.#macWords[0] && macs[2 * slot + 1] === this.#macWords[1] ? YES : NO
    }
    if (!sure) {
      this.#store.doubt(slot)
      return UNKNOWN
    }
    macs[2 * slot] = this.#macWords[0]
    macs[2 * slot + 1] = this.#macWords[1]
    return YES
  }

  add(packet: RulePacket, flags: SetFlags, seconds: number | null, exist: boolean): void {
    if (this.#readHost(packet, flags) !== YES) return
    const store = this.#store
    const now = ticksAt(packet)
    let slot = store.table.find()
    if (slot >= 0) {
      const live = store.expires[slot] >= now && !store.isDoubtful(slot)
      if (live && !exist) return
      store.blank(slot)
    } else {
      if (store.table.size >= this.definition.maxElements && !this.#makeRoom(now) && !this.#crowd()) return
      slot = store.add()
      this.#noteLengths(slot, 1)
    }
    // A new element has already counted the packet that added it.
    store.packets[slot] = 1
    store.bytes[slot] = packet.fields[packet.base + P_L3_LENGTH]
    const { timeout } = this.definition
    const lasting = seconds ?? timeout ?? 0
    store.expires[slot] = timeout === null || lasting === 0 ? NEVER : now + lasting * HZ
    this.#allLiveUntil = Math.min(this.#allLiveUntil, store.expires[slot])
    if (this.#mac !== null) {
      store.macs[2 * slot] = this.#macWords[0]
      store.macs[2 * slot + 1] = this.#macWords[1]
    }
  }

  addPerhaps(packet: RulePacket, flags: SetFlags, exist: boolean): void {
    if (this.#readHost(packet, flags) === NO) return
    const store = this.#store
    let slot = store.table.find()
    if (slot >= 0 && store.expires[slot] >= ticksAt(packet) && !exist) return
    if (slot < 0) {
      slot = store.add()
      this.#noteLengths(slot, 1)
    }
    store.expires[slot] = NEVER
    store.doubt(slot)
  }

  delete(packet: RulePacket, flags: SetFlags): void {
    if (this.#readHost(packet, flags) !== YES) return
    const slot = this.#store.table.find()
    if (slot >= 0) this.#drop(slot)
  }

  deletePerhaps(packet: RulePacket, flags: SetFlags): void {
    if (this.#readHost(packet, flags) === NO) return
    const slot = this.#store.table.find()
    if (slot >= 0) this.#store.doubt(slot)
  }

  /** Writes the key that `add` and `delete` use: networks have the longest prefix length in the set. */
  #readHost(packet: RulePacket, flags: SetFlags): number {
    const read = this.#read(packet, flags)
    if (read !== YES) return read
    for (const net of this.#nets) {
      this.#cut(net, net.lengths.count === 0 ? 32 * net.words : net.lengths.lengths[0])
    }
    if (this.#interfaceAt >= 0) {
      const number = (flags.sources & SECOND_DIMENSION) !== 0 ? packet.inInterface : packet.outInterface
      const name = number === INTERFACE_UNKNOWN ? undefined : this.#fitting[number][0]
      if (name === undefined) return UNKNOWN
      this.#store.table.key[this.#interfaceAt] = name
    }
    const { range } = this.definition
    const word = this.#store.table.key[0] >>> 0
    if (range !== null && (word < range.low || word > range.high)) return NO
    return this.#mac === null ? YES : this.#mac.read(packet, (flags.sources & SECOND_DIMENSION) !== 0, this.#macWords)
  }

  /** Writes the packet's key, with whole addresses. */
  #read(packet: RulePacket, flags: SetFlags): number {
    if (flags.count < this.#needed) return NO
    const { key } = this.#store.table
    let answer = YES
    for (let i = 0; i < this.#readers.length; i++) {
      const read = this.#readers[i].read(packet, (flags.sources & (1 << i)) !== 0, key)
      if (read === NO) return NO
      if (read === UNKNOWN) answer = UNKNOWN
    }
    if (this.#nets.length > 0) this.#words.set(key)
    if (this.#zeroRefused && isZero(key, this.#family)) return NO
    return answer
  }

  /**
   * With `forceadd`, adding to a full set may succeed and then removes another element. Whether it does, and which one,
   * depends on a hash with a random seed (observed). From then on all elements are in doubt, and beyond CROWD times
   * `maxElements` no more are kept.
   * @returns whether to keep the new element, as one in doubt
   */
  #crowd(): boolean {
    if (!this.definition.forceAdd) return false
    this.#store.doubtAll()
    this.#mayHoldOthers ||= this.#store.table.size >= CROWD * this.definition.maxElements
    return !this.#mayHoldOthers
  }

  /** Removes expired elements. Returns whether the set then has room for another. */
  #makeRoom(now: number): boolean {
    const { table, expires } = this.#store
    if (now <= this.#allLiveUntil) return false
    let earliest = NEVER
    for (let slot = 0; slot < table.high; slot++) {
      if (!table.has(slot)) continue
      if (expires[slot] < now) this.#drop(slot)
      else earliest = Math.min(earliest, expires[slot])
    }
    this.#allLiveUntil = earliest
    return table.size < this.definition.maxElements
  }

  #drop(slot: number): void {
    this.#noteLengths(slot, -1)
    this.#store.table.remove(slot)
  }

  #noteLengths(slot: number, by: 1 | -1): void {
    const { keys, width } = this.#store.table
    for (const { at, words, lengths } of this.#nets) {
      const length = keys[slot * width + at + words]
      if (by === 1) lengths.add(length)
      else lengths.remove(length)
    }
  }
}

function isZero(key: Int32Array, words: number): boolean {
  for (let i = 0; i < words; i++) if (key[i] !== 0) return false
  return true
}
