import { describe, expect, test } from 'vitest'
import { DEFRAG_COMPLETE, DEFRAG_DROPPED, DEFRAG_PASS, DEFRAG_QUEUED } from '../../src/defrag/defragmenter.ts'
import { verifyTransportChecksum } from '../../src/wire/checksum.ts'
import { hasSourceAlone, MAC_SOURCE, macOffset } from '../../src/wire/mac.ts'
import {
  CHECKSUM_GOOD,
  CHECKSUM_UNKNOWN,
  FRAGMENT_DONT,
  FRAGMENT_MORE,
  FRAGMENT_REASSEMBLED,
  P_L3_OFFSET,
} from '../../src/wire/packet-fields.ts'
import { cooked } from '../netfilter/cooked.ts'
import {
  be16,
  datagram,
  destinationOptions,
  ether,
  fragmentHeader,
  fragments,
  hopByHop,
  routing,
  udp,
  withHeaderChecksum,
} from '../support/packets.ts'
import { Bench } from './bench.ts'

const V4 = '10.0.0.1:1000>10.9.9.9:80'
const V6 = '[2001:db8::1]:1000>[2001:db8::9]:80'
const Q = DEFRAG_QUEUED
const D = DEFRAG_DROPPED
const C = DEFRAG_COMPLETE
const SECOND = 1e9

const v4 = (offset: number, length: number, more: boolean, id = 1): Uint8Array =>
  datagram(V4, 17, new Uint8Array(length), { offset, mf: more, id })
const v6 = (offset: number, length: number, more: boolean, id = 1, next = 17): Uint8Array =>
  datagram(V6, next, new Uint8Array(length), { extensions: [fragmentHeader(offset, more, id)] })

