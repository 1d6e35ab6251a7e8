import { describe, expect, test } from 'vitest'
import { Copies } from '../../../src/netfilter/inference/copies.ts'
import { decodeBatch } from '../../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../../src/pipeline/packet-batch.ts'
import { NOTE_NAMES, P_NOTE, PACKET_INTS } from '../../../src/wire/packet-fields.ts'
import { fragments, icmp, tcp, udp } from '../../support/packets.ts'
import { cooked, cooked2 } from '../cooked.ts'
import type { TestFrame } from '../frames-reader.ts'
import { addFrame } from '../replaying.ts'

/** The note of each frame; frames without a time are 10 microseconds apart. */
function notesOf(frames: readonly (Uint8Array | TestFrame)[]): (string | null)[] {
  const batch = new PacketBatch()
  frames.forEach((one, index) => {
    const frame = one instanceof Uint8Array ? { bytes: one } : one
    addFrame(batch, frame.bytes, { time: index / 100_000, ...frame })
  })
  decodeBatch(batch)
  new Copies().remove(batch)
  return frames.map((_, index) => NOTE_NAMES[batch.rows[index * PACKET_INTS + P_NOTE]])
}

const ONE = [null]
const ONCE_MORE = [null, 'copy']
const TWO = [null, null]
const IN = { id: 7, ttl: 64 }
const OUT = { id: 7, ttl: 63 }

describe('a forwarded packet, as it came and as it left', () => {
  test('untranslated', () => {
    expect(notesOf([udp('10.0.0.1:1>10.9.9.9:53', IN), udp('10.0.0.1:1>10.9.9.9:53', OUT)])).toEqual(ONCE_MORE)
  })

  test.each([
    ['its source translated, and the port', udp('10.0.0.1:1>10.9.9.9:53', IN), udp('192.0.2.1:9>10.9.9.9:53', OUT)],
    ['its destination translated', udp('10.0.0.1:1>10.9.9.9:53', IN), udp('10.0.0.1:1>10.7.7.7:5353', OUT)],
    [
      'an echo request with another identifier',
      icmp('10.0.0.1>10.9.9.9', 8, 0, { ipId: 7, ttl: 64, id: 5, seq: 3 }),
      icmp('192.0.2.1>10.9.9.9', 8, 0, { ipId: 7, ttl: 63, id: 6, seq: 3 }),
    ],
    [
      'a segment without identification',
      tcp('10.0.0.1:1>10.9.9.9:80', 'A', { seq: 100, ack: 200, ttl: 64, id: 0 }),
      tcp('192.0.2.1:1>10.9.9.9:80', 'A', { seq: 100, ack: 200, ttl: 63, id: 0 }),
    ],
    [
      'IPv6, its source translated',
      udp('[2001:db8::1]:1>[2001:db8:9::9]:53', { ttl: 64 }),
      udp('[2001:db8:2::2]:1>[2001:db8:9::9]:53', { ttl: 63 }),
    ],
    [
      'IPv6',
      udp('[2001:db8::1]:1>[2001:db8:9::9]:53', { ttl: 64 }),
      udp('[2001:db8::1]:1>[2001:db8:9::9]:53', { ttl: 63 }),
    ],
  ])('%s', (_, came, left) => {
    expect(notesOf([came, left])).toEqual(ONCE_MORE)
  })

  test('with a TTL that a rule has set, where the capture marks directions', () => {
    const [came, left] = [udp('10.0.0.1:1>10.9.9.9:53', IN), udp('10.0.0.1:1>10.9.9.9:53', { ...OUT, ttl: 128 })]
    expect(notesOf([cooked(0, came), cooked(4, left)])).toEqual(ONCE_MORE)
    expect(notesOf([cooked(4, came), cooked(0, left)])).toEqual(TWO)
    expect(notesOf([came, left])).toEqual(TWO)
  })

  test('with both addresses translated, where the capture marks directions', () => {
    const came = [udp('10.0.0.1:1>10.7.7.7:53', IN), tcp('10.0.0.1:1>192.0.2.1:80', 'PA', { seq: 1, ack: 2, ...IN })]
    const left = [udp('192.0.2.1:9>10.9.9.9:53', OUT), tcp('192.0.2.1:9>10.9.9.9:80', 'PA', { seq: 1, ack: 2, ...OUT })]
    for (const [i, packet] of came.entries()) {
      expect(notesOf([cooked(0, packet), cooked(4, left[i])])).toEqual(ONCE_MORE)
      expect(notesOf([packet, left[i]])).toEqual(TWO)
    }
    expect(notesOf([cooked(0, came[0]), cooked(4, udp('10.7.7.7:53>10.0.0.1:1', IN))])).toEqual(TWO)
  })

  test('each of its fragments', () => {
    const data = 'x'.repeat(3000)
    const came = fragments(udp('10.0.0.1:1>10.9.9.9:53', { ...IN, data }), 1480)
    const left = fragments(udp('10.0.0.1:1>10.9.9.9:53', { ...OUT, data }), 1480)
    expect(notesOf([...came, ...left])).toEqual([null, null, null, 'copy', 'copy', 'copy'])
  })

  test('each of its fragments, which Linux numbers anew in IPv6', () => {
    const [path, data] = ['[2001:db8::1]:1>[2001:db8:9::9]:53', 'x'.repeat(3000)]
    const came = fragments(udp(path, { ttl: 64, data }), 1480, 1)
    const left = fragments(udp(path, { ttl: 63, data }), 1480, 2)
    expect(notesOf([...came, ...left])).toEqual([null, null, null, 'copy', 'copy', 'copy'])
  })

  test('of a connection that is passed on, although a helper has rewritten it', () => {
    const came = (seq: number, data = '') => cooked(0, tcp('10.0.0.1:1>10.9.9.9:21', 'PA', { seq, data, ttl: 64 }))
    const left = (seq: number, data = '') => cooked(4, tcp('192.0.2.1:9>10.9.9.9:21', 'PA', { seq, data, ttl: 63 }))
    const own = cooked(4, tcp('192.0.2.1:10>10.9.9.9:21', 'PA', { seq: 30 }))
    const known = [came(0), left(0), came(1), left(1)]
    const frames = [...known, came(1, 'PORT 10,0,0,1'), left(1, 'PORT 192,0,2,1'), came(14), left(15), own]
    expect(notesOf(frames)).toEqual([null, 'copy', null, 'copy', null, 'copy', null, 'copy', null])
    expect(notesOf([...known, { ...left(2), time: 70 }])).toEqual([null, 'copy', null, 'copy', null])
    expect(notesOf([came(0), left(0), left(2)])).toEqual([null, 'copy', null])
  })

  test.each([7, 0])('on a device that sees the frames of other machines, too, with identification %d', (id) => {
    const frames = [
      [3, 64],
      [0, 64],
      [4, 63],
      [3, 63],
    ].map(([type, ttl]) => cooked(type, tcp('10.9.9.9:80>10.0.0.1:1', 'SA', { id, ttl })))
    expect(notesOf(frames)).toEqual([null, 'copy', 'copy', 'copy'])
  })

  test('what went out and comes in again is another packet', () => {
    const out = cooked(4, udp('10.0.0.1:1>10.9.9.9:53', { id: 7, ttl: 64 }))
    const again = cooked(0, udp('10.0.0.1:1>10.9.9.9:53', { id: 7, ttl: 63 }))
    expect(notesOf([out, again])).toEqual(TWO)
  })

  test.each([
    ['another packet', udp('10.0.0.1:1>10.9.9.9:53', { ...OUT, id: 8 })],
    ['other content', udp('10.0.0.1:1>10.9.9.9:53', { ...OUT, data: 'y' })],
    ['both addresses are others', udp('10.0.0.3:1>10.9.9.8:53', OUT)],
    ['an answer with the same content', udp('10.9.9.9:53>10.0.0.1:1', OUT)],
    ['two hops further', udp('10.0.0.1:1>10.9.9.9:53', { ...OUT, ttl: 62 })],
    ['coming back', udp('10.0.0.1:1>10.9.9.9:53', { ...OUT, ttl: 65 })],
    ['seconds later', { bytes: udp('10.0.0.1:1>10.9.9.9:53', OUT), time: 2 }],
  ])('not: %s', (_, second) => {
    expect(notesOf([udp('10.0.0.1:1>10.9.9.9:53', IN), second])).toEqual(TWO)
  })
})

