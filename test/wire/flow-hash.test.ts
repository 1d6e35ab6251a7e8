import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TupleKey } from '../../src/conntrack/tuple.ts'
import { FLOW_SEED, flowHash, mixIn, NO_HASH, tupleHash } from '../../src/wire/flow-hash.ts'
import { PROTO_TCP } from '../../src/wire/protocols.ts'
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
    ['all pairs of two networks', (n: number) => [(n & 0xff) << 16, (n >>> 8) << 16, (1024 << 16) | 80]],
    ['all pairs of ports of a host with itself', (n: number) => [1, 1, ((n & 0xff) << 16) | (256 + (n >>> 8))]],
  ])('spreads %s', (_, flow) => {
    for (let seed = 0; seed < 0x7fffffff; seed += 0x0c1e_9377) {
      const spread = spreadOf((n) => {
        const [source, destination, ports] = flow(n)
        return tupleHash(mixIn(seed, source), mixIn(seed, destination), ports, PROTO_TCP)
      })
      // As chance would have it: one of 2³² / flows collides, 37 % of the slots stay empty, and in one of 10⁵ tables of 65,536
      // slots and flows some slot has 13.
      expect(spread.collisions).toBeLessThan(8)
      expect(Math.abs(spread.empty - 0.368)).toBeLessThan(0.01)
      expect(spread.fullest).toBeLessThan(14)
    }
  })
})

function spreadOf(hashOfFlow: (n: number) => number): { collisions: number; empty: number; fullest: number } {
  const flows = 65_536
  const slots = new Uint16Array(flows)
  const hashes = new Set<number>()
  for (let n = 0; n < flows; n++) {
    const hash = hashOfFlow(n)
    hashes.add(hash)
    slots[hash & (flows - 1)]++
  }
  return {
    collisions: flows - hashes.size,
    empty: slots.filter((count) => count === 0).length / flows,
    fullest: Math.max(...slots),
  }
}
