import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/netfilter/outcome.ts'
import { ByteOutput } from '../../src/report/byte-output.ts'
import { PACKET_COLUMNS } from '../../src/report/packet-columns.ts'
import { ParquetSink } from '../../src/report/parquet.ts'
import { NOTE_NOT_IP } from '../../src/wire/packet-fields.ts'
import { temporaryFolder } from '../support/files.ts'
import { anyOutcome, packetRecord } from './any-outcome.ts'
import { outcome, rule } from './outcomes.ts'

const folder = temporaryFolder()

let files = 0

interface Asked {
  captures?: readonly string[]
  rowsOfGroup?: number
}

async function written(outcomes: Iterable<Outcome>, asked: Asked = {}): Promise<ArrayBuffer> {
  const path = join(folder, `${files++}.parquet`)
  const { captures = ['a.pcap'], ...options } = asked
  const sink = new ParquetSink(new ByteOutput(path), { files: captures, ...options })
  for (const one of outcomes) {
    sink.packet(one)
    await sink.drain()
  }
  await sink.end()
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

/** Rows as an independent reader finds them: whole numbers, time in nanoseconds since the epoch. */
function rowsOf(file: ArrayBuffer): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file, parsers: { timestampFromNanoseconds: (value) => value } })
}

const LONG = new Set(PACKET_COLUMNS.filter(({ type }) => type === 'int64').map(({ name }) => name))

/** What the reader should find. */
function reference(o: Outcome, captures: readonly string[]): Record<string, unknown> {
  const record = packetRecord(o, captures)
  const nanoseconds = BigInt(o.epochSeconds) * 1_000_000_000n + BigInt(o.nanoseconds)
  const time = o.digits !== -1 && nanoseconds < 1n << 63n && nanoseconds >= -(1n << 63n) ? nanoseconds : null
  const cells = Object.entries(record).map(([name, value]) => {
    if (Array.isArray(value)) return [name, value.join(' ')]
    return [name, LONG.has(name) && typeof value === 'number' ? BigInt(value) : value]
  })
  return { ...Object.fromEntries(cells), time }
}

describe('Parquet', () => {
  it('has typed columns', async () => {
    const accepted = outcome(
      { src: '10.0.0.1', dst: '2001:db8::1', sport: 40000, dport: 80 },
      { state: 1, direction: 0, hook: 2, verdict: 1, rule: rule(), connectionNumber: 7 },
    )
    const { schema, num_rows } = parquetMetadata(await written([accepted, outcome(null, { note: NOTE_NOT_IP })]))
    expect(num_rows).toBe(2n)
    expect(schema.slice(1).map(({ name }) => name)).toEqual(PACKET_COLUMNS.map(({ name }) => name))
    expect(schema[1]).toMatchObject({ name: 'frame', type: 'INT64', repetition_type: 'REQUIRED' })
    expect(schema[2].logical_type).toEqual({ type: 'TIMESTAMP', isAdjustedToUTC: false, unit: 'NANOS' })
    expect(schema[3]).toMatchObject({ name: 'src', type: 'BYTE_ARRAY', converted_type: 'UTF8' })
    expect(schema[6]).toMatchObject({ name: 'sport', type: 'INT32', repetition_type: 'OPTIONAL' })
  })

  it('is whole without any frame', async () => {
    expect(await rowsOf(await written([]))).toEqual([])
  })

  it('keeps row groups to their size, each readable by itself', async () => {
    const one = outcome({ src: '10.0.0.1', dst: '10.0.0.2' })
    const frames = (function* () {
      for (let frame = 1; frame <= 2500; frame++) {
        one.frame = frame
        one.fields[12] = frame * 0x01000193
        yield one
      }
    })()
    const file = await written(frames, { rowsOfGroup: 1000 })
    expect(parquetMetadata(file).row_groups.map((group) => Number(group.num_rows))).toEqual([1000, 1000, 500])
    const rows = await rowsOf(file)
    expect(rows.map(({ frame }) => Number(frame))).toEqual(Array.from({ length: 2500 }, (_, i) => i + 1))
    expect(new Set(rows.map(({ src }) => src)).size).toBe(2500)
    const part = await parquetReadObjects({ file, rowStart: 1999, rowEnd: 2001, columns: ['frame', 'dst'] })
    expect(part).toEqual([2000n, 2001n].map((frame) => ({ frame, dst: '10.0.0.2' })))
  })

  it('gives instants before 1970, and none beyond what 64 bits of nanoseconds hold', async () => {
    const at = (epochSeconds: number, nanoseconds: number): Outcome => outcome(null, { epochSeconds, nanoseconds })
    const times = [at(-2, 250_000_000), at(-1, 999_999_999), at(9_223_372_035, 999_999_999), at(9_223_372_037, 0)]
    const rows = await rowsOf(await written(times))
    expect(rows.map(({ time }) => time)).toEqual([-1_750_000_000n, -1n, 9_223_372_035_999_999_999n, null])
  })

  it('is the same for the same frames', async () => {
    const frames = fc.sample(anyOutcome, { numRuns: 50, seed: 7 })
    expect(new Uint8Array(await written(frames))).toEqual(new Uint8Array(await written(frames)))
  })

  it('gives back every cell, whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyOutcome, { maxLength: 40 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        async (outcomes, several, rowsOfGroup) => {
          const captures = several ? ['a.pcap', 'dir/b "2".pcapng'] : ['a.pcap']
          const rows = await rowsOf(await written(outcomes, { captures, rowsOfGroup }))
          expect(rows).toEqual(outcomes.map((o) => reference(o, captures)))
        },
      ),
      { numRuns: 120 },
    )
  })
})
