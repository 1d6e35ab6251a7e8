import { DATA_PAGE, DICTIONARY_PAGE, ENCODING_PLAIN, ENCODING_RLE, ENCODING_RLE_DICTIONARY } from './format.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { bitWidthOf, writeHybridRuns, writeSame } from './hybrid-runs.ts'
import { ThriftWriter } from './thrift-compact.ts'

/** Where the pages of a column are, as offsets in the bytes that they were appended to. */
export interface ColumnChunk {
  /** -1 without dictionary. */
  readonly dictionaryOffset: number
  readonly dataOffset: number
  readonly end: number
  readonly encodings: readonly number[]
  readonly nulls: number
}

/** A column of the row group being filled. Rows are set in ascending order; rows that are skipped are null. */
export interface Column {
  /** Appends the pages of the first `rows` rows to `out`, and empties the column. */
  write(out: GrowingBytes, rows: number): ColumnChunk
}

/** The values that the numbers of a column stand for. */
export interface Dictionary {
  /** One more than the highest number. */
  readonly size: number
  /** Appends a value in PLAIN encoding. */
  write(out: GrowingBytes, id: number): void
}

const NULL = -1

/** A column whose rows are numbers of a dictionary's values. The file gets those values that the row group uses. */
export class DictionaryColumn implements Column {
  readonly #ids: Int32Array
  readonly #pages: DictionaryPages
  #lastRow = -1

  constructor(rows: number, dictionary: Dictionary) {
    this.#ids = new Int32Array(rows).fill(NULL)
    this.#pages = new DictionaryPages(dictionary)
  }

  set(row: number, id: number): void {
    this.#ids[row] = id
    this.#lastRow = row
  }

  write(out: GrowingBytes, rows: number): ColumnChunk {
    const ids = this.#ids
    const pages = this.#pages
    const lastRow = this.#lastRow
    const chunk = pages.write(out, ids, lastRow + 1, rows)
    ids.fill(NULL, 0, lastRow + 1)
    this.#lastRow = -1
    return chunk
  }
}

/** One number per row for several columns, for rows that often have the same values in all of them. */
export class SharedNumbers {
  readonly ofRows: Int32Array
  /** Working memory for a column that turns the numbers into its own. */
  readonly scratch: Int32Array

  constructor(rows: number) {
    this.ofRows = new Int32Array(rows)
    this.scratch = new Int32Array(rows)
  }
}

/** One of the columns with shared numbers; each number stands for a value of its dictionary, or for null. */
export class SharingColumn implements Column {
  readonly #numbers: SharedNumbers
  readonly #pages: DictionaryPages
  readonly #ids: number[] = []

  constructor(numbers: SharedNumbers, dictionary: Dictionary) {
    this.#numbers = numbers
    this.#pages = new DictionaryPages(dictionary)
  }

  /** Defines the next number, from 0. @param id undefined for null */
  define(id: number | undefined): void {
    this.#ids.push(id ?? NULL)
  }

  write(out: GrowingBytes, rows: number): ColumnChunk {
    const { ofRows, scratch } = this.#numbers
    const ids = Int32Array.from(this.#ids)
    for (let row = 0; row < rows; row++) scratch[row] = ids[ofRows[row]]
    return this.#pages.write(out, scratch, rows, rows)
  }
}

class DictionaryPages {
  readonly #dictionary: Dictionary
  readonly #page = new GrowingBytes()
  #places = new Int32Array(0)

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  /** @param ids of the first `length` rows, which are overwritten; all later rows are null */
  write(out: GrowingBytes, ids: Int32Array, length: number, rows: number): ColumnChunk {
    const dictionary = this.#dictionary
    const page = this.#page
    page.clear()
    if (this.#places.length < dictionary.size) this.#places = new Int32Array(dictionary.size * 2)
    const places = this.#places
    places.fill(0, 0, dictionary.size)
    const dictionaryOffset = out.length
    let used = 0
    let count = 0
    let defined: Uint8Array | null = null
    for (let row = 0; row < length; row++) {
      const id = ids[row]
      if (id === NULL) {
        defined ??= new Uint8Array(rows).fill(1, 0, row)
        continue
      }
      if (defined !== null) defined[row] = 1
      let place = places[id]
      if (place === 0) {
        place = ++used
        places[id] = place
        dictionary.write(page, id)
      }
      ids[count++] = place - 1
    }
    if (count === 0) return writeEmpty(out, page, rows)
    if (defined === null && count < rows) defined = new Uint8Array(rows).fill(1, 0, length)
    writePage(out, DICTIONARY_PAGE, used, ENCODING_PLAIN, page)

    page.clear()
    const dataOffset = out.length
    writeLevels(page, defined, rows, count)
    const bitWidth = bitWidthOf(used - 1)
    page.byte(bitWidth)
    if (used === 1) writeSame(page, 0, count, bitWidth)
    else writeHybridRuns(page, ids, count, bitWidth)
    writePage(out, DATA_PAGE, rows, ENCODING_RLE_DICTIONARY, page)
    const encodings = [ENCODING_PLAIN, ENCODING_RLE, ENCODING_RLE_DICTIONARY]
    return { dictionaryOffset, dataOffset, end: out.length, encodings, nulls: rows - count }
  }
}

/** A column of 32- or 64-bit integers as they are. */
export class PlainColumn implements Column {
  readonly #width: number
  readonly #required: boolean
  readonly #defined: Uint8Array
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #count = 0
  readonly #page = new GrowingBytes()

