import type { CallCondition, Condition } from './condition.ts'
import { Division, type Place } from './division.ts'
import type { Program } from './program.ts'
import { isSteady } from './steadiness.ts'
import { WORD } from './value-set.ts'

const WORD_BITS = 32
/** Values of words are searched among those with the same upper bits. */
const BUCKET_BITS = 12
const BUCKET_SHIFT = WORD_BITS - BUCKET_BITS

/**
 * Divides what rules ask of a packet's headers into classes: in two packets of the same classes, every condition on
 * addresses, ports and protocol has the same answer in every rule.
 *
 * It is for whole TCP and UDP packets with a connection. Their state, direction, interfaces, hooks, and TCP flags as far
 * as rules look at them (flag-classes.ts) must be compared besides; what else differs between the packets of a connection
 * is not steady (steadiness.ts), and does not count here.
 */
export class PacketClasses {
  /** What rules ask besides, of the same headers, in ways of its own: whoever compares classes must compare the answers, too. */
  readonly calls: readonly CallCondition[]
  /** How many words `write` writes. */
  readonly count: number
  readonly #fields: readonly FieldClasses[]

  /** @returns null where some rule asks what cannot be divided */
  static of(programs: readonly Program[]): PacketClasses | null {
    const division = new Division()
    for (const program of programs) {
      for (const condition of conditionsOf(program)) if (!division.add(condition)) return null
    }
    return new PacketClasses(division)
  }

  /**
   * Of all that can be divided.
   * @returns `divided`: the conditions whose answers are the same for packets of the same classes
   */
  static ofWhatIsSteady(program: Program): { classes: PacketClasses; divided: ReadonlySet<Condition> } {
    const division = new Division()
    const divided = new Set<Condition>()
    for (const condition of conditionsOf(program)) {
      if (isSteady(condition) && division.add(condition)) divided.add(condition)
    }
    return { classes: new PacketClasses(division), divided }
  }

  private constructor(division: Division) {
    this.#fields = division.fields().map(({ place, starts }) => new FieldClasses(place, starts))
    this.calls = division.calls
    let bits = 0
    let words = 1
    for (const field of this.#fields) {
      if (bits + field.bits > WORD_BITS) {
        words++
        bits = 0
      }
      field.keyWord = words - 1
      field.keyShift = bits
      bits += field.bits
    }
    this.count = this.#fields.length === 0 ? 0 : words
  }

  /** Writes the numbers of the packet's classes, as many in a word as there is room for, from key[at] on. */
  write(fields: Int32Array, base: number, key: Int32Array, at: number): void {
    const own = this.#fields
    for (let word = 0; word < this.count; word++) key[at + word] = 0
    for (let i = 0; i < own.length; i++) {
      const { keyWord, keyShift } = own[i]
      key[at + keyWord] |= own[i].classOf(fields, base) << keyShift
    }
  }
}

/** Of packets without rules. */
export const NO_CLASSES = PacketClasses.of([]) as PacketClasses

function conditionsOf({ chains }: Program): readonly Condition[] {
  const conditions: Condition[] = []
  for (const { rules } of chains) {
    for (const { checks } of rules) for (const { condition } of checks) conditions.push(condition)
  }
  return conditions
}

/** The classes of one field's values: those between two neighbouring boundaries of what rules ask for are one. */
class FieldClasses {
  /** How many bits the number of a class takes, and where PacketClasses puts it. */
  readonly bits: number
  keyWord = 0
  keyShift = 0
  readonly #word: number
  readonly #shift: number
  readonly #mask: number
  /** By value; null where the field is too large for it. */
  readonly #table: Uint16Array | null
  /** Where classes begin. */
  readonly #starts: Uint32Array
  /** By the upper bits of a value: the class of the lowest value that has them, and behind all the last class. */
  readonly #buckets: Uint32Array

  constructor({ word, shift, max }: Place, boundaries: Float64Array) {
    this.bits = WORD_BITS - Math.clz32(boundaries.length - 1)
    this.#word = word
    this.#shift = shift
    this.#mask = max | 0
    this.#starts = Uint32Array.from(boundaries)
    this.#table = max === WORD ? null : classTable(boundaries, max)
    this.#buckets = max === WORD ? bucketsOf(this.#starts) : NO_BUCKETS
  }

  classOf(fields: Int32Array, base: number): number {
    const value = (fields[base + this.#word] >>> this.#shift) & this.#mask
    if (this.#table !== null) return this.#table[value]
    const bucket = value >>> BUCKET_SHIFT
    const low = this.#buckets[bucket]
    const high = this.#buckets[bucket + 1]
    return low === high ? low : this.#search(value >>> 0, low, high)
  }

  #search(value: number, low: number, high: number): number {
    const starts = this.#starts
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle] <= value) low = middle
      else high = middle - 1
    }
    return low
  }
}

const NO_BUCKETS = new Uint32Array(0)

function bucketsOf(starts: Uint32Array): Uint32Array {
  const buckets = new Uint32Array((1 << BUCKET_BITS) + 1).fill(starts.length - 1)
  let number = 0
  for (let bucket = 0; bucket < 1 << BUCKET_BITS; bucket++) {
    while (number + 1 < starts.length && starts[number + 1] <= (bucket << BUCKET_SHIFT) >>> 0) number++
    buckets[bucket] = number
  }
  return buckets
}

function classTable(boundaries: Float64Array, max: number): Uint16Array {
  const table = new Uint16Array(max + 1)
  for (let number = 0; number < boundaries.length; number++) {
    table.fill(number, boundaries[number], boundaries[number + 1])
  }
  return table
}
