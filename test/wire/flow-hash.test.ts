import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TupleKey } from '../../src/conntrack/tuple.ts'
import { FLOW_SEED, flowHash, NO_HASH } from '../../src/wire/flow-hash.ts'
import { IP_V4, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, P_TTL, PACKET_INTS } from '../../src/wire/packet-fields.ts'
import { icmp, tcp, udp } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'

const hashOf = (packet: Uint8Array): number => flowHash(decodeToFields(packet), 0)

const port = fc.integer({ min: 0, max: 65_535 })
const octet = fc.constantFrom(0, 1, 127, 128, 255)
const ipv4 = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'))
const ipv6 = fc.tuple(octet, octet, octet).map(([a, b, c]) => `[${(0x2000 + a).toString(16)}:0:${b}::${c}]`)
const ends = fc.oneof(fc.tuple(ipv4, ipv4), fc.tuple(ipv6, ipv6))

describe('the hash of a flow', () => {
  it('is that of the canonical key, both ways', () => {
    const key = new TupleKey(FLOW_SEED)
    fc.assert(
      fc.property(ends, port, port, fc.boolean(), ([a, b], from, to, isTcp) => {
        const packet = (path: string): Uint8Array => (isTcp ? tcp(path, 'A') : udp(path))
        const there = hashOf(packet(`${a}:${from}>${b}:${to}`))
        expect(hashOf(packet(`${b}:${to}>${a}:${from}`))).toBe(there)
        key.fill(decodeToFields(packet(`${a}:${from}>${b}:${to}`)), 0, 0, 0, 0)
        expect(key.hash).toBe(there)
      }),
    )
  })

  it.each([
    ['another protocol', icmp('10.0.0.1>10.0.0.2', 8, 0)],
    ['a TTL that ends here', udp('10.0.0.1:1>10.0.0.2:2', { ttl: 1 })],
  ])('is none for %s', (_, packet) => {
    expect(hashOf(packet)).toBe(NO_HASH)
  })

  it.each([
    ['clients side by side', (n: number) => [0x0a000000 + n, 0x0b000001, (40_000 << 16) | 443]],
    ['ports side by side', (n: number) => [0x0a000001, 0x0b000001, ((1024 + (n % 60_000)) << 16) | (80 + n / 60_000)]],
    ['a scan of a network', (n: number) => [0x0a000001, 0x0b000000 + n, (50_000 << 16) | 22]],
    ['both ends moving', (n: number) => [0x0a000000 + n, 0x0b000000 - n, (n << 16) | (n & 0xffff)]],
    ['networks far apart', (n: number) => [n << 12, 0x0b000001, (40_000 << 16) | 443]],
  ])('spreads %s', (_, flow) => {
    const flows = 65_536
    const slots = new Uint16Array(flows)
    const hashes = new Set<number>()
    const fields = new Int32Array(PACKET_INTS)
    fields[P_FAMILY] = IP_V4
    fields[P_PROTOCOL] = 6
    fields[P_TTL] = 64
    for (let n = 0; n < flows; n++) {
      const [source, destination, ports] = flow(n)
      fields[P_SRC] = source
      fields[P_DST] = destination
      fields[P_PORTS] = ports
      const hash = flowHash(fields, 0)
      hashes.add(hash)
      slots[hash & (flows - 1)]++
    }
    // As chance would have it: about one of 2³² / flows collides, and 37 % of the slots stay empty.
    expect(hashes.size).toBeGreaterThan(flows - 20)
    expect(slots.filter((count) => count === 0).length / flows).toBeCloseTo(0.37, 1)
    expect(Math.max(...slots)).toBeLessThan(14)
  })
})
