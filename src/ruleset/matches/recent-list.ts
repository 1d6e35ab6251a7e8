import { P_TTL } from '../../wire/packet-fields.ts'
import { KeyTable } from '../evaluate/key-table.ts'
import { addressWords } from '../packet/packet-address.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { ticksAt } from '../packet/ticks.ts'

/** ip_list_tot: addresses remembered per list. */
const ADDRESSES_MAX = 100
/** Times remembered per address where no rule of the list asks for more; always a power of two. */
const STAMPS_AT_LEAST = 32
/** Word of the key with the family, after the words of the address. */
const FAMILY = 4
const NONE = -1

/**
 * One list of xt_recent (/proc/net/xt_recent/NAME): addresses with the times at which they were seen, the least
 * recently seen first to go. Both families share it.
 *
 * What a rule that could not be decided may have done to an address leaves it in doubt. From then on only the times are
 * certain at which it was certainly seen afterwards.
 */
export class RecentList {
  /** Of every address, before it is looked up or stored. Given by the first rule that names the list. */
  readonly mask: Int32Array
  readonly #addresses = new KeyTable(FAMILY + 1)
  /** Addresses in doubt, and how many of them are not among `#addresses`. */
  readonly #doubts = new KeyTable(FAMILY + 1)
  #onlyInDoubt = 0
  /** Some address may have been pushed out of the list, so nothing in it is certain any more. */
  #lost = false
  #stampsMax = STAMPS_AT_LEAST
  /** stamps[slot * stampsMax + i], in ticks. */
  #stamps = new Float64Array(0)
  readonly #count = new Int32Array(ADDRESSES_MAX)
  readonly #next = new Int32Array(ADDRESSES_MAX)
  /** How many of the last times are certain if the address is in doubt. */
  readonly #sure = new Int32Array(ADDRESSES_MAX)
  readonly #ttl = new Uint8Array(ADDRESSES_MAX)
  /** Slots from the least to the most recently seen, doubly linked. */
  readonly #newer = new Int32Array(ADDRESSES_MAX)
  readonly #older = new Int32Array(ADDRESSES_MAX)
  #oldest = NONE
  #newest = NONE

  constructor(mask: Int32Array) {
    this.mask = mask
  }

