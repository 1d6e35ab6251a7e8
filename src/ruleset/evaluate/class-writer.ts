import type { FieldBits } from './division.ts'
import { WORD } from './value-set.ts'

const WORD_BITS = 32
/** Upper bits of a word that select a bucket of classes, in which the value is searched. */
const BUCKET_BITS = 12
const BUCKET_SHIFT = WORD_BITS - BUCKET_BITS

/** The classes of one field's values: all values between two neighbouring boundaries are one class. */
interface FieldClasses {
  readonly bits: FieldBits
  /** First value of each class, ascending from 0. */
  readonly starts: Float64Array
}

/** Writes the numbers of a packet's classes from key[at] on, packed into words. */
export type ClassWriter = (fields: Int32Array, base: number, key: Int32Array, at: number) => void

/** The place of a field's class number in the key. */
interface Slot {
  readonly word: number
  readonly shift: number
}

/** Generates the function that writes the classes of these fields. @returns `words`: how many it writes */
export function classWriter(fields: readonly FieldClasses[]): { write: ClassWriter; words: number } {
  const slots = slotsOf(fields)
  const words = slots.length === 0 ? 0 : slots[slots.length - 1].word + 1
  const terms: string[][] = Array.from({ length: words }, () => [])
  const arrays: (Uint16Array | Uint32Array)[] = []
  for (const [index, field] of fields.entries()) {
    terms[slots[index].word].push(`${classSource(field, arrays)} << ${slots[index].shift}`)
  }
  const body = [
    ...arrays.map((_, index) => `const a${index} = a[${index}]`),
    'return (f, b, key, at) => {',
    ...terms.map((word, index) => `  key[at + ${index}] = ${word.join(' | ')}`),
    '}',
  ]
  // The code consists of numbers and fixed names. A loop over the fields took 4 % of a whole replay longer (capture b).
  return { write: new Function('a', 'search', body.join('\n'))(arrays, search), words }
}

/** Packs the fields one after the other; none is split between two words. */
function slotsOf(fields: readonly FieldClasses[]): readonly Slot[] {
  let word = 0
  let shift = 0
  return fields.map(({ starts }) => {
    const bits = WORD_BITS - Math.clz32(starts.length - 1)
    if (shift + bits > WORD_BITS) {
      word++
      shift = 0
    }
    const slot = { word, shift }
    shift += bits
    return slot
  })
}

/** The class number as an expression of the packet's fields `f[b + …]`. Adds its lookup tables to `arrays`. */
function classSource({ bits, starts }: FieldClasses, arrays: (Uint16Array | Uint32Array)[]): string {
  const value = `f[b + ${bits.word}] >>> ${bits.shift}`
  if (bits.max !== WORD) return `a${arrays.push(classTable(starts, bits.max)) - 1}[${value} & ${bits.max}]`
  const sorted = Uint32Array.from(starts)
  const at = arrays.push(sorted, bucketsOf(sorted)) - 1
  return `search(a${at - 1}, a${at}, ${value})`
}

/** Index of the class that the value is in. @param buckets see bucketsOf */
function search(starts: Uint32Array, buckets: Uint32Array, value: number): number {
  const bucket = value >>> BUCKET_SHIFT
  let low = buckets[bucket]
  let high = buckets[bucket + 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle] <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** By the upper bits of a value: the class of the lowest value with these bits; one more entry for the last class. */
function bucketsOf(starts: Uint32Array): Uint32Array {
  const buckets = new Uint32Array((1 << BUCKET_BITS) + 1).fill(starts.length - 1)
  let number = 0
  for (let bucket = 0; bucket < 1 << BUCKET_BITS; bucket++) {
    while (number + 1 < starts.length && starts[number + 1] <= (bucket << BUCKET_SHIFT) >>> 0) number++
    buckets[bucket] = number
  }
  return buckets
}

/** Class number by value. */
function classTable(starts: Float64Array, max: number): Uint16Array {
  const table = new Uint16Array(max + 1)
  for (let number = 0; number < starts.length; number++) table.fill(number, starts[number], starts[number + 1])
  return table
}
