import { type RuleIndex, wordAt } from './rule-index.ts'

const ROWS_MIN = 64
const ROWS_MAX = 4096
/** Rules of a chain for each row: most packets are like an earlier one. */
const RULES_PER_ROW = 2
const LIST_MIN = 1024
const LIST_PER_RULE = 4

/**
 * Finds the rules that a packet may match. The value of each field belongs to a class of values (a head in the field's
 * index), and the candidates are the rules that all of these classes have in common. The result for a combination of
 * classes is kept, so that for most packets it is looked up, which costs the same for ten rules and for ten thousand.
 *
 * A row consists of the heads, one for each field, then the start of its rules in `list`, and their number.
 */
export class Candidates {
  /** The packet's heads; filled in before `find`. */
  readonly heads: Int32Array
  readonly rows: Int32Array
  readonly rowInts: number
  /** Bits by which a hash is shifted to the right to get the number of a row. */
  readonly shift: number
  /** Indices of rules, in the order in which they are evaluated. */
  readonly list: Int32Array
  #listLength = 0
  readonly #indexes: readonly RuleIndex[]
  /** Rules by their place in the bit vectors. */
  readonly #order: Int32Array
  /**
   * One bit for each rule found, in the order of the chain, and a summary: one bit for each of these words that is not
   * 0.
   */
  readonly #found: Int32Array
  readonly #foundSummary: Int32Array

  constructor(indexes: readonly RuleIndex[], order: Int32Array) {
    const words = Math.ceil(order.length / 32)
    let rowCount = ROWS_MIN
    while (rowCount < ROWS_MAX && RULES_PER_ROW * rowCount < order.length) rowCount *= 2
    this.#indexes = indexes
    this.#order = order
    this.#found = new Int32Array(words)
    this.#foundSummary = new Int32Array(Math.ceil(words / 32))
    this.heads = new Int32Array(indexes.length)
    this.rowInts = indexes.length + 2
    this.rows = new Int32Array(rowCount * this.rowInts).fill(-1)
    this.shift = Math.clz32(rowCount) + 1
    this.list = new Int32Array(Math.max(LIST_MIN, LIST_PER_RULE * order.length))
  }

  /** Finds the rules for `heads`, and stores them in a row. */
  find(row: number): void {
    if (this.#listLength + this.#order.length > this.list.length) {
      this.rows.fill(-1)
      this.#listLength = 0
    }
    this.#intersect()
    const start = this.#listLength
    this.#takeFound()
    this.rows.set(this.heads, row)
    this.rows[row + this.heads.length] = start
    this.rows[row + this.heads.length + 1] = this.#listLength - start
  }

  /** Sets `#found` to the rules that all classes have in common. */
  #intersect(): void {
    const indexes = this.#indexes
    const heads = this.heads
    const { summaryWords } = indexes[0]
    for (let at = 0; at < summaryWords; at++) {
      let summary = -1
      for (let field = 0; field < indexes.length; field++) summary &= indexes[field].heads[heads[field] + at]
      for (; summary !== 0; summary &= summary - 1) {
        const bit = 31 - Math.clz32(summary & -summary)
        const word = 32 * at + bit
        let rules = -1
        for (let field = 0; field < indexes.length && rules !== 0; field++) {
          rules &= wordAt(indexes[field], heads[field] + summaryWords + at, bit, word)
        }
        for (; rules !== 0; rules &= rules - 1) {
          const rule = this.#order[32 * word + 31 - Math.clz32(rules & -rules)]
          this.#found[rule >> 5] |= 1 << rule
          this.#foundSummary[rule >> 10] |= 1 << (rule >> 5)
        }
      }
    }
  }

  /** Moves `#found` to the list. */
  #takeFound(): void {
    for (let at = 0; at < this.#foundSummary.length; at++) {
      for (let summary = this.#foundSummary[at]; summary !== 0; summary &= summary - 1) {
        const word = 32 * at + 31 - Math.clz32(summary & -summary)
        for (let rules = this.#found[word]; rules !== 0; rules &= rules - 1) {
          this.list[this.#listLength++] = 32 * word + 31 - Math.clz32(rules & -rules)
        }
        this.#found[word] = 0
      }
      this.#foundSummary[at] = 0
    }
  }
}
