import { DATA_PAGE, DICTIONARY_PAGE, ENCODING_PLAIN, ENCODING_RLE, ENCODING_RLE_DICTIONARY } from './format.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { bitWidthOf, writeHybridRuns } from './hybrid-runs.ts'
import { ThriftWriter } from './thrift-compact.ts'

/** Where the pages of a column are, relative to the bytes that they were appended to. */
export interface ColumnChunk {
  /** -1 without dictionary. */
  readonly dictionaryOffset: number
  readonly dataOffset: number
  readonly end: number
  readonly encodings: readonly number[]
  readonly nulls: number
}

/** A column of the row group that is being filled. Rows are set in rising order; those left out are null. */
export interface Column {
  /** Appends the pages of the first `rows` rows to `out`, and empties the column. */
  write(out: GrowingBytes, rows: number): ColumnChunk
}

/** The values that the numbers of a column stand for. */
export interface Dictionary {
  /** More than any number. */
  readonly size: number
  /** Appends a value in PLAIN encoding. */
  write(out: GrowingBytes, id: number): void
}

const NULL = -1

/** A column whose rows are numbers of a dictionary's values. The file gets those values that the row group uses. */
export class DictionaryColumn implements Column {
  private readonly ids: Int32Array
  private readonly dictionary: Dictionary
  private readonly page = new GrowingBytes()
  private places = new Int32Array(0)
  private lastRow = -1

  constructor(rows: number, dictionary: Dictionary) {
    this.ids = new Int32Array(rows).fill(NULL)
    this.dictionary = dictionary
  }

  set(row: number, id: number): void {
    this.ids[row] = id
    this.lastRow = row
  }

  write(out: GrowingBytes, rows: number): ColumnChunk {
    const { ids, dictionary, page, lastRow } = this
    page.clear()
    if (lastRow < 0) return writeEmpty(out, page, rows)

    if (this.places.length < dictionary.size) this.places = new Int32Array(dictionary.size * 2)
    const { places } = this
    places.fill(0, 0, dictionary.size)
    const dictionaryOffset = out.length
    const values = page
    let used = 0
    let count = 0
    const defined = new Uint8Array(rows)
    for (let row = 0; row <= lastRow; row++) {
      const id = ids[row]
      if (id === NULL) continue
      defined[row] = 1
      if (places[id] === 0) {
        places[id] = ++used
        dictionary.write(values, id)
      }
      ids[count++] = places[id] - 1
    }
    writePage(out, DICTIONARY_PAGE, used, ENCODING_PLAIN, values)

    page.clear()
    const dataOffset = out.length
    writeLevels(page, defined, rows)
    const bitWidth = bitWidthOf(used - 1)
    page.byte(bitWidth)
    writeHybridRuns(page, ids, count, bitWidth)
    writePage(out, DATA_PAGE, rows, ENCODING_RLE_DICTIONARY, page)

    ids.fill(NULL, 0, lastRow + 1)
    this.lastRow = -1
    const encodings = [ENCODING_PLAIN, ENCODING_RLE, ENCODING_RLE_DICTIONARY]
    return { dictionaryOffset, dataOffset, end: out.length, encodings, nulls: rows - count }
  }
}

/** A column of 32- or 64-bit integers as they are. */
export class PlainColumn implements Column {
  private readonly width: number
  private readonly required: boolean
  private readonly defined: Uint8Array
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private count = 0
  private readonly page = new GrowingBytes()

  /** @param width bytes of a value: 4 or 8 */
  constructor(rows: number, width: 4 | 8, required: boolean) {
    this.width = width
    this.required = required
    this.defined = new Uint8Array(rows)
    this.bytes = new Uint8Array(rows * width)
    this.view = new DataView(this.bytes.buffer)
  }

  /** @param value a whole number of at most 53 bits; with four bytes, of 32 */
  set(row: number, value: number): void {
    if (this.width === 8) {
      this.setWords(row, value >>> 0, Math.floor(value / 0x1_0000_0000))
    } else {
      this.defined[row] = 1
      this.view.setInt32(this.count++ * 4, value, true)
    }
  }

  /** A value of eight bytes in two halves. */
  setWords(row: number, low: number, high: number): void {
    const at = this.count++ * 8
    this.defined[row] = 1
    this.view.setInt32(at, low, true)
    this.view.setInt32(at + 4, high, true)
  }

  write(out: GrowingBytes, rows: number): ColumnChunk {
    const { page, defined, count } = this
    page.clear()
    if (count === 0 && !this.required) return writeEmpty(out, page, rows)
    const dataOffset = out.length
    if (!this.required) writeLevels(page, defined, rows)
    page.append(this.bytes.subarray(0, count * this.width))
    writePage(out, DATA_PAGE, rows, ENCODING_PLAIN, page)
    defined.fill(0, 0, rows)
    this.count = 0
    const encodings = [ENCODING_PLAIN, ENCODING_RLE]
    return { dictionaryOffset: -1, dataOffset, end: out.length, encodings, nulls: rows - count }
  }
}

/** All null. */
function writeEmpty(out: GrowingBytes, page: GrowingBytes, rows: number): ColumnChunk {
  const dataOffset = out.length
  writeLevels(page, new Uint8Array(rows), rows)
  writePage(out, DATA_PAGE, rows, ENCODING_PLAIN, page)
  const encodings = [ENCODING_PLAIN, ENCODING_RLE]
  return { dictionaryOffset: -1, dataOffset, end: out.length, encodings, nulls: rows }
}

function writeLevels(page: GrowingBytes, defined: Uint8Array, rows: number): void {
  const start = page.length
  page.int32(0)
  writeHybridRuns(page, defined, rows, 1)
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
