import { describe, expect, test } from 'vitest'
import { decodeDatagram } from '../../src/wire/frame.ts'
import {
  EXTENSION_AUTH,
  EXTENSION_DESTINATION,
  EXTENSION_FRAGMENT,
  EXTENSION_HOP_BY_HOP,
  EXTENSION_MOBILITY,
  EXTENSION_ROUTING,
  FRAGMENT_HEADER,
  FRAGMENT_MORE,
  PACKET_INTS,
} from '../../src/wire/packet-fields.ts'
import {
  auth,
  concat,
  datagram,
  destinationOptions,
  fragmentHeader,
  hopByHop,
  routing,
  tcp,
  udp,
} from '../support/packets.ts'
import { decode, rowOf } from '../support/row.ts'

const PATH = '[2001:db8::1]:1000>[2001:db8::9]:80'

describe('IPv6', () => {
  test('fills all header fields', () => {
    expect(decode(tcp(PATH, 'S', { ttl: 3, tos: 0xb8, seq: 9 }))).toMatchObject({
      family: 6,
      note: null,
      src: '2001:db8::1',
      dst: '2001:db8::9',
      protocol: 6,
      ports: '1000>80',
      seq: 9,
      l3Length: 60,
      l4Offset: 40,
      l4Length: 20,
      ttl: 3,
      tos: 0xb8,
      fragment: 0,
      ipId: 0,
    })
  })

  test('what lies past the payload length is not part of the datagram', () => {
    expect(decode(udp(PATH, { data: 20, totalLength: 12 }))).toMatchObject({ l3Length: 52, l4Length: 12 })
  })

  const REFUSED: [string, Uint8Array, string][] = [
    ['payload length beyond the frame', udp(PATH, { totalLength: 10 }), 'malformed'],
    ['39 bytes on the wire', udp(PATH).subarray(0, 39), 'malformed'],
    ['multicast source', udp('[ff02::1]:1>[2001:db8::9]:80'), 'malformed'],
  ]
  test.each(REFUSED)('%s is refused', (_name, packet, note) => {
    expect(decode(packet)).toMatchObject({ family: 0, note })
  })

  test('of a refused datagram the addresses and the protocol stay, but not those of an extension header', () => {
    const seen = { family: 0, src: '2001:db8::1', dst: '2001:db8::9' }
    expect(decode(udp(PATH, { totalLength: 10 }))).toMatchObject({ ...seen, note: 'malformed', protocol: 17 })
    expect(decode(udp(PATH), { captured: 42 })).toMatchObject({ ...seen, note: 'cut', protocol: 17, ports: '0>0' })
    const routed = udp(PATH, { extensions: [routing()] })
    expect(decode(routed, { captured: 40 })).toMatchObject({ ...seen, note: 'cut', protocol: -1 })
  })

  test.each([
    ['[::1]:1>[2001:db8::9]:80'],
    ['[2001:db8::1]:1>[::1]:80'],
    ['[2001:db8::1]:1>[ff01::1]:80'],
    ['[2001:db8::1]:1>[ff00::1]:80'],
  ])('%s belongs on a loopback interface', (path) => {
    expect(decode(udp(path))).toMatchObject({ family: 6, note: 'loopback-only', protocol: 17 })
  })

  test('a bare loopback-looking tail is no loopback address', () => {
    expect(decode(udp('[0:1::1]:1>[::2]:80')).note).toBe(null)
  })

  // Each asked of Linux 6.18.
  const HOP_BY_HOP: [string, number[], string | null][] = [
    ['padding only', [], null],
    ['router alert', [5, 2, 0, 0], null],
    ['router alert of the wrong length', [5, 3, 0, 0, 0], 'malformed'],
    ['seven bytes of padding', [1, 5, 0, 0, 0, 0, 0, 0x1e, 5, 0, 0, 0, 0, 0], null],
    ['eight bytes of padding', [1, 6, 0, 0, 0, 0, 0, 0, 0x1e, 2, 0, 0], 'malformed'],
    ['padding that is not zero', [1, 2, 0, 1], 'malformed'],
    ['unknown, to be skipped', [0x1e, 1, 0], null],
    ['unknown, to be discarded', [0x5e, 1, 0], 'malformed'],
    ['unknown, to be reported', [0x9e, 1, 0], 'malformed'],
    ['unknown, to be reported unless multicast', [0xde, 1, 0], 'malformed'],
    ['eight options', Array<number[]>(8).fill([0x1e, 0]).flat(), null],
    ['nine options', Array<number[]>(9).fill([0x1e, 0]).flat(), 'malformed'],
    ['option beyond the header', [0x1e, 20, 0, 0], 'malformed'],
    ['jumbo option in a datagram that has a length', [0xc2, 4, 0, 1, 0, 0], 'malformed'],
    ['IOAM, aligned', [1, 0, 0x31, 2, 0, 0], null],
    ['IOAM, not aligned', [0x31, 2, 0, 0], 'malformed'],
    ['CALIPSO without its fixed part', [7, 2, 0, 0], 'malformed'],
  ]
  test.each(HOP_BY_HOP)('hop-by-hop: %s', (_name, options, note) => {
    expect(decode(udp(PATH, { extensions: [hopByHop(...options)] })).note).toBe(note)
  })

  test('hop-by-hop options count only in the first header', () => {
    expect(decode(udp(PATH, { extensions: [routing(), hopByHop(0x5e, 1, 0)] }))).toMatchObject({
      note: null,
      protocol: 17,
    })
    expect(decode(udp(PATH, { extensions: [destinationOptions(0x5e, 1, 0)] }))).toMatchObject({
      note: null,
      protocol: 17,
    })
  })

  test('a jumbogram takes its length from the option', () => {
    const packet = udp(PATH, { data: 66_000, extensions: [hopByHop(0xc2, 4, 0, 1, 1, 0xe0)], totalLength: 0 })
    expect(decode(packet)).toMatchObject({ note: null, l3Length: 40 + 0x101e0, protocol: 17 })
  })

  test('the tracker passes over these extension headers', () => {
    const packet = udp(PATH, { extensions: [hopByHop(), destinationOptions(), routing(), auth()] })
    const all = EXTENSION_HOP_BY_HOP | EXTENSION_DESTINATION | EXTENSION_ROUTING | EXTENSION_AUTH
    expect(decode(packet)).toMatchObject({
      protocol: 17,
      ports: '1000>80',
      l4Offset: 40 + 8 + 8 + 8 + 24,
      ipOptions: all,
    })
  })

  test.each([50, 135, 139, 140])('protocol %i ends the chain', (protocol) => {
    const row = decode(datagram(PATH, protocol, [17, 0, 5, 0, 0, 0, 0, 0], { extensions: [routing()] }))
    const mobility = protocol === 135 ? EXTENSION_MOBILITY : 0
    expect(row).toMatchObject({ note: null, protocol, ports: '0>0', ipOptions: EXTENSION_ROUTING | mobility })
  })

  test('no next header stays 59', () => {
    expect(decode(datagram(PATH, 59, [1, 2]))).toMatchObject({ note: null, protocol: 59, ports: '0>0' })
  })

  const UNUSABLE: [string, Uint8Array][] = [
    ['nothing after "destination options"', datagram(PATH, 60, [])],
    ['one byte of it', datagram(PATH, 60, [17])],
    ['a header that ends where the next should begin', datagram(PATH, 60, [60, 0, 0, 0, 0, 0, 0, 0])],
    ['three bytes of a fragment header', datagram(PATH, 44, [17, 0, 0])],
    ['half a header of a later fragment', datagram(PATH, 44, [17, 0, 0, 9])],
    [
      'a header of a later fragment after one of a first fragment',
      datagram(PATH, 44, [44, 0, 0, 0, 0, 0, 0, 1, 17, 0, 0, 8, 0, 0, 0, 1]),
    ],
  ]
  test('half a fragment header of a first fragment leads on past the datagram', () => {
    expect(decode(datagram(PATH, 44, [17, 0, 0, 1]))).toMatchObject({
      note: null,
      protocol: 17,
      l4Length: 0,
      ports: '0>0',
    })
  })

  test('hop-by-hop options of a datagram put together from fragments are not looked at again', () => {
    const packet = udp(PATH, { extensions: [{ protocol: 0, bytes: [0, 0, 0, 0, 0, 0, 0, 0x82] }] })
    expect(decode(packet).note).toBe('malformed')
    const fields = new Int32Array(PACKET_INTS)
    decodeDatagram(packet, 0, packet.length, fields, 0)
    expect(rowOf(fields, 0)).toMatchObject({ note: null, protocol: 17, ports: '1000>80' })
  })

  test('a header that claims to reach beyond the datagram leads on to no transport header', () => {
    expect(decode(datagram(PATH, 60, [89, 9, 0, 0, 0, 0, 0, 0]))).toMatchObject({
      note: null,
      protocol: 89,
      l4Length: 0,
    })
  })

  test.each(UNUSABLE)('unusable chain: %s', (_name, packet) => {
    expect(decode(packet)).toMatchObject({ family: 6, note: null, protocol: -1, ports: '0>0' })
  })

  test('a header longer than the datagram leaves no transport header', () => {
    const row = decode(datagram(PATH, 60, [17, 3, 0, 0, 0, 0, 0, 0]))
    expect(row).toMatchObject({ note: null, protocol: 17, l4Length: 0, ports: '0>0' })
  })

  test('fragments: identification and place; ports in the first only', () => {
    const first = decode(udp(PATH, { extensions: [fragmentHeader(0, true, 0xfedcba98)], data: 8 }))
    expect(first).toMatchObject({ fragment: FRAGMENT_HEADER | FRAGMENT_MORE, ipId: 0xfedcba98, ports: '1000>80' })
    const second = decode(udp(PATH, { extensions: [fragmentHeader(16, false, 5)] }))
    expect(second).toMatchObject({
      fragment: FRAGMENT_HEADER | 2,
      protocol: 17,
      ports: '0>0',
      ipOptions: EXTENSION_FRAGMENT,
    })
  })

  test('an atomic fragment is read to its end', () => {
    const packet = udp(PATH, { extensions: [fragmentHeader(0, false, 7), destinationOptions()] })
    expect(decode(packet)).toMatchObject({ fragment: FRAGMENT_HEADER, ipId: 7, protocol: 17, ports: '1000>80' })
  })

  test('of two fragment headers the first counts', () => {
    const packet = udp(PATH, { extensions: [fragmentHeader(0, true, 7), fragmentHeader(8, true, 8)] })
    expect(decode(packet)).toMatchObject({ fragment: FRAGMENT_HEADER | FRAGMENT_MORE, ipId: 7 })
  })

  test('a chain cut by the snap length says so', () => {
    const packet = udp(PATH, { extensions: [hopByHop(), auth()], data: 9 })
    for (let captured = 1; captured < 40 + 8 + 24 + 8; captured++) expect(decode(packet, { captured }).note).toBe('cut')
    expect(decode(packet, { captured: 80 })).toMatchObject({ note: null, l3Length: packet.length, l3Captured: 80 })
  })

  test('a cut first fragment is still a fragment', () => {
    const packet = concat(udp(PATH, { extensions: [fragmentHeader(0, true, 7)], data: 64 }))
    expect(decode(packet, { captured: 50 })).toMatchObject({ note: null, fragment: FRAGMENT_HEADER | FRAGMENT_MORE })
  })
})
