import { grown } from '../../wire/grown.ts'
import type { AskedRanges } from './asked-ranges.ts'

/** With more boundaries than this a table by value is faster than searching, if the field is small enough for one. */
const TABLE_PAYS = 64
const TABLE_MAX = 0xffff
/** Integers that one index may take; if it needs more, neighbouring values share their rules. */
const BUDGET = 1 << 22
const COARSER = 4
/** Added to unsigned 32-bit values so that they sort correctly as signed ones. */
const BIAS = 0x8000_0000

/**
 * For every value of one field, the rules that may match it, as a bit vector in two levels: the words, and a summary
 * with one bit for each word that is not 0. A class (values with the same rules) stores only the words that differ from
 * `others`.
 *
 * A head is three arrays of summaryWords integers: the summary; which words are the class's own, by the same bits; and
 * for each summary word, where in `words` its own words begin.
 */
export interface RuleIndex {
  /** Integers in a summary. */
  readonly summaryWords: number
  readonly heads: Int32Array
  readonly words: Int32Array
  /** Bit vector of the rules that do not depend on this field. */
  readonly others: Int32Array
  /** Sorted first values of the classes; for 32-bit fields value ^ 2^31. Empty where there is a table. */
  readonly starts: Int32Array
  /** Position in `heads` by position in `starts`, or by value. */
  readonly headOf: Int32Array
  /** Where there is a table: one more than the greatest value in it. */
  readonly values: number
}

/** The head for unknown values: all rules. */
export const EVERY_RULE = 0

/**
 * @param places by rule, its place in the bit vectors
 * @param max the field's greatest value; greater values get every rule
 */
export function buildRuleIndex(asked: AskedRanges, places: Int32Array, max: number): RuleIndex {
  const events = new Events(asked, places)
  for (let step = 1; ; step *= COARSER) {
    const index = new IndexBuilder(events, max).build(step)
    if (index) return index
  }
}

/** At which values rules begin and cease to hold; rules by their places. */
class Events {
  /** Between two neighbouring boundaries the rules are the same. */
  readonly boundaries: Float64Array
  readonly ruleCount: number
  /** Rules that do not depend on the field, so that they always hold. */
  readonly others: Int32Array
  /** Per boundary, where its rules begin in `adds` and `removes`. */
  readonly addsAt: Int32Array
  readonly removesAt: Int32Array
  readonly adds: Int32Array
  readonly removes: Int32Array

  constructor({ asks, boundaries, rules, begins, ends }: AskedRanges, places: Int32Array) {
    this.boundaries = boundaries
    this.ruleCount = asks.length
    this.others = places.filter((_, rule) => asks[rule] === 0)
    const placed = rules.map((rule) => places[rule])
    ;[this.addsAt, this.adds] = grouped(begins, placed, boundaries.length + 1)
    ;[this.removesAt, this.removes] = grouped(ends, placed, boundaries.length + 1)
  }
}

/** Sorts values by group, stably. Returns where each group begins, and the values. */
export function grouped(groupOf: Int32Array, values: Int32Array, groups: number): [Int32Array, Int32Array] {
  const starts = new Int32Array(groups + 1)
  for (let at = 0; at < groupOf.length; at++) starts[groupOf[at] + 1]++
  for (let group = 0; group < groups; group++) starts[group + 1] += starts[group]
  const next = starts.slice()
  const ordered = new Int32Array(values.length)
  for (let at = 0; at < values.length; at++) ordered[next[groupOf[at]]++] = values[at]
  return [starts, ordered]
}

/** Goes through a field's values in ascending order, and keeps track of the rules that hold. */
class IndexBuilder {
  readonly #events: Events
  readonly #max: number
  readonly #ruleCount: number
  readonly #wordCount: number
  readonly #summaryWords: number
  readonly #others: Int32Array
  readonly #othersSummary: Int32Array
  /** Rules that hold at the value reached. */
  readonly #holding: Int32Array
  readonly #holdingSummary: Int32Array
  #heads: Int32Array
  #headsLength = 0
  #words: Int32Array
  #wordsLength = 0