  /** Called before the first packet for each rule of the list: reserves room for so many times per address. */
  remember(hits: number): void {
    while (this.#stampsMax < hits) this.#stampsMax *= 2
  }

  /**
   * Slot of the packet's address, NONE where it is not in the list (or seen with another TTL, if that is asked for).
   */
  find(packet: RulePacket, addressAt: number, sameTtl: boolean): number {
    this.#readKey(this.#addresses, packet, addressAt)
    const slot = this.#addresses.find()
    if (slot < 0 || !sameTtl) return slot
    const ttl = packet.fields[packet.base + P_TTL]
    return ttl === this.#ttl[slot] || ttl === 0 || this.#ttl[slot] === 0 ? slot : NONE
  }

  /** Whether the list's answer about the packet's address is not known. */
  isDoubtful(packet: RulePacket, addressAt: number): boolean {
    if (this.#lost) return true
    if (this.#doubts.size === 0) return false
    this.#readKey(this.#doubts, packet, addressAt)
    return this.#doubts.find() >= 0
  }

  /** The packet may have changed what the list says of its address. */
  doubt(packet: RulePacket, addressAt: number): void {
    if (this.#lost) return
    const slot = this.find(packet, addressAt, false)
    if (slot >= 0) this.#sure[slot] = 0
    if (this.#findDoubt() >= 0) return
    this.#doubts.add()
    if (slot < 0 && ++this.#onlyInDoubt + this.#addresses.size > ADDRESSES_MAX) this.#lost = true
  }

  get hasDoubts(): boolean {
    return this.#lost || this.#doubts.size > 0
  }

  /** Everything in the list may be gone. */
  lose(): void {
    this.#lost = true
  }

  /** Adds the address of the last `find`. */
  add(packet: RulePacket): void {
    if (this.#stamps.length === 0) this.#stamps = new Float64Array(ADDRESSES_MAX * this.#stampsMax)
    if (this.#addresses.size >= ADDRESSES_MAX) {
      this.#lost ||= this.#doubts.size > 0
      this.#drop(this.#oldest)
    }
    if (this.#findDoubt() >= 0) this.#onlyInDoubt--
    if (this.#doubts.size > 0 && this.#addresses.size + this.#onlyInDoubt >= ADDRESSES_MAX) this.#lost = true
    const slot = this.#addresses.add()
    this.#sure[slot] = 1
    this.#stamps[slot * this.#stampsMax] = ticksAt(packet)
    this.#count[slot] = 1
    this.#next[slot] = 1
    this.#ttl[slot] = packet.fields[packet.base + P_TTL]
    this.#linkNewest(slot)
  }

  update(slot: number, packet: RulePacket): void {
    const next = this.#next[slot] & (this.#stampsMax - 1)
    this.#stamps[slot * this.#stampsMax + next] = ticksAt(packet)
    this.#next[slot] = next + 1
    this.#sure[slot]++
    if (next + 1 > this.#count[slot]) this.#count[slot] = next + 1
    this.#ttl[slot] = packet.fields[packet.base + P_TTL]
    this.#unlink(slot)
    this.#linkNewest(slot)
  }

  /** The address of the last `find`, which found this slot, is certainly not in the list any more. */
  remove(slot: number): void {
    const doubt = this.#findDoubt()
    if (doubt >= 0) this.#doubts.remove(doubt)
    if (slot >= 0) this.#drop(slot)
    else if (doubt >= 0) this.#onlyInDoubt--
  }

  /** Seen at least `hits` times (0: once) since a tick; -Infinity for ever. */
  seen(slot: number, since: number, hits: number): boolean {
    const start = slot * this.#stampsMax
    const needed = Math.max(hits, 1)
    let found = 0
    for (let i = start; i < start + this.#count[slot]; i++) {
      if (this.#stamps[i] >= since && ++found >= needed) return true
    }
    return false
  }

  /** As `seen`, whatever may have been done to the address while it was in doubt. */
  surelySeen(slot: number, since: number, hits: number): boolean {
    if (this.#lost) return false
    const start = slot * this.#stampsMax
    let left = Math.max(hits, 1)
    for (let back = 1; back <= Math.min(this.#sure[slot], this.#stampsMax) && left > 0; back++) {
      const at = (this.#next[slot] - back) & (this.#stampsMax - 1)
      if (this.#stamps[start + at] >= since) left--
    }
    return left === 0
  }

  /**
   * Removes the least recently seen address if it was last seen before a tick.
   * @param kept slot that stays in any case
   */
  reap(since: number, kept: number): void {
    const slot = this.#oldest
    if (slot === NONE || slot === kept) return
    if (this.#stamps[slot * this.#stampsMax + this.#next[slot] - 1] < since) this.#drop(slot)
  }

  #readKey(table: KeyTable, packet: RulePacket, addressAt: number): void {
    const { fields, base } = packet
    const { key } = table
    const words = addressWords(packet)
    for (let i = 0; i < FAMILY; i++) key[i] = i < words ? fields[base + addressAt + i] & this.mask[i] : 0
    key[FAMILY] = words
  }

  /** The slot among the doubts of the address of the last `find`. */
  #findDoubt(): number {
    this.#doubts.key.set(this.#addresses.key)
    return this.#doubts.find()
  }

  #drop(slot: number): void {
    this.#unlink(slot)
    this.#addresses.remove(slot)
  }

  #unlink(slot: number): void {
    const older = this.#older[slot]
    const newer = this.#newer[slot]
    if (older === NONE) this.#oldest = newer
    else this.#newer[older] = newer
    if (newer === NONE) this.#newest = older
    else this.#older[newer] = older
  }

  #linkNewest(slot: number): void {
    this.#older[slot] = this.#newest
    this.#newer[slot] = NONE
    if (this.#newest === NONE) this.#oldest = slot
    else this.#newer[this.#newest] = slot
    this.#newest = slot
  }
}
