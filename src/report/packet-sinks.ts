import type { Sink } from '../netfilter/outcome.ts'
import type { ByteOutput } from './byte-output.ts'
import { CsvSink } from './csv.ts'
import { NdjsonSink } from './ndjson.ts'
import { ParquetSink } from './parquet.ts'

/** The formats of per-packet outputs. */
export const PACKET_OUTPUTS = ['ndjson', 'csv', 'parquet'] as const
export type PacketOutput = (typeof PACKET_OUTPUTS)[number]

const SINKS = { ndjson: NdjsonSink, csv: CsvSink, parquet: ParquetSink } as const

/** @param files paths of the captures as given */
export function packetSink(kind: PacketOutput, output: ByteOutput, files: readonly string[]): Sink {
  return new SINKS[kind](output, { files })
}