  constructor(events: Events, max: number) {
    this.#events = events
    this.#max = max
    this.#ruleCount = events.ruleCount
    this.#wordCount = Math.ceil(this.#ruleCount / 32)
    this.#summaryWords = Math.ceil(this.#wordCount / 32)
    this.#others = new Int32Array(this.#wordCount)
    this.#othersSummary = new Int32Array(this.#summaryWords)
    this.#holding = new Int32Array(this.#wordCount)
    this.#holdingSummary = new Int32Array(this.#summaryWords)
    const headCount = events.boundaries.length + 2
    this.#heads = new Int32Array(Math.min(BUDGET, 3 * this.#summaryWords * headCount))
    this.#words = new Int32Array(Math.min(BUDGET, this.#wordCount + 2 * headCount))
    for (const rule of events.others) enter(this.#others, this.#othersSummary, rule)
  }

  /** @param step how many neighbouring boundaries share their rules @returns null when the index exceeds the budget */
  build(step: number): RuleIndex | null {
    const { boundaries } = this.#events
    this.#addEveryRule()
    const none = this.#addHead()
    const starts: number[] = []
    const headOf: number[] = []
    for (let from = 0; from < boundaries.length; from += step) {
      const to = Math.min(from + step, boundaries.length)
      this.#end(from)
      for (let at = from; at < to; at++) this.#begin(at)
      const head = isEmpty(this.#holdingSummary) ? none : this.#addHead()
      if (this.#headsLength + this.#wordsLength > BUDGET && step < boundaries.length) return null
      for (let at = from + 1; at < to; at++) {
        this.#end(at)
        this.#begin(at)
      }
      if (headOf.at(-1) === head) continue
      starts.push(boundaries[from])
      headOf.push(head)
    }
    return this.#finish(starts, headOf)
  }

  #finish(starts: readonly number[], headOf: readonly number[]): RuleIndex {
    const index = {
      summaryWords: this.#summaryWords,
      heads: this.#heads.slice(0, this.#headsLength),
      words: this.#words.slice(0, this.#wordsLength),
      others: this.#others,
    }
    if (this.#max <= TABLE_MAX && (starts.length > TABLE_PAYS || this.#max < TABLE_PAYS)) {
      const table = new Int32Array(this.#max + 1)
      for (let at = 0; at < starts.length; at++) table.fill(headOf[at], starts[at], starts[at + 1])
      return { ...index, starts: new Int32Array(0), headOf: table, values: this.#max + 1 }
    }
    if (this.#max === 0xffff_ffff) {
      return {
        ...index,
        starts: Int32Array.from(starts, (start) => start - BIAS),
        headOf: Int32Array.from(headOf),
        values: 0,
      }
    }
    return {
      ...index,
      starts: Int32Array.from([-BIAS, ...starts, this.#max + 1]),
      headOf: Int32Array.from([EVERY_RULE, ...headOf, EVERY_RULE]),
      values: 0,
    }
  }

  #begin(at: number): void {
    const { adds, addsAt } = this.#events
    for (let k = addsAt[at]; k < addsAt[at + 1]; k++) enter(this.#holding, this.#holdingSummary, adds[k])
  }

  #end(at: number): void {
    const { removes, removesAt } = this.#events
    for (let k = removesAt[at]; k < removesAt[at + 1]; k++) leave(this.#holding, this.#holdingSummary, removes[k])
  }

  #addEveryRule(): void {
    for (let rule = 0; rule < this.#ruleCount; rule++) enter(this.#holding, this.#holdingSummary, rule)
    this.#addHead()
    this.#holding.fill(0)
    this.#holdingSummary.fill(0)
  }

  /** Stores the rules that hold now; returns the place of the head. */
  #addHead(): number {
    const head = this.#headsLength
    const size = this.#summaryWords
    this.#headsLength += 3 * size
    if (this.#headsLength > this.#heads.length) this.#heads = withRoom(this.#heads, this.#headsLength)
    if (this.#wordsLength + this.#wordCount > this.#words.length) {
      this.#words = withRoom(this.#words, this.#wordsLength + this.#wordCount)
    }
    for (let at = 0; at < size; at++) {
      const own = this.#holdingSummary[at]
      this.#heads[head + at] = own | this.#othersSummary[at]
      this.#heads[head + size + at] = own
      this.#heads[head + 2 * size + at] = this.#wordsLength
      for (let bits = own; bits !== 0; bits &= bits - 1) {
        const word = 32 * at + 31 - Math.clz32(bits & -bits)
        this.#words[this.#wordsLength++] = this.#holding[word] | this.#others[word]
      }
    }
    return head
  }
}

function enter(words: Int32Array, summary: Int32Array, rule: number): void {
  words[rule >> 5] |= 1 << rule
  summary[rule >> 10] |= 1 << (rule >> 5)
}

function leave(words: Int32Array, summary: Int32Array, rule: number): void {
  words[rule >> 5] &= ~(1 << rule)
  if (words[rule >> 5] === 0) summary[rule >> 10] &= ~(1 << (rule >> 5))
}

function isEmpty(summary: Int32Array): boolean {
  for (let at = 0; at < summary.length; at++) if (summary[at] !== 0) return false
  return true
}

function withRoom(array: Int32Array, needed: number): Int32Array {
  return grown(array, new Int32Array(Math.max(needed, 2 * array.length)))
}

/** The place of a value's head, in an index without table. 32-bit values with BIAS added. */
export function headFor(starts: Int32Array, headOf: Int32Array, value: number): number {
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (starts[middle] <= value) low = middle
    else high = middle - 1
  }
  return headOf[low]
}

/**
 * The word of a bit vector that a bit of the summary stands for.
 * @param own position in `heads` of the word that says which words are the class's own
 * @param bit of the summary word
 * @param word index among all words
 */
export function wordAt(index: RuleIndex, own: number, bit: number, word: number): number {
  const bits = index.heads[own]
  if (((bits >>> bit) & 1) === 0) return index.others[word]
  return index.words[index.heads[own + index.summaryWords] + bitCount(bits & ((1 << bit) - 1))]
}

export function bitCount(bits: number): number {
  let count = bits - ((bits >>> 1) & 0x5555_5555)
  count = (count & 0x3333_3333) + ((count >>> 2) & 0x3333_3333)
  return Math.imul((count + (count >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24
}