describe.each([
  ['IPv4', v4, udp(V4, { data: 100, id: 7 }), 44],
  ['IPv6', v6, udp(V6, { data: 100 }), 72],
])('%s fragments', (_family, piece, whole, mtu) => {
  test('in order, in reverse, out of order', () => {
    const [a, b, c, d, e] = fragments(whole, mtu)
    const bench = new Bench()
    expect(bench.addAll(a, b, c, d, e)).toEqual([Q, Q, Q, Q, C])
    expect(bench.addAll(e, d, c, b, a)).toEqual([Q, Q, Q, Q, C])
    expect(bench.addAll(c, a, e, b, d)).toEqual([Q, Q, Q, Q, C])
    expect(bench.row).toMatchObject({ note: null, protocol: 17, ports: '1000>80', fragment: FRAGMENT_REASSEMBLED })
    expect(verifyTransportChecksum(bench.defrag.bytes, bench.defrag.fields, 0)).toBe(CHECKSUM_GOOD)
    expect(bench.defrag.pending).toBe(0)
  })

  test('the frames that were part of the datagram are known', () => {
    const [a, b, c, d, e] = fragments(whole, mtu)
    const bench = new Bench()
    bench.addAll(a, a, c, b, d, e)
    expect(Array.from(bench.defrag.frames.subarray(0, bench.defrag.frameCount))).toEqual([1, 3, 4, 5, 6])
  })

  test('datagrams with other identifications do not mix', () => {
    const bench = new Bench()
    expect(bench.addAll(piece(0, 16, true, 1), piece(16, 8, false, 2))).toEqual([Q, Q])
    expect(bench.addAll(piece(0, 16, true, 2), piece(16, 8, false, 1))).toEqual([C, C])
  })

  test('a fragment within a run is a duplicate, harmless', () => {
    const bench = new Bench()
    expect(bench.addAll(piece(0, 16, true), piece(16, 16, true), piece(8, 16, true))).toEqual([Q, Q, D])
    expect(bench.addAll(piece(32, 8, false))).toEqual([C])
  })

  test('across two runs it is an overlap, and kills the datagram', () => {
    const bench = new Bench()
    // The second one came first, so the two do not make one run.
    expect(bench.addAll(piece(16, 16, true), piece(0, 16, true), piece(8, 16, true))).toEqual([Q, Q, D])
    expect(bench.addAll(piece(32, 8, false))).toEqual([Q])
  })

  test('an overlap beyond what has come kills the datagram', () => {
    const bench = new Bench()
    expect(bench.addAll(piece(0, 16, true), piece(8, 16, true), piece(16, 8, false))).toEqual([Q, D, Q])
  })

  test('a datagram that would be too long is thrown away', () => {
    const bench = new Bench()
    const pieces = Array.from({ length: 45 }, (_, i) => piece(i * 1456, 1456, true))
    expect(new Set(bench.addAll(...pieces))).toEqual(new Set([Q]))
    expect(bench.add(piece(65_520, 40, false))).toBe(D)
  })

  test('after completion a late duplicate begins a new datagram', () => {
    const bench = new Bench()
    expect(bench.addAll(piece(0, 16, true), piece(16, 8, false), piece(16, 8, false))).toEqual([Q, C, Q])
  })

  test('ECN: congestion met by one counts for all, mixed capability is refused', () => {
    const pieces = fragments(whole, mtu)
    const bench = new Bench()
    const withEcn = (packet: Uint8Array, codepoint: number) => {
      const marked = packet.slice()
      if (packet[0] >> 4 === 6) marked[1] |= codepoint << 4
      else marked[1] |= codepoint
      return packet[0] >> 4 === 6 ? marked : withHeaderChecksum(marked)
    }
    bench.addAll(...pieces.map((packet, index) => withEcn(packet, index === 2 ? 3 : 2)))
    expect(bench.row.tos).toBe(3)
    bench.addAll(...pieces.map((packet, index) => withEcn(packet, index === 0 ? 1 : 2)))
    expect(bench.row.tos).toBe(1)
    expect(bench.addAll(...pieces.map((packet, index) => withEcn(packet, index === 2 ? 3 : 0)))).toEqual([
      Q,
      Q,
      Q,
      Q,
      D,
    ])
  })

  test('payload cut by the snap length: the datagram completes, known up to the first hole', () => {
    const pieces = fragments(whole, mtu)
    const bench = new Bench()
    const wireLength = pieces[2].length
    const results = pieces.map((packet, index) =>
      index === 2 ? bench.add(packet.subarray(0, wireLength - 3), { wireLength }) : bench.add(packet),
    )
    expect(results).toEqual([Q, Q, Q, Q, C])
    expect(bench.row.l3Length).toBe(whole.length)
    // Three pieces of 24 bytes, the last of them without its three last bytes.
    expect(bench.row.l3Captured).toBe(whole.length - 108 + 3 * 24 - 3)
    expect(verifyTransportChecksum(bench.defrag.bytes, bench.defrag.fields, 0)).toBe(CHECKSUM_UNKNOWN)
  })

  test('link fields are those of the completing frame', () => {
    const pieces = fragments(whole, mtu).map((packet, index) =>
      ether(packet, { vlan: [index + 1], source: `02:00:00:00:00:0${index}` }),
    )
    const bench = new Bench()
    for (const frame of pieces) bench.add(frame, { linkType: 1 })
    expect(bench.row.vlan).toBe(5)
    expect(bench.datagram).toEqual(whole)
    expect(bench.defrag.bytes[bench.row.mac + 11]).toBe(4)
  })

  test('the sender of the completing frame is known in a cooked capture', () => {
    const bench = new Bench()
    for (const packet of fragments(whole, mtu)) bench.add(cooked(0, packet).bytes, { linkType: 113 })
    const { bytes, fields } = bench.defrag
    expect(hasSourceAlone(fields, 0)).toBe(true)
    expect([...bytes.subarray(macOffset(fields, 0) + MAC_SOURCE).subarray(0, 6)]).toEqual([2, 0, 0, 0, 0, 1])
  })
})

