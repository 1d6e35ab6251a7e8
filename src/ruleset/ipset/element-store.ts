import { grown } from '../../wire/grown.ts'
import { KeyTable } from '../evaluate/key-table.ts'
import { HZ } from '../packet/ticks.ts'
import type { SetDefinition } from './set-definition.ts'

const NOMATCH = 1
/** It is not known whether the element is in the set. */
const DOUBT = 2
/** The values of its counters are not known. */
const DOUBTFUL_COUNTERS = 4
export const NEVER = Number.POSITIVE_INFINITY

/** The elements of a set: their keys in a KeyTable, and by slot the options that `ipset list` shows after each. */
export class ElementStore {
  readonly table: KeyTable
  /** Some element, or its counters, has been in doubt at some time. */
  hasDoubts = false
  /** The last tick of the element; after it, it has expired. */
  expires: Float64Array<ArrayBuffer>
  packets: Float64Array<ArrayBuffer>
  bytes: Float64Array<ArrayBuffer>
  mark: Int32Array<ArrayBuffer>
  markMask: Int32Array<ArrayBuffer>
  /** bitmap:ip,mac: two words for each element; the first is -1 if it has no MAC. */
  macs: Int32Array<ArrayBuffer>
  #flags: Int32Array<ArrayBuffer>
  /** Elements with DOUBT. */
  #doubts = 0
  #allInDoubt = false

  constructor(width: number) {
    this.table = new KeyTable(width)
    const { capacity } = this.table
    this.expires = new Float64Array(capacity)
    this.packets = new Float64Array(capacity)
    this.bytes = new Float64Array(capacity)
    this.mark = new Int32Array(capacity)
    this.markMask = new Int32Array(capacity)
    this.macs = new Int32Array(2 * capacity)
    this.#flags = new Int32Array(capacity)
  }

  /**
   * Adds the elements of the saved set. Of several with the same key, the options that are given last count.
   * @param added called with every new slot
   */
  load(set: SetDefinition, added: (slot: number) => void): void {
    const { elements } = set
    const { key, width } = this.table
    for (let at = 0; at < elements.count; at++) {
      for (let i = 0; i < width; i++) key[i] = elements.keys[at * width + i]
      let slot = this.table.find()
      if (slot < 0) {
        slot = this.add()
        added(slot)
      }
      const seconds = elements.timeouts[at] < 0 ? (set.timeout ?? 0) : elements.timeouts[at]
      this.expires[slot] = set.timeout === null || seconds === 0 ? NEVER : seconds * HZ
      this.#flags[slot] = elements.nomatch[at] ? NOMATCH : 0
      if (elements.packets[at] >= 0) this.packets[slot] = elements.packets[at]
      if (elements.bytes[at] >= 0) this.bytes[slot] = elements.bytes[at]
      this.mark[slot] = elements.mark[at]
      this.markMask[slot] = elements.markMask[at]
      if (elements.macs[2 * at] >= 0) {
        this.macs[2 * slot] = elements.macs[2 * at]
        this.macs[2 * slot + 1] = elements.macs[2 * at + 1]
      }
    }
  }

  /** Adds an element without options for the table's current key. Returns its slot. */
  add(): number {
    const slot = this.table.add()
    this.#grow()
    this.blank(slot)
    return slot
  }

  remove(slot: number): void {
    this.blank(slot)
    this.table.remove(slot)
  }

  /** Resets the options of an element. */
  blank(slot: number): void {
    this.expires[slot] = NEVER
    this.packets[slot] = 0
    this.bytes[slot] = 0
    this.mark[slot] = 0
    this.markMask[slot] = 0
    this.macs[2 * slot] = -1
    if ((this.#flags[slot] & DOUBT) !== 0) this.#doubts--
    this.#flags[slot] = 0
  }

  /** How many elements are in the set for certain. */
  get certain(): number {
    return this.#allInDoubt ? 0 : this.table.size - this.#doubts
  }

  isNomatch(slot: number): boolean {
    return (this.#flags[slot] & NOMATCH) !== 0
  }

  isDoubtful(slot: number): boolean {
    return this.#allInDoubt || (this.#flags[slot] & DOUBT) !== 0
  }

  /** From now on every element, including those added later, may be missing from the set. */
  doubtAll(): void {
    this.hasDoubts = true
    this.#allInDoubt = true
  }

  doubt(slot: number): void {
    this.hasDoubts = true
    if ((this.#flags[slot] & DOUBT) === 0) this.#doubts++
    this.#flags[slot] |= DOUBT
  }

  hasDoubtfulCounters(slot: number): boolean {
    return (this.#flags[slot] & DOUBTFUL_COUNTERS) !== 0
  }

  doubtCounters(slot: number): void {
    this.hasDoubts = true
    this.#flags[slot] |= DOUBTFUL_COUNTERS
  }

  #grow(): void {
    const { capacity } = this.table
    if (this.expires.length >= capacity) return
    this.expires = grown(this.expires, new Float64Array(capacity))
    this.packets = grown(this.packets, new Float64Array(capacity))
    this.bytes = grown(this.bytes, new Float64Array(capacity))
    this.mark = grown(this.mark, new Int32Array(capacity))
    this.markMask = grown(this.markMask, new Int32Array(capacity))
    this.macs = grown(this.macs, new Int32Array(2 * capacity))
    this.#flags = grown(this.#flags, new Int32Array(capacity))
  }
}
