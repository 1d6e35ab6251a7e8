import { P_L3_LENGTH } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { HZ, ticksAt } from '../packet/ticks.ts'
import { ElementStore, NEVER } from './element-store.ts'
import { InterfaceNumbers } from './interface-numbers.ts'
import { type CounterRule, compareCounter, type IpSet, type SetFlags } from './ip-set.ts'
import { NetDimension } from './net-dimension.ts'
import { type DimensionReader, dimensionReader } from './packet-key.ts'
import { type Dimension, dimensionsOf, keyWidth, SET_TYPES, type SetDefinition, wordsOf } from './set-definition.ts'

/** The bit of SetFlags.sources for an interface or a MAC after an address. */
const SECOND_DIMENSION = 2
/** Results of `#find` besides a slot: no element, or perhaps one. */
const MISS = -1
const UNSURE = -2
/** More elements than a set holds may be in doubt; so many times `maxElements` are kept one by one. */
const CROWD = 2
/** Answer of an element with `nomatch`: no match, and shorter prefixes are not looked up. */
const NOMATCH = 3

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
  readonly #names: InterfaceNumbers
  readonly #mac: DimensionReader | null
  /** The key as read from the packet, before addresses are cut to prefixes. */
  readonly #words: Int32Array
  readonly #macWords = new Int32Array(2)
  /** The zero address never matches and is never added. */
  readonly #zeroRefused: boolean
  /** So many elements are in doubt that the set may hold some that are not kept here. */
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
      if (dimension === 'net') nets.push(new NetDimension(at, addressWords))
      if (dimension === 'iface') interfaceAt = at
      const reader = dimensionReader(dimension, at, addressMask, markMask)
      at += wordsOf(dimension, addressWords)
      return reader
    })
    this.#nets = nets
    this.#interfaceAt = interfaceAt
    this.#mac = type === 'bitmap:ip,mac' ? dimensionReader('mac', 0, addressMask, markMask) : null
    this.#names = new InterfaceNumbers(definition.interfaces, interfaces)
    this.#store.load(definition, (slot) => this.#noteLengths(slot, true))
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
    for (let i = 0; i < first.lengthCount; i++) {
      for (let j = 0; j < (second === undefined ? 1 : second.lengthCount); j++) {
        key.set(this.#words)
        first.cut(key, i)
        second?.cut(key, j)
        const answer = this.#answer(packet, counters, sure, flags)
        if (answer !== NO) return answer
      }
    }
    return this.#mayHoldOthers ? UNKNOWN : NO
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
    const number = interfaceOf(packet, flags)
    for (const name of this.#names.fitting(number)) {
      table.key[this.#interfaceAt] = name
      const slot = table.find()
      if (slot >= 0) return slot
    }
    for (const name of this.#names.unsure(number)) {
      table.key[this.#interfaceAt] = name
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
    const isThere = slot >= 0 && store.expires[slot] >= now
    const isDoubtful = slot >= 0 && store.isDoubtful(slot)
    if (isThere && !isDoubtful && !exist) return
    const { timeout } = this.definition
    if (!isThere || isDoubtful) {
      const room = this.#roomFor(slot, now)
      if (room === NO) return
      // An element that was there keeps its time.
      if (room === UNKNOWN || (isDoubtful && timeout !== null && !exist)) {
        this.#addInDoubt(slot)
        return
      }
    }
    if (slot >= 0) store.blank(slot)
    else {
      slot = store.add()
      this.#noteLengths(slot, true)
    }
    // A new element has already counted the packet that added it.
    store.packets[slot] = 1
    store.bytes[slot] = packet.fields[packet.base + P_L3_LENGTH]
    if (isDoubtful && !exist) store.doubtCounters(slot)
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
    const now = ticksAt(packet)
    const slot = store.table.find()
    if (slot >= 0 && store.expires[slot] >= now && !exist) return
    if (slot >= 0 || this.#roomFor(slot, now) !== NO) this.#addInDoubt(slot)
  }

  /** @param slot of the element, negative where it is not kept: beyond CROWD times `maxElements` no more are */
  #addInDoubt(slot: number): void {
    const store = this.#store
    let kept = slot
    if (slot < 0) {
      this.#mayHoldOthers ||= store.table.size >= CROWD * this.definition.maxElements
      if (this.#mayHoldOthers) return
      kept = store.add()
      this.#noteLengths(kept, true)
    }
    store.expires[kept] = NEVER
    store.doubt(kept)
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
    for (const net of this.#nets) net.cutToLongest(this.#store.table.key)
    if (this.#interfaceAt >= 0) {
      const [name] = this.#names.fitting(interfaceOf(packet, flags))
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
   * Whether the set takes another element, or that in `slot`, which has expired or is in doubt. Whether a set is full
   * may depend on elements in doubt.
   *
   * With `forceadd`, adding to a full set may succeed and then removes another element. Whether it does, and which one,
   * depends on a hash with a random seed (observed). From then on all elements are in doubt.
   */
  #roomFor(slot: number, now: number): number {
    const { forceAdd, maxElements } = this.definition
    const store = this.#store
    const { size } = store.table
    const hasRoom = slot >= 0 ? size <= maxElements : size < maxElements || this.#makeRoom(now)
    if (hasRoom && !this.#mayHoldOthers) return YES
    if (forceAdd) store.doubtAll()
    return slot >= 0 || forceAdd || store.certain < maxElements ? UNKNOWN : NO
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
    this.#noteLengths(slot, false)
    this.#store.remove(slot)
  }

  #noteLengths(slot: number, isIn: boolean): void {
    const { keys, width } = this.#store.table
    for (const net of this.#nets) net.note(keys, slot * width, isIn)
  }
}

/** The interface that the flags name. */
function interfaceOf({ inInterface, outInterface }: RulePacket, { sources }: SetFlags): number {
  return (sources & SECOND_DIMENSION) !== 0 ? inInterface : outInterface
}

function isZero(key: Int32Array, words: number): boolean {
  for (let i = 0; i < words; i++) if (key[i] !== 0) return false
  return true
}