describe('IPv4', () => {
  test('the header is that of the first fragment', () => {
    const [a, b] = fragments(udp(V4, { data: 24, ttl: 10, tos: 4, ipOptions: [1, 1, 1, 1], id: 9 }), 48)
    b[8] = 20
    b[1] = 8
    const bench = new Bench()
    expect(bench.addAll(withHeaderChecksum(b), a)).toEqual([Q, C])
    expect(bench.row).toMatchObject({
      ttl: 10,
      tos: 4,
      ipId: 9,
      note: null,
      l3Length: 56,
      l4Offset: bench.defrag.fields[P_L3_OFFSET] + 24,
    })
  })

  test('DF stays if the largest fragment had it', () => {
    const whole = udp(V4, { data: 24, id: 9 })
    const run = (...df: boolean[]) => {
      const bench = new Bench()
      const pieces = fragments(whole, 44).map((packet, index) => {
        if (df[index]) packet[6] |= 0x40
        return withHeaderChecksum(packet)
      })
      bench.addAll(...pieces)
      return bench.row.fragment
    }
    expect(run(false, false)).toBe(FRAGMENT_REASSEMBLED)
    expect(run(true, false)).toBe(FRAGMENT_REASSEMBLED | FRAGMENT_DONT)
    expect(run(false, true)).toBe(FRAGMENT_REASSEMBLED)
  })

  test('other protocols under the same identification do not mix', () => {
    const bench = new Bench()
    const other = datagram(V4, 6, new Uint8Array(8), { offset: 16, id: 1 })
    expect(bench.addAll(v4(0, 16, true), other, v4(16, 8, false))).toEqual([Q, Q, C])
  })

  test('a length that is not a multiple of eight is cut down, unless it is the last', () => {
    const bench = new Bench()
    expect(bench.addAll(v4(0, 21, true), v4(16, 3, false))).toEqual([Q, C])
    expect(bench.row.l4Length).toBe(19)
  })

  test.each([
    ['without payload', [v4(0, 16, true), v4(16, 0, true), v4(16, 8, false)]],
    ['shorter than eight bytes and not the last', [v4(0, 16, true), v4(16, 7, true), v4(16, 8, false)]],
    ['another last one', [v4(16, 8, false), v4(24, 8, false), v4(0, 16, true)]],
    ['beyond the last one', [v4(16, 8, false), v4(24, 8, true), v4(0, 16, true)]],
    ['a last one that ends too early', [v4(16, 16, true), v4(8, 8, false), v4(0, 16, true)]],
  ])('a fragment %s kills the datagram', (_name, pieces) => {
    expect(new Bench().addAll(...pieces)).toEqual([Q, D, Q])
  })

  test('30 seconds after the first fragment it is too late', () => {
    const bench = new Bench()
    bench.add(v4(0, 16, true))
    bench.now = 20 * SECOND
    bench.add(v4(16, 8, true))
    bench.now = 30 * SECOND
    expect(bench.add(v4(24, 8, false))).toBe(Q)
    expect(bench.defrag.pending).toBe(1)
  })

  test('just before that it is not', () => {
    const bench = new Bench()
    bench.add(v4(0, 16, true))
    bench.now = 30 * SECOND - 1
    expect(bench.add(v4(16, 8, false))).toBe(C)
  })

  test('ipfrag_max_dist: after 64 other fragments of the source the datagram begins anew', () => {
    const others = (count: number) => Array.from({ length: count }, (_, i) => v4(0, 8, true, 1000 + i))
    const near = new Bench()
    near.addAll(v4(0, 16, true), ...others(63))
    expect(near.add(v4(16, 8, false))).toBe(C)
    const far = new Bench()
    far.addAll(v4(0, 16, true), ...others(64))
    expect(far.add(v4(16, 8, false))).toBe(Q)
    expect(far.add(v4(0, 16, true))).toBe(C)
    const without = new Bench({ 'net.ipv4.ipfrag_max_dist': 0 })
    without.addAll(v4(0, 16, true), ...others(64))
    expect(without.add(v4(16, 8, false))).toBe(C)
  })

  test('beyond ipfrag_high_thresh fragments of known datagrams are refused, too', () => {
    const bench = new Bench({ 'net.ipv4.ipfrag_high_thresh': 2000 })
    expect(bench.addAll(v4(0, 8, true, 1), v4(0, 8, true, 2))).toEqual([Q, Q])
    expect(bench.addAll(v4(8, 8, false, 1), v4(0, 8, true, 3))).toEqual([D, D])
    bench.now = 30 * SECOND
    expect(bench.addAll(v4(0, 8, true, 1), v4(8, 8, false, 1))).toEqual([Q, C])
  })
})

