import { IP_V4 } from '../../wire/packet-fields.ts'
import { ByteWriter, SLACK } from '../byte-writer.ts'
import { type Dictionary, writeText } from './column-chunk.ts'
import type { GrowingBytes } from './growing-bytes.ts'

/** Values, numbered in the order in which they occur. */
export class ValueDictionary<T extends string | number> implements Dictionary {
  readonly #numbers = new Map<T, number>()
  #values: T[] = []

  get size(): number {
    return this.#values.length
  }

  idOf(value: T): number {
    let id = this.#numbers.get(value)
    if (id === undefined) {
      id = this.#values.length
      this.#numbers.set(value, id)
      this.#values.push(value)
    }
    return id
  }

  clear(): void {
    this.#numbers.clear()
    this.#values = []
  }

  write(out: GrowingBytes, id: number): void {
    const value = this.#values[id]
    if (typeof value === 'number') out.int32(value)
    else writeText(out, value)
  }
}

/** Texts known beforehand, by their numbers. */
export function fixedTexts(texts: readonly string[]): Dictionary {
  return { size: texts.length, write: (out, id) => writeText(out, texts[id]) }
}

/** Numbers from 0 to size - 1 that stand for themselves. */
export function smallNumbers(size: number): Dictionary {
  return { size, write: (out, id) => out.int32(id) }
}

const ADDRESS_WORDS = 5
const ADDRESS_ROOM = 48

/**
 * Addresses, numbered in the order in which they occur, at most `capacity` until they are cleared. An address becomes
 * text only when it is written.
 */
export class AddressDictionary implements Dictionary {
  size = 0
  /** Four words of each address, the last three 0 for IPv4, and the family. */
  readonly #words: Int32Array
  /** Open addressing: number + 1, 0 for an empty slot. */
  readonly #slots: Int32Array
  readonly #writer = new ByteWriter(new Uint8Array(ADDRESS_ROOM + SLACK))

  constructor(capacity: number) {
    this.#words = new Int32Array(capacity * ADDRESS_WORDS)
    this.#slots = new Int32Array(1 << (33 - Math.clz32(capacity)))
  }

  /** @param from index in `fields` of the address's first word */
  idOf(fields: Int32Array, from: number, family: number): number {
    const a = fields[from]
    const v4 = family === IP_V4
    const b = v4 ? 0 : fields[from + 1]
    const c = v4 ? 0 : fields[from + 2]
    const d = v4 ? 0 : fields[from + 3]
    const words = this.#words
    const slots = this.#slots
    const mask = slots.length - 1
    let hash = Math.imul(a ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35) ^ Math.imul(d, 0x27d4eb2f), 0x9e3779b1)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    for (let slot = (hash ^ (hash >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const held = slots[slot]
      if (held === 0) {
        slots[slot] = this.size + 1
        const at = this.size * ADDRESS_WORDS
        words[at] = a
        words[at + 1] = b
        words[at + 2] = c
        words[at + 3] = d
        words[at + 4] = family
        return this.size++
      }
      const at = (held - 1) * ADDRESS_WORDS
      if (
        words[at] === a &&
        words[at + 1] === b &&
        words[at + 2] === c &&
        words[at + 3] === d &&
        words[at + 4] === family
      ) {
        return held - 1
      }
    }
  }

  clear(): void {
    this.size = 0
    this.#slots.fill(0)
  }

  write(out: GrowingBytes, id: number): void {
    const writer = this.#writer
    const words = this.#words
    const at = id * ADDRESS_WORDS
    const length = words[at + 4] === IP_V4 ? writer.ipv4(0, words[at]) : writer.ipv6(0, words, at)
    out.int32(length)
    out.append(writer.bytes.subarray(0, length))
  }
}
