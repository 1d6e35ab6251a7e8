import { grown } from '../wire/grown.ts'
import { reserve } from './reservation.ts'

/**
 * What only some connections have: a mark, a separate reply tuple (NAT, zones), a helper, a master, labels, counters,
 * sequence offsets. Records of 36 integers, found through E_EXTENSION of the entry; record 0 stands for none and is all
 * zero.
 */
export const EXTENSION_INTS = 36

export const X_MARK = 0
/** Key of the reply tuple, in the form of an entry's key. Only with ENTRY_TWO_TUPLES. */
export const X_REPLY_ADDRESS_A = 1
export const X_REPLY_ADDRESS_B = 5
export const X_REPLY_PORTS = 9
export const X_REPLY_KIND = 10
export const X_REPLY_HASH = 11
/** 1 when packets of the reply direction come from end B of that key. */
export const X_REPLY_FROM_B = 12
/** Number of the helper (helpers/registry.ts) + 1. */
export const X_HELPER = 13
/** Entry of the connection that announced it, + 1; and how many entries name this one so. */
export const X_MASTER = 14
export const X_ANNOUNCED = 15
/** Connection labels: 128 bits. */
export const X_LABELS = 16
/** Float64 each: packets and bytes of the original direction, packets and bytes of the reply direction. */
export const X_COUNTERS = 20
/**
 * TCP whose payload NAT rewrote, per direction at X_SEQUENCE + direction * X_SEQUENCE_INTS (nat/sequence-offsets.ts).
 */
export const X_SEQUENCE = 28
export const X_SEQUENCE_INTS = 3
/** Number of the timeout policy, from 1; 0 for the sysctls. */
export const X_TIMEOUT_POLICY = 34

const GROWTH = 2

export class ExtensionTable {
  /** records[extension * EXTENSION_INTS + X_…] */
  records: Int32Array
  /** The same memory: counters[(extension * EXTENSION_INTS + X_COUNTERS) / 2 + i] */
  counters: Float64Array
  #high = 1
  #free = 0
  readonly #expected: number

  /** @param expected records that room is reserved for as soon as there is one */
  constructor(expected: number) {
    this.#expected = expected
    const memory = new ArrayBuffer(EXTENSION_INTS * 4)
    this.records = new Int32Array(memory)
    this.counters = new Float64Array(memory)
  }

  /** Memory that records have touched, in bytes. */
  get bytes(): number {
    return this.#high * EXTENSION_INTS * 4
  }

  /** A blank record, never 0. */
  allocate(): number {
    let extension = this.#free
    if (extension !== 0) {
      this.#free = this.records[extension * EXTENSION_INTS]
      const x = extension * EXTENSION_INTS
      this.records.fill(0, x, x + EXTENSION_INTS)
      return extension
    }
    extension = this.#high++
    if (this.#high * EXTENSION_INTS > this.records.length) this.#grow()
    return extension
  }

  #grow(): void {
    const records = Math.max(this.#expected + 1, this.#high * GROWTH)
    const memory = reserve(records, EXTENSION_INTS * 4, this.#high)
    this.records = grown(this.records, new Int32Array(memory))
    this.counters = new Float64Array(memory)
  }

  free(extension: number): void {
    this.records[extension * EXTENSION_INTS] = this.#free
    this.#free = extension
  }
}
