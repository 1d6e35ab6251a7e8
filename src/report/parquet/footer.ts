import type { ColumnChunk } from './column-chunk.ts'
import { BYTE_ARRAY, INT32, INT64, MAGIC, OPTIONAL, REQUIRED, UNCOMPRESSED, UTF8 } from './format.ts'
import { GrowingBytes } from './growing-bytes.ts'
import { ThriftWriter } from './thrift-compact.ts'

export interface ColumnSchema {
  readonly name: string
  /** `timestamp` is nanoseconds since the epoch. */
  readonly type: 'int32' | 'int64' | 'timestamp' | 'text'
  readonly required: boolean
}

const PHYSICAL = { int32: INT32, int64: INT64, timestamp: INT64, text: BYTE_ARRAY } as const

/** The end of a Parquet file: the columns, and where their pages are. About 2 kB for each row group. */
export class Footer {
  readonly #columns: readonly ColumnSchema[]
  readonly #groups = new GrowingBytes()
  #groupCount = 0
  #rows = 0

  constructor(columns: readonly ColumnSchema[]) {
    this.#columns = columns
  }

  /** @param start offset in the file of what the chunks' offsets are relative to */
  addRowGroup(rows: number, start: number, chunks: readonly ColumnChunk[]): void {
    const thrift = new ThriftWriter(this.#groups)
    let bytes = 0
    thrift.element()
    thrift.structList(1, chunks.length)
    for (const [index, { name, type }] of this.#columns.entries()) {
      const { dictionaryOffset, dataOffset, end, encodings, nulls } = chunks[index]
      const first = dictionaryOffset < 0 ? dataOffset : dictionaryOffset
      bytes += end - first
      thrift.element()
      thrift.int64(2, start + first)
      thrift.struct(3)
      thrift.int32(1, PHYSICAL[type])
      thrift.int32List(2, encodings)
      thrift.textList(3, [name])
      thrift.int32(4, UNCOMPRESSED)
      thrift.int64(5, rows)
      thrift.int64(6, end - first)
      thrift.int64(7, end - first)
      thrift.int64(9, start + dataOffset)
      if (dictionaryOffset >= 0) thrift.int64(11, start + dictionaryOffset)
      thrift.struct(12)
      thrift.int64(3, nulls)
      thrift.end()
      thrift.end()
      thrift.end()
    }
    thrift.int64(2, bytes)
    thrift.int64(3, rows)
    thrift.end()
    this.#groupCount++
    this.#rows += rows
  }

  /** Appends the footer, its length and the magic number. */
  write(out: GrowingBytes): void {
    const start = out.length
    const thrift = new ThriftWriter(out)
    thrift.element()
    thrift.int32(1, 2)
    this.#writeSchema(thrift)
    thrift.int64(3, this.#rows)
    thrift.structList(4, this.#groupCount)
    out.append(this.#groups.bytes.subarray(0, this.#groups.length))
    thrift.text(6, 'ctreplay')
    thrift.end()
    out.int32(out.length - start)
    out.append(new TextEncoder().encode(MAGIC))
  }

  #writeSchema(thrift: ThriftWriter): void {
    thrift.structList(2, this.#columns.length + 1)
    thrift.element()
    thrift.text(4, 'packets')
    thrift.int32(5, this.#columns.length)
    thrift.end()
    for (const { name, type, required } of this.#columns) {
      thrift.element()
      thrift.int32(1, PHYSICAL[type])
      thrift.int32(3, required ? REQUIRED : OPTIONAL)
      thrift.text(4, name)
      if (type === 'text') {
        thrift.int32(6, UTF8)
        thrift.struct(10)
        thrift.struct(1)
        thrift.end()
        thrift.end()
      } else if (type === 'timestamp') {
        thrift.struct(10)
        thrift.struct(8)
        // isAdjustedToUTC: with true, DuckDB would cut the time to microseconds.
        thrift.bool(1, false)
        thrift.struct(2)
        thrift.struct(3)
        thrift.end()
        thrift.end()
        thrift.end()
        thrift.end()
      }
      thrift.end()
    }
  }
}
