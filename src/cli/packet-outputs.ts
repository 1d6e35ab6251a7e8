import type { Sink } from '../netfilter/outcome.ts'
import { ByteOutput } from '../report/byte-output.ts'
import { openOutput } from '../report/open-output.ts'
import { PACKET_OUTPUTS, packetSink } from '../report/packet-sinks.ts'
import { ThreadedReport } from '../report/threaded/threaded-report.ts'
import type { CommandLine } from './command-line.ts'

/** The outputs that have something of every packet. */
export class PacketOutputs {
  readonly sinks: readonly Sink[]
  readonly #readersGone: () => boolean

  /**
   * @param apart whether a thread of their own writes them
   * @throws OutputError when a file cannot be created
   */
  constructor(asked: CommandLine, apart: boolean) {
    const files = asked.captures
    const opened = PACKET_OUTPUTS.flatMap((kind) => {
      const target = asked[kind]
      return target === undefined ? [] : [{ kind, output: openOutput(target === '-' ? 1 : target) }]
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

  /** True when there are such outputs, and whoever read them went away: nobody wants more. */
  get readersGone(): boolean {
    return this.#readersGone()
  }
}