  /** @param width bytes of a value: 4 or 8 */
  constructor(rows: number, width: 4 | 8, required: boolean) {
    this.#width = width
    this.#required = required
    this.#defined = new Uint8Array(rows)
    this.#bytes = new Uint8Array(rows * width)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** @param value a whole number of at most 53 bits; with four bytes, of 32 */
  set(row: number, value: number): void {
    if (this.#width === 8) {
      this.setWords(row, value >>> 0, Math.floor(value / 0x1_0000_0000))
    } else {
      this.#defined[row] = 1
      this.#view.setInt32(this.#count++ * 4, value, true)
    }
  }

  /** A value of eight bytes in two halves. */
  setWords(row: number, low: number, high: number): void {
    const at = this.#count++ * 8
    this.#defined[row] = 1
    this.#view.setInt32(at, low, true)
    this.#view.setInt32(at + 4, high, true)
  }

  write(out: GrowingBytes, rows: number): ColumnChunk {
    const page = this.#page
    const defined = this.#defined
    const count = this.#count
    page.clear()
    if (count === 0 && !this.#required) return writeEmpty(out, page, rows)
    const dataOffset = out.length
    if (!this.#required) writeLevels(page, defined, rows, count)
    page.append(this.#bytes.subarray(0, count * this.#width))
    writePage(out, DATA_PAGE, rows, ENCODING_PLAIN, page)
    defined.fill(0, 0, rows)
    this.#count = 0
    const encodings = [ENCODING_PLAIN, ENCODING_RLE]
    return { dictionaryOffset: -1, dataOffset, end: out.length, encodings, nulls: rows - count }
  }
}

/** Writes a column of nulls. */
function writeEmpty(out: GrowingBytes, page: GrowingBytes, rows: number): ColumnChunk {
  const dataOffset = out.length
  writeLevels(page, null, rows, 0)
  writePage(out, DATA_PAGE, rows, ENCODING_PLAIN, page)
  const encodings = [ENCODING_PLAIN, ENCODING_RLE]
  return { dictionaryOffset: -1, dataOffset, end: out.length, encodings, nulls: rows }
}

/** @param defined 1 for each row with a value, @param count of these; needed only where there are some, but not all */
function writeLevels(page: GrowingBytes, defined: Uint8Array | null, rows: number, count: number): void {
  const start = page.length
  page.int32(0)
  if (defined === null || count === 0 || count === rows) writeSame(page, count === 0 ? 0 : 1, rows, 1)
  else writeHybridRuns(page, defined, rows, 1)
  page.view.setInt32(start, page.length - start - 4, true)
}

function writePage(out: GrowingBytes, type: number, values: number, encoding: number, page: GrowingBytes): void {
  const thrift = new ThriftWriter(out)
  thrift.element()
  thrift.int32(1, type)
  thrift.int32(2, page.length)
  thrift.int32(3, page.length)
  thrift.struct(type === DATA_PAGE ? 5 : 7)
  thrift.int32(1, values)
  thrift.int32(2, encoding)
  if (type === DATA_PAGE) {
    thrift.int32(3, ENCODING_RLE)
    thrift.int32(4, ENCODING_RLE)
  }
  thrift.end()
  thrift.end()
  out.append(page.bytes.subarray(0, page.length))
}

const encoder = new TextEncoder()

/** Appends a text as PLAIN encoding has it. */
export function writeText(out: GrowingBytes, text: string): void {
  const bytes = encoder.encode(text)
  out.int32(bytes.length)
  out.append(bytes)
}
