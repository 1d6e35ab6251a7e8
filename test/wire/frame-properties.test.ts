import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifyTransportChecksum } from '../../src/wire/checksum.ts'
import { decodeDatagram, decodeFrame } from '../../src/wire/frame.ts'
import * as P from '../../src/wire/packet-fields.ts'
import {
  auth,
  be32,
  concat,
  destinationOptions,
  ether,
  fragmentHeader,
  hopByHop,
  icmpv6,
  mss,
  nop,
  routing,
  sack,
  sctp,
  tcp,
  udp,
  udpLite,
  wscale,
} from '../support/packets.ts'

const LINK_TYPES = [0, 1, 9, 12, 14, 50, 51, 101, 104, 105, 108, 113, 166, 228, 229, 239, 276]
const PATH4 = '10.0.0.1:1000>10.9.9.9:80'
const PATH6 = '[2001:db8::1]:1000>[2001:db8::9]:80'

/** Frames from which mutations start, with their link types. */
const SEEDS: [number, Uint8Array][] = [
  [101, tcp(PATH4, 'SA', { options: [mss(1460), nop(), wscale(7), nop(), nop(), sack(1, 2, 3, 4)], data: 30 })],
  [1, ether(udp(PATH4, { data: 20, ipOptions: [7, 7, 4, 0, 0, 0, 0] }), { vlan: [5, 6], padding: 7 })],
  [1, ether(udp(PATH4, { data: 20, mf: true, offset: 16 }))],
  [101, tcp(PATH6, 'S', { extensions: [hopByHop(5, 2, 0, 0), destinationOptions(), routing(), auth()] })],
  [101, udpLite(PATH6, { extensions: [fragmentHeader(0, true, 9)], data: 24, coverage: 12 })],
  [101, icmpv6(PATH6, 128, 0, { data: 40, extensions: [hopByHop(0xc2, 4, 0, 1, 0, 0)] })],
  [101, sctp(PATH4, [Uint8Array.of(4, 0, 0, 4)])],
  [1, ether(concat([0x11, 0, 0, 1, 0, 31, 0, 0x21], udp(PATH4)), { type: 0x8864 })],
  [1, ether(concat(be32(0x10040, 0x20140), udp(PATH6)), { type: 0x8847 })],
  [1, ether(concat([0xaa, 0xaa, 3, 0, 0, 0, 8, 0], udp(PATH4)), { type: 37 })],
  [113, concat([0, 4, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0], udp(PATH4))],
  [276, concat([0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6], new Uint8Array(8), udp(PATH6))],
  [239, concat([2, 0, 0, 5, 8, 0, 1, 0, 8, 0, 3, 0, 33, 0, 9, 0], udp(PATH4))],
  [9, concat([0xff, 3, 0, 0x21], udp(PATH4))],
  [0, concat([2, 0, 0, 0], udp(PATH4))],
]

const randomFrame = fc.record({
  linkType: fc.constantFrom(...LINK_TYPES),
  frame: fc.uint8Array({ maxLength: 120 }),
  extra: fc.nat(40),
})

const mutatedFrame = fc
  .record({
    seed: fc.nat(SEEDS.length - 1),
    changes: fc.array(fc.tuple(fc.nat(150), fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0xff))), { maxLength: 4 }),
    cut: fc.oneof(fc.constant(1000), fc.nat(150)),
    extra: fc.nat(40),
  })
  .map(({ seed, changes, cut, extra }) => {
    const [linkType, original] = SEEDS[seed]
    const frame = original.slice()
    for (const [place, value] of changes) if (place < frame.length) frame[place] = value
    return { linkType, frame: frame.subarray(0, cut), extra }
  })

