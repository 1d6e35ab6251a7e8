import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CaptureError } from '../../src/capture/frame-reader.ts'
import {
  block,
  bytes,
  interfaceBlock,
  option,
  packetBlock,
  payload,
  pcapFile,
  readBytes,
  sectionHeader,
  u32,
} from '../support/captures.ts'

const frame = fc.record({
  seconds: fc.nat({ max: 0xffffffff }),
  fraction: fc.oneof(fc.nat({ max: 999_999 }), fc.nat({ max: 0xffffffff })),
  data: fc.oneof({ weight: 9, arbitrary: fc.uint8Array({ maxLength: 90 }) }, fc.constant(payload(70_000))),
  wireLength: fc.oneof(fc.nat({ max: 1600 }), fc.nat({ max: 0xffffffff })),
})

const pcap = fc
  .tuple(
    fc.array(frame, { maxLength: 60 }),
    fc.boolean(),
    fc.constantFrom(0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34),
    fc.constantFrom(1, 113, 101, 0xf4000001),
  )
  .map(([frames, littleEndian, magic, linkType]) => pcapFile(frames, { littleEndian, magic, linkType }))

const pcapngBlock = fc.oneof(
  { weight: 6, arbitrary: frame.map(({ seconds, data }) => packetBlock({ time: BigInt(seconds) << 20n, data })) },
  frame.map(({ data }) => packetBlock({ interface: 1, time: 1n, data, options: bytes(option(2, u32(1)), u32(0)) })),
  frame.map(({ data }) => block(3, bytes(u32(data.length), data, new Uint8Array(-data.length & 3)))),
  fc.constantFrom(sectionHeader(), interfaceBlock({ linkType: 113, options: option(9, Uint8Array.of(9)) })),
  fc.constantFrom(block(4, payload(20)), block(0xbad, payload(24)), block(77, payload(600_000))),
)

const pcapng = fc
  .array(pcapngBlock, { maxLength: 40 })
  .map((blocks) => bytes(sectionHeader(), interfaceBlock(), interfaceBlock({ linkType: 113 }), ...blocks))

const capture = fc.oneof(pcap, pcapng)
const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300_000 })), {
  minLength: 1,
  maxLength: 8,
})

/** One change to a file, at a place given as a share of its length. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), place: fc.double({ min: 0, max: 1, noNaN: true }), bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), place: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    data: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
)

function mutated(content: Uint8Array, change: typeof mutation extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const at = Math.floor(change.place * (content.length - 1))
  if (change.kind === 'cut') return content.subarray(0, at)
  if (change.kind === 'insert') return bytes(content.subarray(0, at), change.data, content.subarray(at))
  const flipped = content.slice()
  flipped[at] ^= 1 << change.bit
  return flipped
}

describe('reading', () => {
  it('does not depend on how the bytes come or how large the batches are', async () => {
    await fc.assert(
      fc.asyncProperty(capture, sizes, fc.integer({ min: 2, max: 50 }), async (content, cuts, capacity) => {
        const whole = await readBytes(content)
        // A byte at a time through many kilobytes would take long and show nothing more.
        const pieces = content.length > 100_000 ? cuts.map((size) => size + 5000) : cuts
        expect(await readBytes(content, { sizes: pieces, capacity })).toEqual(whole)
      }),
      { numRuns: 120 },
    )
  })

  it('does not depend on compression', async () => {
    await fc.assert(
      fc.asyncProperty(capture, async (content) => {
        const whole = await readBytes(content)
        const compressed = await readBytes(gzipSync(content, { level: 1 }))
        expect(compressed).toEqual({ ...whole, format: `${whole.format}, gzip` })
      }),
      { numRuns: 40 },
    )
  })

  it('gives the same frames with pcap-parser', async () => {
    const plain = fc
      .tuple(fc.array(frame, { maxLength: 60 }), fc.boolean(), fc.nat({ max: 30 }))
      .map(([frames, littleEndian, cut]) => {
        const content = pcapFile(frames, { littleEndian })
        return content.subarray(0, Math.max(24, content.length - cut))
      })
    await fc.assert(
      fc.asyncProperty(plain, fc.integer({ min: 2, max: 50 }), async (content, capacity) => {
        const native = await readBytes(content)
        const other = await readBytes(content, { reader: 'pcap-parser', capacity })
        expect(other.frames).toEqual(native.frames)
        expect(other.problems).toEqual(native.problems)
      }),
      { numRuns: 100 },
    )
  })

  it('survives any damage, and says where it is', async () => {
    const wrapped = fc.tuple(capture, fc.boolean()).map(([content, zip]) => (zip ? gzipSync(content) : content))
    await fc.assert(
      fc.asyncProperty(wrapped, fc.array(mutation, { minLength: 1, maxLength: 4 }), async (content, changes) => {
        const damaged = changes.reduce(mutated, new Uint8Array(content))
        try {
          const { frames, problems } = await readBytes(damaged)
          for (const problem of problems) {
            expect(problem.byteOffset).toBeGreaterThanOrEqual(0)
            expect(problem.afterFrame).toBeLessThanOrEqual(frames.length)
          }
          expect(problems.slice(0, -1).every((problem) => !problem.fatal || problem.message !== '')).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(CaptureError)
        }
      }),
      { numRuns: 300 },
    )
  })
})
