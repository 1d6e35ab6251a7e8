import { describe, expect, test } from 'vitest'
import {
  TCP_ACK,
  TCP_OPTION_CUT,
  TCP_OPTION_MALFORMED,
  TCP_OPTION_MSS,
  TCP_OPTION_SACK_PERMITTED,
  TCP_OPTION_WSCALE,
  TCP_SYN,
} from '../../src/wire/packet-fields.ts'
import { datagram, mss, nop, sack, sackPermitted, tcp, timestamps, wscale } from '../support/packets.ts'
import { decode } from '../support/row.ts'

const PATH = '10.0.0.1:1000>10.9.9.9:80'
const optionsOf = (...options: number[][]) => decode(tcp(PATH, 'S', { options })).tcpOptions
const sackOf = (ack: number, ...options: number[][]) => decode(tcp(PATH, 'A', { ack, options })).sack

describe('TCP', () => {
  test('fills sequence numbers, flags and window', () => {
    const row = decode(tcp(PATH, 'SANW', { seq: 0xfffffff0, ack: 0x80000001, window: 0xfff0 }))
    expect(row).toMatchObject({ seq: 0xfffffff0, ack: 0x80000001, sack: 0x80000001, window: 0xfff0, tcpOptions: 0 })
    expect(row.flags).toBe(TCP_SYN | TCP_ACK | 0x100 | 0x80)
  })

  test('of several SACK options the first counts', () => {
    expect(sackOf(100, sack(200, 300), sack(400, 500))).toBe(300)
    expect(sackOf(100, sack(200, 500), sack(250, 300))).toBe(500)
  })

  test('a SACK edge exactly half the numbers away lies behind', () => {
    expect(sackOf(0x66, sack(0x80000000, 0x80000066))).toBe(0x80000066)
    expect(sackOf(0x6f, sack(0x8000005b, 0x80000065, 0x5b, 0x65))).toBe(0x65)
  })

  test('options of a usual SYN', () => {
    const found = optionsOf(mss(1460), sackPermitted(), timestamps(1, 0), nop(), wscale(7))
    expect(found).toBe(TCP_OPTION_MSS | TCP_OPTION_SACK_PERMITTED | TCP_OPTION_WSCALE | 7 | (1460 << 16))
  })

  test('the window scale is given as sent, and the last one counts', () => {
    expect(optionsOf(wscale(200)) & 0xff).toBe(200)
    expect(optionsOf(wscale(3), nop(), wscale(5))).toBe(TCP_OPTION_WSCALE | 5)
  })

  // `-m tcpmss` of Linux 6.18 was asked for each.
  const MSS: [string, number[][], number][] = [
    ['the first of two', [mss(1460), mss(1200)], 1460],
    ['after an end mark', [[0], mss(1460)], 1460],
    ['after an option of length 0', [[9, 0], mss(1460)], 1460],
    ['after an option of length 1', [[9, 1], mss(1460)], 1460],
    ['after an MSS option of length 5', [[2, 5, 1, 1, 1], mss(1460)], 1460],
    ['after an MSS option of length 3', [[2, 3, 1], mss(1460)], 1460],
    ['after an option that leaves the header', [[9, 40], mss(1460)], 0],
    [
      'cut by the end of the header',
      [
        [1, 1],
        [2, 4],
      ],
      0,
    ],
  ]
  test.each(MSS)('MSS: %s', (_name, options, value) => {
    expect(optionsOf(...options)).toBe(value === 0 ? 0 : TCP_OPTION_MSS | (value << 16))
  })

  test('what stands before a malformed option counts, what stands after it does not', () => {
    expect(optionsOf(sackPermitted(), [9, 1], wscale(7))).toBe(TCP_OPTION_SACK_PERMITTED)
    expect(optionsOf(sackPermitted(), [9, 33], wscale(7))).toBe(TCP_OPTION_SACK_PERMITTED)
    expect(optionsOf([0], wscale(7))).toBe(0)
  })

  test('options of the wrong length are passed over', () => {
    expect(optionsOf([3, 4, 7, 0], [4, 3, 0], nop(), sackPermitted())).toBe(TCP_OPTION_SACK_PERMITTED)
  })

  test('SACK: the highest right edge above the ACK number', () => {
    expect(sackOf(1000, nop(), nop(), sack(2000, 3000, 5000, 6000, 3500, 4000))).toBe(6000)
    expect(sackOf(1000, nop(), nop(), sack(500, 900))).toBe(1000)
    expect(sackOf(0xfffffff0, nop(), nop(), sack(0xfffffff8, 16))).toBe(16)
    expect(sackOf(1000, [5, 6, 0, 0, 9, 9])).toBe(1000)
    expect(sackOf(1000, [5, 11, 0, 0, 0, 0, 0, 0, 9, 9, 9])).toBe(1000)
  })

  test('segments with timestamps only take the short way', () => {
    expect(decode(tcp(PATH, 'A', { ack: 7, options: [nop(), nop(), timestamps(1, 2)] }))).toMatchObject({
      sack: 7,
      tcpOptions: 0,
    })
  })

  test('a data offset outside the segment is malformed, the other fields stand', () => {
    expect(decode(tcp(PATH, 'S', { seq: 5, dataOffset: 4 }))).toMatchObject({
      seq: 5,
      tcpOptions: TCP_OPTION_MALFORMED,
    })
    expect(decode(tcp(PATH, 'S', { seq: 5, dataOffset: 6 }))).toMatchObject({
      seq: 5,
      tcpOptions: TCP_OPTION_MALFORMED,
    })
  })

  test('a segment of 19 bytes is malformed', () => {
    const row = decode(datagram(PATH, 6, new Uint8Array(19).fill(0x50)))
    expect(row).toMatchObject({ note: null, ports: '20560>20560', seq: 0, flags: 0, tcpOptions: TCP_OPTION_MALFORMED })
  })

  test('options cut by the snap length are unknown', () => {
    const packet = tcp(PATH, 'S', { seq: 5, options: [mss(1460), wscale(7), nop()] })
    expect(decode(packet, { captured: 46 })).toMatchObject({ note: null, seq: 5, tcpOptions: TCP_OPTION_CUT })
  })
})