describe('IPv6', () => {
  test('headers in front of the fragment header stay, the fragment header goes', () => {
    const whole = udp(V6, { data: 100, extensions: [hopByHop(5, 2, 0, 0), routing(), destinationOptions()] })
    const bench = new Bench()
    bench.addAll(...fragments(whole, 120))
    expect(bench.datagram).toEqual(whole)
  })

  test('an atomic fragment is whole at once', () => {
    const bench = new Bench()
    expect(bench.add(udp(V6, { extensions: [fragmentHeader(0, false, 5)] }))).toBe(C)
    expect(bench.datagram).toEqual(udp(V6))
  })

  test('an atomic fragment that contradicts a waiting datagram is thrown away, and the datagram goes on', () => {
    const bench = new Bench()
    expect(bench.addAll(v6(0, 16, true), v6(0, 8, false), v6(16, 8, false))).toEqual([Q, D, C])
  })

  test('other next headers under the same identification do mix: only the first one counts', () => {
    const bench = new Bench()
    expect(bench.addAll(v6(0, 16, true), v6(16, 8, false, 1, 6))).toEqual([Q, C])
    expect(bench.row.protocol).toBe(17)
  })

  test.each([
    ['without payload', [v6(0, 16, true), v6(16, 0, true), v6(16, 8, false)]],
    ['another last one', [v6(16, 8, false), v6(24, 8, false), v6(0, 16, true)]],
    ['beyond the last one', [v6(16, 8, false), v6(24, 8, true), v6(0, 16, true)]],
  ])('a fragment %s is thrown away, and the datagram goes on', (_name, pieces) => {
    expect(new Bench().addAll(...pieces)).toEqual([Q, D, C])
  })

  test('a length that is not a multiple of eight kills the datagram, and the fragment goes on alone', () => {
    const bench = new Bench()
    expect(bench.addAll(v6(0, 16, true), v6(16, 7, true), v6(16, 8, false))).toEqual([Q, DEFRAG_PASS, Q])
  })

  test('a first fragment without the whole transport header goes on alone', () => {
    const bench = new Bench()
    expect(bench.addAll(v6(0, 16, true, 1, 6), v6(0, 7, false), v6(0, 0, true))).toEqual(Array(3).fill(DEFRAG_PASS))
    expect(bench.addAll(v6(0, 24, true, 2, 6), v6(0, 8, true, 3, 99))).toEqual([Q, Q])
  })

  test('half a fragment header is thrown away', () => {
    expect(new Bench().add(datagram(V6, 44, [17, 0, ...be16(0)]))).toBe(D)
  })

  test('60 seconds', () => {
    const bench = new Bench()
    bench.add(v6(0, 16, true, 1))
    bench.now = 10 * SECOND
    bench.add(v6(0, 16, true, 2))
    bench.now = 60 * SECOND
    expect(bench.addAll(v6(16, 8, false, 1), v6(16, 8, false, 2))).toEqual([Q, C])
  })

  test('link-local datagrams of several interfaces do not mix, others do', () => {
    const local = (offset: number, more: boolean, to: string) =>
      datagram(`fe80::1>${to}`, 17, new Uint8Array(8), { extensions: [fragmentHeader(offset, more, 1)] })
    const bench = new Bench()
    const both = (to: string) => [bench.add(local(0, true, to), {}, 1), bench.add(local(8, false, to), {}, 2)]
    expect(both('fe80::2')).toEqual([Q, Q])
    expect(both('ff02::2')).toEqual([Q, Q])
    expect(both('2001:db8::2')).toEqual([Q, C])
  })

  test('a fragment header within a fragmented datagram stays', () => {
    const bench = new Bench()
    const inner = udp(V6, { extensions: [fragmentHeader(0, false, 1), fragmentHeader(0, true, 2)] })
    expect(bench.add(inner)).toBe(C)
    expect(bench.row.fragment & FRAGMENT_MORE).toBe(FRAGMENT_MORE)
  })
})
