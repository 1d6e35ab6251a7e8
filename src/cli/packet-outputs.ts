import type { Sink } from '../netfilter/outcome.ts'
import { ByteOutput } from '../report/byte-output.ts'
import { openOutput } from '../report/open-output.ts'
import { PACKET_OUTPUTS, packetSink } from '../report/packet-sinks.ts'
import { ThreadedReport } from '../report/threaded/threaded-report.ts'
import type { CommandLine } from './command-line.ts'
import { STDOUT } from './outputs.ts'

/** The outputs that tell of every packet: NDJSON, CSV, Parquet. */
export class PacketOutputs {
  readonly sinks: readonly Sink[]
  readonly #readersGone: () => boolean

  /**
   * @param apart whether they are written by a thread of their own
   * @throws OutputError when a file cannot be created
   */
  constructor(asked: CommandLine, apart: boolean) {
    const files = asked.captures
    const opened = PACKET_OUTPUTS.flatMap((kind) => {
      const target = asked[kind]
      return target === undefined ? [] : [{ kind, output: openOutput(target === '-' ? STDOUT : target) }]
    })
    if (apart && opened.length > 0) {
      const report = new ThreadedReport(opened, files)
      this.sinks = [report]
      this.#readersGone = () => report.readersGone
    } else {
      const outputs = opened.map(({ output }) => new ByteOutput(output))
      this.sinks = opened.map(({ kind }, at) => packetSink(kind, outputs[at], files))
      this.#readersGone = () => outputs.length > 0 && outputs.every(({ readerGone }) => readerGone)
    }
  }

  /** True when there are such outputs and the readers of all of them (pipes) have gone away. */
  get readersGone(): boolean {
    return this.#readersGone()
  }
}
