import { readFileSync } from 'node:fs'
import { FRAME_INTS, FRAME_NANOSECONDS, FrameBatch } from '../../src/capture/frame-batch.ts'
import { openCapture } from '../../src/capture/open-capture.ts'
import { ConnectionReader } from '../../src/conntrack/connection-reader.ts'
import { TRACKED } from '../../src/conntrack/finding.ts'
import { sysctlsWith } from '../../src/conntrack/sysctls.ts'
import { Tracker } from '../../src/conntrack/tracker.ts'
import type { Sink } from '../../src/netfilter/outcome.ts'
import { type ReplayOptions, replay } from '../../src/netfilter/replay.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { NdjsonSink } from '../../src/report/ndjson.ts'
import { compileRuleset, parseRuleset } from '../../src/ruleset/index.ts'
import { HOOK_FORWARD } from '../../src/ruleset/packet/hooks.ts'
import { RulePacket, STATE_ESTABLISHED } from '../../src/ruleset/packet/rule-packet.ts'
import { verifyTransportChecksum } from '../../src/wire/checksum.ts'
import { P_FAMILY, PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { decodeFrameOf } from '../support/decode-frame-of.ts'
import { median } from './whole-process.ts'

/** A step in the way of a packet, with all steps before it that it needs. */
interface Stage {
  readonly name: string
  /** The stage whose time is taken off, to tell what this one adds; null for none. */
  readonly after: string | null
  /** Returns the number of packets. */
  run(path: string): Promise<number>
}

interface StageResult {
  readonly name: string
  readonly after: string | null
  /** Nanoseconds a packet, with the stages before it, and without. */
  readonly total: number
  readonly own: number
}

const REPLAY: ReplayOptions = {
  mode: 'router',
  local: [],
  interfaces: [],
  sysctls: new Map(),
  checksum: 'auto',
  assume: new Map(),
}

/** @param rules files of rulesets, by how they are called */
export async function measureStages(
  path: string,
  rules: ReadonlyMap<string, string>,
  repeats: number,
): Promise<StageResult[]> {
  const stages: Stage[] = [
    { name: 'reading', after: null, run: (file) => overFrames(file, () => {}) },
    {
      name: 'decoding',
      after: 'reading',
      run: (file) =>
        overFrames(
          file,
          decoding(() => {}),
        ),
    },
    { name: 'checksums', after: 'decoding', run: (file) => overFrames(file, decoding(verifyTransportChecksum)) },
    { name: 'tracking', after: 'decoding', run: (file) => overFrames(file, tracking()) },
    ...[...rules].map(([name, ruleFile]): Stage => {
      const compiled = ruleWalk(ruleFile)
      return { name, after: 'decoding', run: (file) => overFrames(file, decoding(compiled)) }
    }),
    { name: 'replay', after: null, run: (file) => replayed(file, []) },
    {
      name: 'NDJSON',
      after: 'replay',
      run: (file) => replayed(file, [new NdjsonSink(new ByteOutput('/dev/null'), { files: [file] })]),
    },
  ]
  const times = new Map(stages.map(({ name }): [string, number[]] => [name, []]))
  for (let round = 0; round <= repeats; round++) {
    for (const { name, run } of stages) {
      const start = performance.now()
      const packets = await run(path)
      if (round > 0) times.get(name)?.push(((performance.now() - start) * 1e6) / packets)
    }
  }
  return stages.map(({ name, after }) => {
    const total = median(times.get(name) ?? [])
    return { name, after, total, own: total - (after === null ? 0 : median(times.get(after) ?? [])) }
  })
}

type FrameVisitor = (batch: FrameBatch, index: number) => void

async function overFrames(path: string, visit: FrameVisitor): Promise<number> {
  const reader = await openCapture([path])
  const batch = new FrameBatch()
  let packets = 0
  while (await reader.read(batch)) {
    for (let index = 0; index < batch.count; index++) visit(batch, index)
    packets += batch.count
  }
  reader.close()
  return packets
}

function decoding(visit: (bytes: Uint8Array, fields: Int32Array, base: number) => void): FrameVisitor {
  const fields = new Int32Array(PACKET_INTS)
  return (batch, index) => {
    decodeFrameOf(batch, index, fields, 0)
    if (fields[P_FAMILY] !== 0) visit(batch.bytes, fields, 0)
  }
}

function tracking(): FrameVisitor {
  const tracker = new Tracker(sysctlsWith(new Map()), 1)
  let frame = 0
  let nowNs = 0
  const decode = decoding((bytes, fields, base) => {
    tracker.current.tick(nowNs)
    if (tracker.track(bytes, fields, base, false, ++frame) === TRACKED) tracker.current.confirm()
  })
  let start = Number.NaN
  return (batch, index) => {
    if (Number.isNaN(start)) start = batch.seconds[index]
    nowNs = (batch.seconds[index] - start) * 1e9 + batch.info[index * FRAME_INTS + FRAME_NANOSECONDS]
    decode(batch, index)
  }
}

/** All packets of a known connection, forwarded. */
function ruleWalk(path: string): (bytes: Uint8Array, fields: Int32Array, base: number) => void {
  const environment = { interfaces: [''], addressType: () => -1, interfaceToward: () => -1 }
  const rules = compileRuleset(parseRuleset(readFileSync(path, 'latin1'), path, 'ipv4'), environment)
  const [table] = rules.tablesAt(HOOK_FORWARD)
  const { table: connections } = new Tracker(sysctlsWith(new Map()), 1).current
  const packet = new RulePacket(new ConnectionReader(connections))
  packet.hook = HOOK_FORWARD
  packet.state = STATE_ESTABLISHED
  return (bytes, fields, base) => {
    packet.bytes = bytes
    packet.fields = fields
    packet.base = base
    table.run(packet)
  }
}

async function replayed(path: string, sinks: readonly Sink[]): Promise<number> {
  const reader = await openCapture([path])
  const { frames } = await replay(reader, REPLAY, sinks)
  reader.close()
  return frames
}
