import { E_WAYS, ENTRY_INTS } from '../../conntrack/entry.ts'
import { HITS_MAX, type RulePacket } from '../../ruleset/packet/rule-packet.ts'
import { grown } from '../../wire/grown.ts'
import type { PassedPackets } from '../outcome.ts'
import type { Way } from './way.ts'

/** The number of no way. */
export const NO_WAY = 0
/** An entry has room for numbers of 16 bits. */
export const WAYS_MAX = 0xffff
const DIRECTION_BITS = 16

/**
 * Integers of a way's key before the ids of the rules that count its packets: what it is for, how it ends, its rule,
 * TCP flags, the number of ids.
 */
const KEY_HEAD = 5
const WAYS_AT_START = 64
const GROWTH = 2

/**
 * The ways that packets took through the rules, if all checks on the way have the same results for later packets of
 * their connections in that direction: these packets need not pass the rules again. Each way is stored once, by its end
 * and the rules that count its packets; connection entries hold numbers of ways. Packets are counted per way, and
 * `settle` adds the counts to the rules.
 */
export class FlowCache {
  readonly #ways: Way[] = []
  /** By number of the way - 1. */
  readonly #keys: Int32Array[] = []
  readonly #byHash = new Map<number, number[]>()
  readonly #key = new Int32Array(KEY_HEAD + HITS_MAX)
  /** By number of the way. */
  #flags = new Uint8Array(WAYS_AT_START)
  #packets = new Float64Array(WAYS_AT_START)
  #bytes = new Float64Array(WAYS_AT_START)
  #wireBytes = new Float64Array(WAYS_AT_START)

  /**
   * Number of the way that packets of a direction of a connection take, if their TCP flags are of this class (0 for
   * UDP); else NO_WAY.
   */
  wayOf(entries: Int32Array, connection: number, direction: number, flagClass: number): number {
    const way = (entries[connection * ENTRY_INTS + E_WAYS] >>> (direction * DIRECTION_BITS)) & WAYS_MAX
    return this.#flags[way] === flagClass ? way : NO_WAY
  }

  way(number: number): Readonly<Way> {
    return this.#ways[number - 1]
  }

  /**
   * Counts another packet on this way.
   * @param length of the datagram, as rules count bytes, @param wireLength of the frame
   */
  take(number: number, length: number, wireLength: number): void {
    this.#packets[number]++
    this.#bytes[number] += length
    this.#wireBytes[number] += wireLength
  }

  /** From now on, packets of a direction of the connection take this way, if they have the same TCP flags. */
  assign(number: number, entries: Int32Array, connection: number, direction: number): void {
    const shift = direction * DIRECTION_BITS
    const word = connection * ENTRY_INTS + E_WAYS
    entries[word] = (entries[word] & ~(WAYS_MAX << shift)) | (number << shift)
  }

  /** Adds the counts to the rules; returns those of the brief ways (Way.isBrief). */
  settle(): PassedPackets[] {
    return this.#ways.flatMap(({ ruleset, isV6, state, opens, protocol, hook }, at) => {
      const number = at + 1
      const packets = this.#packets[number]
      if (packets === 0) return []
      for (const rule of this.#keys[at].subarray(KEY_HEAD)) ruleset?.count(rule, packets, this.#bytes[number])
      const passed = { isV6, state, opens, protocol, hook, packets, bytes: this.#wireBytes[number] }
      this.#packets[number] = 0
      this.#bytes[number] = 0
      this.#wireBytes[number] = 0
      return this.way(number).isBrief ? [passed] : []
    })
  }

  /**
   * Number of the way that a packet has just taken, NO_WAY where there are too many.
   * @param flagClass of its TCP flags, 0 for UDP
   */
  numberOf(way: Way, packet: RulePacket, flagClass: number): number {
    const key = this.#key
    const { hits, hitCount } = packet
    key[0] =
      (way.isV6 ? 1 : 0) |
      (way.arrives ? 2 : 0) |
      (way.opens ? 4 : 0) |
      ((way.hook + 1) << 3) |
      (way.state << 8) |
      (way.protocol << 16)
    key[1] =
      way.verdict |
      (way.possibleVerdicts << 8) |
      ((way.dropHook + 1) << 16) |
      (way.rests ? 1 << 24 : 0) |
      (way.isBound ? 1 << 25 : 0)
    key[2] = way.rule === null ? -1 : way.rule.id
    key[3] = flagClass
    key[4] = hitCount
    for (let at = 0; at < hitCount; at++) key[KEY_HEAD + at] = hits[at]
    const length = KEY_HEAD + hitCount
    let hash = 0
    for (let at = 0; at < length; at++) hash = Math.imul(hash ^ key[at], 0x9e3779b1) ^ (hash >>> 15)
    const alike = this.#byHash.get(hash)
    if (alike !== undefined) {
      for (const number of alike)
        if (this.way(number).unknownText === way.unknownText && this.#hasKey(number, length)) return number
    }
    if (this.#ways.length === WAYS_MAX) return NO_WAY
    const number = this.#add(way.copy(), key.slice(0, length))
    this.#flags[number] = flagClass
    if (alike === undefined) this.#byHash.set(hash, [number])
    else alike.push(number)
    return number
  }

  #hasKey(number: number, length: number): boolean {
    const own = this.#keys[number - 1]
    for (let at = 0; at < length; at++) if (own[at] !== this.#key[at]) return false
    return true
  }

  #add(way: Way, key: Int32Array): number {
    const number = this.#ways.push(way)
    this.#keys.push(key)
    if (number === this.#flags.length) {
      this.#flags = grown(this.#flags, new Uint8Array(number * GROWTH))
      this.#packets = grown(this.#packets, new Float64Array(number * GROWTH))
      this.#bytes = grown(this.#bytes, new Float64Array(number * GROWTH))
      this.#wireBytes = grown(this.#wireBytes, new Float64Array(number * GROWTH))
    }
    return number
  }
}
