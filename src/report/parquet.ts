import type { Outcome, Sink } from '../netfilter/outcome.ts'
import type { ByteOutput } from './byte-output.ts'
import { PACKET_COLUMNS } from './packet-columns.ts'
import { Footer } from './parquet/footer.ts'
import { MAGIC } from './parquet/format.ts'
import { GrowingBytes } from './parquet/growing-bytes.ts'
import { PacketTable } from './parquet/packet-table.ts'

/** DuckDB's own choice: large enough to be compact, small enough to be kept in memory. */
const ROWS_OF_GROUP = 122_880

export interface ParquetOptions {
  /** Paths of the captures as given; with more than one, every row says `file` and `fileFrame`. */
  files: readonly string[]
  /** Rows that are held before they are written; fewer only for tests. */
  rowsOfGroup?: number
}

/**
 * All frames as a Parquet file, in capture order: the columns of PACKET_COLUMNS, uncompressed, texts and ports as
 * dictionaries. A row group is held at a time; the rest of the file is only remembered by its places, for the footer.
 *
 * This is written by hand since it can then take rows straight from the outcome, as numbers: the libraries take a
 * JavaScript value for every cell, which costs twenty times as much as all the rest of a replay.
 */
export class ParquetSink implements Sink {
  readonly #output: ByteOutput
  readonly #table: PacketTable
  readonly #footer = new Footer(PACKET_COLUMNS)
  readonly #rowsOfGroup: number
  readonly #group = new GrowingBytes()
  #written = 0

  constructor(output: ByteOutput, options: ParquetOptions) {
    this.#output = output
    this.#rowsOfGroup = options.rowsOfGroup ?? ROWS_OF_GROUP
    this.#table = new PacketTable(this.#rowsOfGroup, options.files)
    this.#group.append(new TextEncoder().encode(MAGIC))
    this.#handOver()
  }

  packet(outcome: Outcome): void {
    this.#table.add(outcome)
    if (this.#table.rows === this.#rowsOfGroup) this.#writeGroup()
  }

  drain(): Promise<void> | void {
    return this.#output.drain()
  }

  end(): Promise<void> {
    if (this.#table.rows > 0) this.#writeGroup()
    this.#footer.write(this.#group)
    this.#handOver()
    return this.#output.end()
  }

  #writeGroup(): void {
    const { rows } = this.#table
    this.#footer.addRowGroup(rows, this.#written, this.#table.write(this.#group))
    this.#handOver()
  }

  #handOver(): void {
    const { bytes, length } = this.#group
    for (let from = 0; from < length; ) {
      const chunk = this.#output.take()
      const count = Math.min(chunk.length, length - from)
      chunk.set(bytes.subarray(from, from + count))
      this.#output.give(chunk, count)
      from += count
    }
    this.#written += length
    this.#group.clear()
  }
}
