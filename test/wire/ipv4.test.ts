import { describe, expect, test } from 'vitest'
import {
  FRAGMENT_DONT,
  FRAGMENT_MORE,
  IP_OPTION_ANY,
  IP_OPTION_BAD,
  IP_OPTION_ROUTER_ALERT,
  IP_OPTION_SOURCE_ROUTE,
} from '../../src/wire/packet-fields.ts'
import { datagram, icmp, tcp, udp } from '../support/packets.ts'
import { decode } from '../support/row.ts'

const PATH = '10.0.0.1:1000>10.9.9.9:80'

describe('IPv4', () => {
  test('fills all header fields', () => {
    expect(decode(udp(PATH, { ttl: 3, tos: 0xb8, id: 0xfffe, df: true, data: 10 }))).toMatchObject({
      family: 4,
      note: null,
      src: '10.0.0.1',
      dst: '10.9.9.9',
      protocol: 17,
      ports: '1000>80',
      l3Length: 38,
      l4Offset: 20,
      l4Length: 18,
      ttl: 3,
      tos: 0xb8,
      ipId: 0xfffe,
      fragment: FRAGMENT_DONT,
    })
  })

  const REFUSED: [string, Uint8Array][] = [
    ['version 5', udp(PATH, { version: 5 })],
    ['header length below 20', udp(PATH, { ihl: 4 })],
    ['header longer than the frame', udp(PATH, { ihl: 15 })],
    ['total length below the header', udp(PATH, { totalLength: 19 })],
    ['total length beyond the frame', udp(PATH, { totalLength: 50 })],
    ['19 bytes on the wire', udp(PATH).subarray(0, 19)],
  ]
  test.each(REFUSED)('%s is refused', (_name, packet) => {
    const note = packet[0] >> 4 === 5 ? 'not-ip' : 'malformed'
    expect(decode(packet)).toMatchObject({ family: 0, note })
    expect(decode(packet, { linkType: 228 })).toMatchObject({ family: 0, note: 'malformed' })
  })

  test('of a refused datagram the addresses and the protocol stay', () => {
    const seen = { family: 0, src: '10.0.0.1', dst: '10.9.9.9', protocol: 17, ports: '0>0', l4Length: 0 }
    const tooLong = udp(PATH, { totalLength: 1000 })
    expect(decode(tooLong)).toMatchObject({ ...seen, note: 'malformed' })
    expect(decode(udp(PATH), { captured: 22 })).toMatchObject({ ...seen, note: 'cut' })
    expect(decode(udp(PATH), { captured: 19 })).toMatchObject({ family: 0, note: 'cut', src: '', dst: '' })
  })

  test('a bad header checksum is noted, but the row is whole', () => {
    const row = decode(udp(PATH, { headerChecksum: 0x1111 }))
    expect(row).toMatchObject({ family: 4, note: 'ip-checksum', src: '10.0.0.1', ports: '1000>80' })
  })

  test('total length 0 is segmentation offload: length from the frame, header sum not looked at', () => {
    const packet = tcp(PATH, 'A', { totalLength: 0, headerChecksum: 0x9999, data: 3000 })
    expect(decode(packet)).toMatchObject({ note: null, l3Length: 3040, l4Length: 3020 })
  })

  test('lengths come from the header and the wire, not from the snap length', () => {
    const packet = tcp(PATH, 'A', { data: 1000 })
    const row = decode(packet, { captured: 60 })
    expect(row).toMatchObject({ note: null, l3Length: 1040, l3Captured: 60, l4Length: 1020 })
  })

  test('a cut inside the headers that are needed says so', () => {
    const packet = tcp(PATH, 'A', { data: 1000 })
    for (let captured = 1; captured < 40; captured++) expect(decode(packet, { captured }).note).toBe('cut')
    expect(decode(packet, { captured: 40 }).note).toBe(null)
    expect(decode(udp(PATH, { data: 9 }), { captured: 27 }).note).toBe('cut')
    expect(decode(datagram(PATH, 47, new Uint8Array(50)), { captured: 20 }).note).toBe(null)
  })

  test('a short transport header of the sender is not "cut"', () => {
    expect(decode(datagram(PATH, 17, [1, 2, 3, 4]))).toMatchObject({ note: null, ports: '258>772', l4Length: 4 })
    expect(decode(datagram(PATH, 17, [1, 2, 3]))).toMatchObject({ note: null, ports: '0>0' })
  })

  test('fragments: only the first has ports', () => {
    const first = decode(udp(PATH, { mf: true, data: 16 }))
    expect(first).toMatchObject({ fragment: FRAGMENT_MORE, ports: '1000>80' })
    expect(decode(udp(PATH, { offset: 24, data: 16 }))).toMatchObject({ fragment: 3, ports: '0>0', note: null })
  })

  test('ICMP: type, code and identifier', () => {
    expect(decode(icmp('10.0.0.1>10.9.9.9', 8, 5, { id: 77 })).ports).toBe(`${(8 << 8) | 5}>77`)
  })

  const OPTIONS: [string, number[], number][] = [
    ['only the end mark', [0, 0, 0, 0], IP_OPTION_ANY],
    ['no-operations', [1, 1, 1, 1], IP_OPTION_ANY],
    ['loose source route', [131, 7, 4, 1, 2, 3, 4], IP_OPTION_ANY | IP_OPTION_SOURCE_ROUTE],
    ['strict source route', [137, 3, 4], IP_OPTION_ANY | IP_OPTION_SOURCE_ROUTE],
    ['router alert', [148, 4, 0, 0], IP_OPTION_ANY | IP_OPTION_ROUTER_ALERT],
    ['record route', [7, 7, 4, 0, 0, 0, 0], IP_OPTION_ANY],
    ['full record route', [7, 7, 8, 0, 0, 0, 0], IP_OPTION_ANY],
    ['record route with a bad pointer', [7, 7, 3, 0, 0, 0, 0], IP_OPTION_ANY | IP_OPTION_BAD],
    ['timestamps', [68, 8, 5, 0, 0, 0, 0, 0], IP_OPTION_ANY],
    ['timestamps with addresses', [68, 12, 5, 1, ...Array(8).fill(0)], IP_OPTION_ANY],
    ['timestamps with addresses and half the room', [68, 8, 5, 1, 0, 0, 0, 0], IP_OPTION_ANY | IP_OPTION_BAD],
    ['timestamps of hosts that are named', [68, 12, 5, 3, ...Array(8).fill(0)], IP_OPTION_ANY],
    ['timestamps with unknown flags', [68, 8, 5, 2, 0, 0, 0, 0], IP_OPTION_ANY],
    ['full timestamps', [68, 8, 9, 0xe0, 0, 0, 0, 0], IP_OPTION_ANY],
    ['full timestamps that count no more hosts', [68, 8, 9, 0xf0, 0, 0, 0, 0], IP_OPTION_ANY | IP_OPTION_BAD],
    ['full timestamps that count none', [68, 12, 13, 0xf3, ...Array(8).fill(0)], IP_OPTION_ANY],
    ['a label of CIPSO', [134, 8, 0, 0, 0, 1, 1, 2], IP_OPTION_ANY | IP_OPTION_BAD],
    ['length 1', [148, 1, 0, 0], IP_OPTION_ANY | IP_OPTION_BAD],
    ['length beyond the header', [148, 9, 0, 0], IP_OPTION_ANY | IP_OPTION_BAD],
    ['two source routes', [131, 3, 4, 131, 3, 4], IP_OPTION_ANY | IP_OPTION_SOURCE_ROUTE | IP_OPTION_BAD],
    ['unknown', [0x5e, 4, 1, 2], IP_OPTION_ANY],
  ]
  test.each(OPTIONS)('options: %s', (_name, ipOptions, bits) => {
    expect(decode(udp(PATH, { ipOptions }))).toMatchObject({ note: null, ports: '1000>80', ipOptions: bits })
  })
})
