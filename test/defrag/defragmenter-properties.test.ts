import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SYSCTL_DEFAULTS } from '../../src/conntrack/sysctls.ts'
import { DEFRAG_COMPLETE, DEFRAG_DROPPED, DEFRAG_PASS, Defragmenter } from '../../src/defrag/defragmenter.ts'
import {
  FRAGMENT_DEFRAG,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_NOTE,
} from '../../src/wire/packet-fields.ts'
import { datagram, destinationOptions, fragmentHeader, fragments, routing, udp } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'

const wholeDatagram = fc
  .record({
    v6: fc.boolean(),
    length: fc.integer({ min: 8, max: 3000 }),
    steps: fc.integer({ min: 1, max: 60 }),
    headers: fc.nat(2),
  })
  .map(({ v6, length, steps, headers }) => {
    const extensions = [routing(), destinationOptions()].slice(0, headers)
    const whole = v6
      ? udp('[2001:db8::1]:1000>[2001:db8::9]:80', { data: length, extensions })
      : udp('10.0.0.1:1000>10.9.9.9:80', { data: length, id: 7, ipOptions: headers > 0 ? [1, 1, 1, 1] : [] })
    // At least the transport header has to fit into the first fragment.
    return { whole, pieces: fragments(whole, (v6 ? 72 : 24) + 8 * steps) }
  })

describe('fragments of a datagram', () => {
  test('come together to the same bytes, in any order', () => {
    fc.assert(
      fc.property(
        wholeDatagram.chain(({ whole, pieces }) =>
          fc.record({
            whole: fc.constant(whole),
            order: fc.shuffledSubarray(pieces, { minLength: pieces.length }),
            repeats: fc.array(fc.nat(pieces.length - 1), { maxLength: 4 }),
          }),
        ),
        ({ whole, order, repeats }) => {
          const defrag = new Defragmenter(SYSCTL_DEFAULTS)
          // Repeated before the datagram is whole, a fragment changes nothing.
          const last = order[order.length - 1]
          const early = order.slice(0, -1)
          const sent = [...early, ...repeats.filter((index) => index < early.length).map((index) => early[index]), last]
          const results = sent.map((packet, index) => {
            const fields = decodeToFields(packet)
            if ((fields[P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) return DEFRAG_COMPLETE
            return defrag.add(packet, fields, 0, index, index + 1)
          })
          expect(results.indexOf(DEFRAG_COMPLETE)).toBe(sent.length - 1)
          // It was sent in one piece, which is no fragment.
          if (sent.length === 1 && defrag.frameCount === 0) return
          const { bytes, fields } = defrag
          expect(fields[P_NOTE]).toBe(0)
          const at = fields[P_L3_OFFSET]
          expect(Buffer.from(bytes.subarray(at, at + fields[P_L3_LENGTH]))).toEqual(Buffer.from(whole))
          expect(defrag.pending).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })
})

const anyFragment = fc
  .record({
    v6: fc.boolean(),
    id: fc.nat(2),
    offset: fc.oneof(fc.nat(12), fc.constantFrom(8000, 8190, 8191)),
    more: fc.boolean(),
    length: fc.oneof(fc.constantFrom(0, 8, 16, 24), fc.nat(40), fc.constant(3000)),
    cut: fc.oneof(fc.constant(0), fc.nat(30)),
    wait: fc.oneof(fc.constant(0), fc.nat(20)),
  })
  .map(({ v6, id, offset, more, length, cut, wait }) => {
    const payload = new Uint8Array(length).fill(length)
    const packet = v6
      ? datagram('2001:db8::1>2001:db8::9', 17, payload, { extensions: [fragmentHeader(offset * 8, more, id)] })
      : datagram('10.0.0.1>10.9.9.9', 17, payload, { offset: offset * 8, mf: more, id })
    return { packet, captured: Math.max(0, packet.length - cut), wait }
  })

describe('any fragments', () => {
  test('are survived, within the memory limits', () => {
    fc.assert(
      fc.property(fc.array(anyFragment, { minLength: 20, maxLength: 200 }), (steps) => {
        const limit = 40_000
        const limits = { 'net.ipv4.ipfrag_high_thresh': limit, nf_conntrack_frag6_high_thresh: limit }
        const defrag = new Defragmenter({ ...SYSCTL_DEFAULTS, ...limits })
        let now = 0
        steps.forEach(({ packet, captured, wait }, index) => {
          now += wait * 1e9
          const fields = decodeToFields(packet, { captured })
          if (fields[P_FAMILY] === 0 || (fields[P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) return
          const result = defrag.add(packet, fields, 0, now, index + 1)
          expect(result).toBeGreaterThanOrEqual(0)
          expect(result).toBeLessThanOrEqual(DEFRAG_PASS)
        })
        expect(defrag.storeBytes).toBeLessThanOrEqual(4 * limit)
        expect(defrag.pending).toBeLessThanOrEqual(6)
      }),
      { numRuns: 200 },
    )
  })

  test('a flood of first fragments stays within the limit', () => {
    const defrag = new Defragmenter(SYSCTL_DEFAULTS)
    let dropped = 0
    for (let id = 0; id < 20_000; id++) {
      const packet = datagram(`10.0.${id >> 8}.${id & 255}>10.9.9.9`, 17, new Uint8Array(1200), {
        mf: true,
        id: id & 0xffff,
      })
      if (defrag.add(packet, decodeToFields(packet), 0, 0, id + 1) === DEFRAG_DROPPED) dropped++
    }
    expect(dropped).toBe(20_000 - defrag.pending)
    expect(defrag.pending).toBe(Math.ceil((4 * 1024 * 1024 + 1) / 2504))
    expect(defrag.storeBytes).toBeLessThanOrEqual(8 * 1024 * 1024)
  })
})
