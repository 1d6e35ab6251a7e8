import { readFileSync } from 'node:fs'
import { openCapture } from '../../src/capture/open-capture.ts'
import { Outcome, type Sink } from '../../src/netfilter/outcome.ts'
import { replay } from '../../src/netfilter/replay.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { CsvSink } from '../../src/report/csv.ts'
import { NdjsonSink } from '../../src/report/ndjson.ts'
import { ParquetSink } from '../../src/report/parquet.ts'
import { parseRuleset } from '../../src/ruleset/index.ts'
import type { RuleInfo } from '../../src/ruleset/ruleset.ts'
import { PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { median } from './whole-process.ts'

/** Outcomes that are played again and again, and how often a measurement plays them. */
const RECORDED = 1 << 16
const TIMES = 4
/** As much of the capture is replayed, for comparison. */
const REPLAYED_BYTES = 1 << 26

type OutputKind = readonly [name: string, make: (path: string) => Sink | null]

const OUTPUTS: readonly OutputKind[] = [
  ['none', () => null],
  ['NDJSON', (path) => new NdjsonSink(new ByteOutput(path), { files: ['a.pcap'] })],
  ['CSV', (path) => new CsvSink(new ByteOutput(path), { files: ['a.pcap'] })],
  ['Parquet', (path) => new ParquetSink(new ByteOutput(path), { files: ['a.pcap'] })],
]

export const OUTPUT_TITLES = ['output', 'ns a packet, of the processor', 'replay with it: without'] as const

/** What each output adds to a packet, in time of the processor. The outcomes come from a recording, so that nothing else is measured. */
export async function outputRows(path: string, ruleFile: string, repeats: number): Promise<string[][]> {
  const recording = new Recording()
  await replayStart(path, ruleFile, [recording])
  const replays: number[] = []
  const outputs = OUTPUTS.map((): number[] => [])
  for (let round = 0; round <= repeats; round++) {
    const start = process.cpuUsage()
    const frames = await replayStart(path, ruleFile, [])
    if (round > 0) replays.push(nanosecondsSince(start) / frames)
    for (const [index, [, make]] of OUTPUTS.entries()) {
      const began = process.cpuUsage()
      await recording.play(make('/dev/null'), TIMES)
      if (round > 0) outputs[index].push(nanosecondsSince(began) / (recording.length * TIMES))
    }
  }
  const replayed = median(replays)
  const [none] = outputs.map(median)
  return OUTPUTS.map(([name], index) => {
    const own = median(outputs[index]) - none
    return [name, own.toFixed(0), ((replayed + own) / replayed).toFixed(2)]
  }).slice(1)
}

/** Time of the processor, all threads together, so that other programs disturb little. */
function nanosecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) * 1000
}

/** Returns the number of frames. */
async function replayStart(path: string, ruleFile: string, sinks: readonly Sink[]): Promise<number> {
  const rules = parseRuleset(readFileSync(ruleFile, 'latin1'), ruleFile, 'ipv4')
  const options = { mode: 'router' as const, local: [], interfaces: [], sysctls: new Map(), assume: new Map() }
  const reader = await openCapture([path])
  const stop = (): boolean => reader.bytesRead > REPLAYED_BYTES
  const { frames } = await replay(reader, { ...options, rules, checksum: 'auto', stop }, sinks)
  reader.close()
  return frames
}

const NUMBERS = 12

/** The beginning of a replay, in columns. */
class Recording implements Sink {
  length = 0
  private readonly numbers = new Float64Array(RECORDED * NUMBERS)
  private readonly fields = new Int32Array(RECORDED * PACKET_INTS)
  private readonly rules: (RuleInfo | null)[] = []
  private readonly unknowns: (string | null)[] = []

  packet(o: Outcome): void {
    if (this.length === RECORDED) return
    const label = [o.note, o.state, o.direction, o.hook, o.dropHook, o.verdict]
    const values = [o.epochSeconds, o.nanoseconds, o.wireLength, ...label, o.possibleVerdicts, o.reason]
    this.numbers.set([...values, o.connectionNumber], this.length * NUMBERS)
    this.fields.set(o.fields.subarray(o.base, o.base + PACKET_INTS), this.length * PACKET_INTS)
    this.rules.push(o.rule)
    this.unknowns.push(o.unknownText)
    this.length++
  }

  async play(sink: Sink | null, times: number): Promise<void> {
    const { numbers } = this
    const o = new Outcome()
    o.fields = this.fields
    for (let time = 0; time < times; time++) {
      for (let i = 0; i < this.length; i++) {
        const at = i * NUMBERS
        o.frame++
        o.fileFrame++
        o.epochSeconds = numbers[at]
        o.nanoseconds = numbers[at + 1]
        o.wireLength = numbers[at + 2]
        o.note = numbers[at + 3]
        o.state = numbers[at + 4]
        o.direction = numbers[at + 5]
        o.hook = numbers[at + 6]
        o.dropHook = numbers[at + 7]
        o.verdict = numbers[at + 8]
        o.possibleVerdicts = numbers[at + 9]
        o.reason = numbers[at + 10]
        o.connectionNumber = numbers[at + 11]
        o.rule = this.rules[i]
        o.unknownText = this.unknowns[i]
        o.base = i * PACKET_INTS
        sink?.packet(o)
        if (i % 1024 === 1023) await sink?.drain?.()
      }
    }
    await sink?.end?.()
  }
}