/** Decodes with garbage around the frame and in the row; -1 where nothing is promised. */
function decodeIn(surroundings: number, stale: number, frame: Uint8Array, extra: number, linkType: number): number[] {
  const bytes = new Uint8Array(frame.length + 130).fill(surroundings)
  bytes.set(frame, 65)
  const fields = new Int32Array(3 * P.PACKET_INTS).fill(stale)
  const base = P.PACKET_INTS
  decodeFrame(bytes, 65, frame.length, frame.length + extra, linkType, fields, base)
  const row = fields.subarray(base, base + P.PACKET_INTS)
  if (row[P.P_FAMILY] !== P.IP_NONE && (row[P.P_FRAGMENT] & P.FRAGMENT_PIECE) === 0) {
    verifyTransportChecksum(bytes, fields, base)
  }
  expect(new Set(fields.subarray(0, base))).toEqual(new Set([stale]))
  expect(new Set(fields.subarray(base + P.PACKET_INTS))).toEqual(new Set([stale]))
  const plain = Array.from(row)
  if ((row[P.P_FAMILY] || row[P.P_REFUSED_FAMILY]) === P.IP_V4)
    for (const word of [1, 2, 3]) plain[P.P_SRC + word] = plain[P.P_DST + word] = -1
  return plain
}

function checkRow(row: number[], frame: Uint8Array): void {
  const family = row[P.P_FAMILY]
  expect([P.IP_NONE, P.IP_V4, P.IP_V6]).toContain(family)
  const note = P.NOTE_NAMES[row[P.P_NOTE]]
  if (family === P.IP_NONE) {
    expect(['not-ip', 'link-type', 'malformed', 'cut']).toContain(note)
    if (note === 'not-ip' || note === 'link-type') expect(row[P.P_REFUSED_FAMILY]).toBe(P.IP_NONE)
    return
  }
  expect([null, 'ip-checksum', 'loopback-only']).toContain(note)
  const l3 = row[P.P_L3_OFFSET]
  expect(l3).toBeGreaterThanOrEqual(65)
  expect(l3 + row[P.P_L3_CAPTURED]).toBeLessThanOrEqual(65 + frame.length)
  expect(row[P.P_L3_CAPTURED]).toBeLessThanOrEqual(row[P.P_L3_LENGTH])
  expect(row[P.P_L3_CAPTURED]).toBeGreaterThanOrEqual(family === P.IP_V4 ? 20 : 40)
  expect(row[P.P_L4_LENGTH]).toBe(Math.max(0, l3 + row[P.P_L3_LENGTH] - row[P.P_L4_OFFSET]))
}

describe('any bytes', () => {
  test.each([
    ['random', randomFrame],
    ['mutated', mutatedFrame],
  ])('%s: nothing is thrown, nothing outside is read, the row is wholly defined', (_name, frames) => {
    fc.assert(
      fc.property(frames, ({ linkType, frame, extra }) => {
        const row = decodeIn(0x00, 0x5a5a5a5a, frame, extra, linkType)
        checkRow(row, frame)
        expect(decodeIn(0xff, -2, frame, extra, linkType)).toEqual(row)
        expect(decodeIn(0x45, 7, frame, extra, linkType)).toEqual(row)
      }),
      { numRuns: 3000 },
    )
  })

  test('decodeDatagram agrees with a raw frame, and leaves the link fields alone', () => {
    fc.assert(
      fc.property(mutatedFrame, ({ frame, linkType }) => {
        if (linkType !== 101) return
        const row = new Int32Array(P.PACKET_INTS)
        const again = new Int32Array(P.PACKET_INTS)
        again[P.P_VLAN] = 77
        decodeFrame(frame, 0, frame.length, frame.length + 70_000, 101, row, 0)
        decodeDatagram(frame, 0, frame.length, again, 0)
        expect(again[P.P_VLAN]).toBe(77)
        if (row[P.P_FAMILY] === P.IP_NONE || row[P.P_L3_LENGTH] > 0xffff) return
        again.set(row.subarray(P.P_LINK, P.P_VLAN + 1), P.P_LINK)
        expect(again).toEqual(row)
      }),
    )
  })
})