describe('a packet on a device and on the one above it', () => {
  const packet = udp('10.0.0.1:1>10.9.9.9:53', IN)
  const reset = tcp('10.0.0.1:1>10.9.9.9:80', 'RA', { seq: 1, ack: 2, id: 0 })

  test('a cooked capture that names them', () => {
    expect(notesOf([cooked2(0, packet, 3), cooked2(0, packet, 4)])).toEqual(ONCE_MORE)
    expect(notesOf([cooked2(0, packet, 3), cooked2(0, packet, 3)])).toEqual(TWO)
  })

  test('what the machine itself sends over a bridge is not passed on', () => {
    const [first, second] = [7, 8].map((id) => udp('10.0.0.1:1>10.9.9.9:53', { id }))
    expect(notesOf([cooked2(4, first, 3), cooked2(4, first, 4), cooked2(4, second, 3)])).toEqual([null, 'copy', null])
  })

  test('one that does not: only right behind, and with an identification', () => {
    expect(notesOf([cooked(0, packet), cooked(0, packet)])).toEqual(ONCE_MORE)
    expect(notesOf([cooked(0, packet), { ...cooked(0, packet), time: 0.1 }])).toEqual(TWO)
    expect(notesOf([cooked(0, reset), cooked(0, reset)])).toEqual(TWO)
  })

  test('a sender may repeat itself', () => {
    expect(notesOf([packet, packet])).toEqual(TWO)
    expect(notesOf([packet])).toEqual(ONE)
  })
})
