import type { Sink } from '../netfilter/outcome.ts'
import { ByteOutput } from '../report/byte-output.ts'
import { CsvSink } from '../report/csv.ts'
import { NdjsonSink } from '../report/ndjson.ts'
import { ParquetSink } from '../report/parquet.ts'
import type { CommandLine } from './command-line.ts'

const SINKS = { ndjson: NdjsonSink, csv: CsvSink, parquet: ParquetSink } as const

/** The outputs that have something of every packet. */
export class PacketOutputs {
  readonly sinks: readonly Sink[]
  private readonly outputs: readonly ByteOutput[]

  /** @throws OutputError when a file cannot be created */
  constructor(asked: CommandLine) {
    const sinks: Sink[] = []
    const outputs: ByteOutput[] = []
    for (const kind of ['ndjson', 'csv', 'parquet'] as const) {
      const target = asked[kind]
      if (target === undefined) continue
      const output = new ByteOutput(target === '-' ? 1 : target)
      outputs.push(output)
      sinks.push(new SINKS[kind](output, { files: asked.captures }))
    }
    this.sinks = sinks
    this.outputs = outputs
  }

  /** True when there are such outputs, and whoever read them went away: nobody wants more. */
  get readersGone(): boolean {
    return this.outputs.length > 0 && this.outputs.every(({ readerGone }) => readerGone)
  }
}
