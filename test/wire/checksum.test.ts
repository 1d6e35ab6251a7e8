import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldedSum } from '../../src/wire/checksum.ts'
import { crc32c } from '../../src/wire/crc32c.ts'
import { CHECKSUM_BAD, CHECKSUM_GOOD, CHECKSUM_UNKNOWN } from '../../src/wire/packet-fields.ts'
import { checksum, datagram, hopByHop, icmp, icmpv6, sctp, tcp, udp, udpLite } from '../support/packets.ts'
import { checksumOf } from '../support/row.ts'

const V4 = '10.0.0.1:1000>10.9.9.9:80'
const V6 = '[2001:db8::1]:1000>[2001:db8::9]:80'
const HEARTBEAT = Uint8Array.of(4, 0, 0, 4)

describe('transport checksums', () => {
  const BOTH: [string, (bad: { checksum?: 'bad' }) => Uint8Array][] = [
    ['TCP', (bad) => tcp(V4, 'A', { data: 101, ...bad })],
    ['TCP on IPv6', (bad) => tcp(V6, 'A', { data: 100, ...bad })],
    ['UDP', (bad) => udp(V4, { data: 33, ...bad })],
    ['UDP on IPv6 after an extension header', (bad) => udp(V6, { data: 33, extensions: [hopByHop()], ...bad })],
    ['UDP that is shorter than the datagram: all of it counts', (bad) => udp(V4, { data: 20, length: 12, ...bad })],
    ['ICMP', (bad) => icmp(V4, 8, 0, { data: 57, ...bad })],
    ['ICMPv6', (bad) => icmpv6(V6, 128, 0, { data: 57, ...bad })],
    ['SCTP', (bad) => sctp(V4, [HEARTBEAT], bad)],
    ['SCTP on IPv6', (bad) => sctp(V6, [HEARTBEAT], bad)],
  ]
  test.each(BOTH)('%s', (_name, packet) => {
    expect(checksumOf(packet({}))).toBe(CHECKSUM_GOOD)
    expect(checksumOf(packet({ checksum: 'bad' }))).toBe(CHECKSUM_BAD)
  })

  test('UDP without a checksum is good, on IPv6 as well (asked of Linux 6.18)', () => {
    expect(checksumOf(udp(V4, { checksum: 0 }))).toBe(CHECKSUM_GOOD)
    expect(checksumOf(udp(V6, { checksum: 0 }))).toBe(CHECKSUM_GOOD)
  })

  test('a right UDP-Lite sum is bad to the tracker, which sums it as UDP (asked of Linux 6.18)', () => {
    for (const coverage of [0, 8, 12]) {
      const packet = udpLite(V4, { data: 20, coverage })
      expect(checksumOf(packet)).toBe(CHECKSUM_BAD)
      const right = (packet[26] << 8) | packet[27]
      const asUdp = ~checksum([0, 17], [(~right >> 8) & 255, ~right & 255], [0xff, 0xff - 136]) & 0xffff
      packet.set([(~asUdp >> 8) & 255, ~asUdp & 255], 26)
      expect(checksumOf(packet)).toBe(CHECKSUM_GOOD)
      // What the coverage leaves out does not count.
      packet[packet.length - 1] ^= 0xff
      expect(checksumOf(packet)).toBe(coverage === 0 ? CHECKSUM_BAD : CHECKSUM_GOOD)
    }
  })

  test('protocols that the tracker does not verify are good', () => {
    expect(checksumOf(datagram(V4, 47, [0, 0, 8, 0]))).toBe(CHECKSUM_GOOD)
    expect(checksumOf(datagram(V4, 33, [0, 1, 0, 2, 4, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]))).toBe(CHECKSUM_GOOD)
  })

  test('payload cut by the snap length cannot be verified', () => {
    expect(checksumOf(tcp(V4, 'A', { data: 100 }), { captured: 80 })).toBe(CHECKSUM_UNKNOWN)
    expect(checksumOf(sctp(V4, [HEARTBEAT, HEARTBEAT]), { captured: 36 })).toBe(CHECKSUM_UNKNOWN)
    expect(checksumOf(udp(V4, { data: 100, checksum: 0 }), { captured: 40 })).toBe(CHECKSUM_GOOD)
  })

  test('a segment for offload (total length 0) is summed as captured', () => {
    expect(checksumOf(tcp(V4, 'A', { data: 100, totalLength: 0, checksum: 'bad' }))).toBe(CHECKSUM_BAD)
    expect(checksumOf(tcp(V4, 'A', { data: 100, totalLength: 0 }))).toBe(CHECKSUM_GOOD)
  })
})

test('the fast sum is the plain sum at any alignment', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(7), fc.nat(3), (data, offset, viewOffset) => {
      const bytes = new Uint8Array(new ArrayBuffer(220), viewOffset).fill(0xa5)
      bytes.set(data, offset)
      expect(foldedSum(bytes, offset, data.length) % 0xffff).toBe((~checksum(data) & 0xffff) % 0xffff)
    }),
  )
})

test('the sum of a very long datagram does not overflow', () => {
  const data = new Uint8Array(262_144).fill(0xff)
  expect(foldedSum(data, 0, data.length)).toBe(0xffff)
})

test('CRC-32C takes the checksum field as zero', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 4, maxLength: 100 }), fc.nat(), (data, place) => {
      const at = place % (data.length - 3)
      const zeroed = data.slice().fill(0, at, at + 4)
      expect(crc32c(data, 0, data.length, at) >>> 0).toBe(plainCrc32c(zeroed))
    }),
  )
  expect(plainCrc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
})

/** Bit by bit, as the definition says. */
function plainCrc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const octet of data) {
    crc ^= octet
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return ~crc >>> 0
}
