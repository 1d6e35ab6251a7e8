import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sink } from '../../src/netfilter/outcome.ts'
import { replay } from '../../src/netfilter/replay.ts'
import type { PacketSource } from '../../src/pipeline/packet-source.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { PACKET_OUTPUTS, packetSink } from '../../src/report/packet-sinks.ts'
import { RecordReader } from '../../src/report/threaded/record-reader.ts'
import { RecordRing } from '../../src/report/threaded/record-ring.ts'
import { type RecordWord, RecordWriter } from '../../src/report/threaded/record-writer.ts'
import { batchesOf, settingsOf } from '../netfilter/shards/sharing.ts'
import { temporaryFolder } from '../support/files.ts'
import type { CaptureFrame } from '../support/pcap.ts'
import { mess, rules, talks } from './traffic-and-rules.ts'

const folder = temporaryFolder()

const paths = PACKET_OUTPUTS.map((kind) => join(folder, kind))
/** Batches whose records go together. */
const FLUSHED_AT_ONCE = 3

function sinks(files: readonly string[], blocks: boolean): Sink[] {
  return PACKET_OUTPUTS.map((kind, at) => packetSink(kind, new ByteOutput(paths[at], blocks), files))
}

/** What a thread that replays and one that writes do, one after the other. */
function byRecords(files: readonly string[]): Sink[] {
  const ring = new RecordRing()
  const words: RecordWord[] = []
  const writer = new RecordWriter(ring, (word) => words.push(structuredClone(word)))
  const written = sinks(files, true)
  let batches = 0
  const readAll = async (): Promise<void> => {
    writer.flush(false)
    ring.end()
    const reader = new RecordReader(ring, written, () => words.shift() as RecordWord)
    for (let block = ring.take(); block >= 0; block = ring.take()) {
      reader.read(block, ring.length)
      ring.free()
      for (const sink of written) await sink.drain?.()
    }
    for (const sink of written) await sink.end?.()
    expect(words).toEqual([])
  }
  return [
    {
      passed: writer.passed,
      packet: (outcome) => writer.packet(outcome),
      drain: () => writer.flush(++batches % FLUSHED_AT_ONCE === 0),
      end: readAll,
    },
  ]
}

function sourceOf(frames: readonly CaptureFrame[]): PacketSource {
  const batches = batchesOf(frames)
  return {
    next: () => batches.shift() ?? null,
    wantsChecksums: false,
    problems: [],
    bytesRead: 0,
    bytesTotal: null,
    files: [],
    close: () => {},
  }
}

async function bytes(frames: readonly CaptureFrame[], rules: string, to: readonly Sink[]): Promise<string[]> {
  const rules6 = rules.replaceAll('10.0.0.0/24', '2001:db8::/64')
  const settings = settingsOf({ rules, rules6 })
  await replay(sourceOf(frames), { ...settings, mode: 'router', local: [] }, to)
  return paths.map((path) => readFileSync(path, 'latin1'))
}

test('outputs are the same bytes, whichever thread writes them', async () => {
  const names = fc.constantFrom(['one.pcap'], ['one.pcap', 'two.pcap'])
  await fc.assert(
    fc.asyncProperty(rules, fc.oneof(talks, mess), names, async (text, frames, files) => {
      const alone = await bytes(frames, text, sinks(files, false))
      expect(alone[0].split('\n')).toHaveLength(frames.length + 1)
      expect(await bytes(frames, text, byRecords(files))).toEqual(alone)
    }),
    { numRuns: 60 },
  )
})
