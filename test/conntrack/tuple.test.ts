import { describe, expect, it } from 'vitest'
import { hasIcmpCounterpart, TupleKey } from '../../src/conntrack/tuple.ts'
import { datagram, icmp, icmpv6, tcp, udp } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'

function keyOf(packet: Uint8Array, zone = 0): TupleKey {
  const key = new TupleKey(1)
  key.fill(decodeToFields(packet), 0, zone, 0, 0)
  return key
}

/** All that makes two keys the same. */
const same = ({ a0, a1, a2, a3, b0, b1, b2, b3, ports, kind, hash }: TupleKey) => [
  a0,
  a1,
  a2,
  a3,
  b0,
  b1,
  b2,
  b3,
  ports,
  kind,
  hash,
]

describe('the canonical key', () => {
  it.each([
    ['UDP', udp('10.0.0.1:1000>10.9.9.9:53'), udp('10.9.9.9:53>10.0.0.1:1000')],
    ['TCP with addresses above 128.0.0.0', tcp('200.0.0.1:1>10.0.0.1:2', 'S'), tcp('10.0.0.1:2>200.0.0.1:1', 'S')],
    ['one address, two ports', udp('10.0.0.1:5>10.0.0.1:4'), udp('10.0.0.1:4>10.0.0.1:5')],
    ['ports above 32767', udp('10.0.0.1:65535>10.0.0.2:40000'), udp('10.0.0.2:40000>10.0.0.1:65535')],
    ['UDP over IPv6', udp('[2001:db8::1]:1>[2001:db8::2]:2'), udp('[2001:db8::2]:2>[2001:db8::1]:1')],
    ['IPv6 that differs in the first word only', udp('[f001::1]:1>[2001::1]:2'), udp('[2001::1]:2>[f001::1]:1')],
    ['a protocol without ports', datagram('10.0.0.1>10.0.0.2', 89, [1]), datagram('10.0.0.2>10.0.0.1', 89, [2])],
    ['echo', icmp('10.0.0.1>10.0.0.2', 8, 0, { id: 5 }), icmp('10.0.0.2>10.0.0.1', 0, 0, { id: 5 })],
    [
      'echo over IPv6',
      icmpv6('2001:db8::1>2001:db8::2', 128, 0, { id: 5 }),
      icmpv6('2001:db8::2>2001:db8::1', 129, 0, { id: 5 }),
    ],
  ])('is the same both ways: %s', (_, there, back) => {
    expect(same(keyOf(there))).toEqual(same(keyOf(back)))
    expect(keyOf(there).swapped).toBe(!keyOf(back).swapped)
  })

  it.each([
    ['a port', udp('10.0.0.1:1000>10.9.9.9:54')],
    ['an address', udp('10.0.0.2:1000>10.9.9.9:53')],
    ['ports changed over', udp('10.0.0.1:53>10.9.9.9:1000')],
    ['the protocol', tcp('10.0.0.1:1000>10.9.9.9:53', 'S')],
  ])('differs by %s', (_, other) => {
    expect(same(keyOf(udp('10.0.0.1:1000>10.9.9.9:53')))).not.toEqual(same(keyOf(other)))
  })

  it('differs by zone', () => {
    const packet = udp('10.0.0.1:1000>10.9.9.9:53')
    expect(same(keyOf(packet, 1))).not.toEqual(same(keyOf(packet, 2)))
  })

  it('an echo asked the other way is another connection', () => {
    const there = keyOf(icmp('10.0.0.1>10.0.0.2', 8, 0, { id: 5 }))
    const other = keyOf(icmp('10.0.0.2>10.0.0.1', 8, 0, { id: 5 }))
    expect(same(there)).not.toEqual(same(other))
  })

  it('knows a tuple that is its own inverse', () => {
    expect(keyOf(udp('10.0.0.1:5>10.0.0.1:5')).symmetric).toBe(true)
    expect(keyOf(udp('10.0.0.1:5>10.0.0.1:6')).symmetric).toBe(false)
    expect(keyOf(udp('[2001:db8::1]:5>[2001:db8::1]:5')).symmetric).toBe(true)
    expect(keyOf(udp('[2001:db8::1]:5>[2001:db8::2]:5')).symmetric).toBe(false)
  })

  it('ICMP types without a counterpart have none', () => {
    const types = Array.from({ length: 256 }, (_, type) => type)
    const v4 = types.filter((type) => hasIcmpCounterpart(decodeToFields(icmp('10.0.0.1>10.0.0.2', type)), 0))
    expect(v4).toEqual([0, 8, 13, 14, 15, 16, 17, 18])
    const v6 = types.filter((type) => hasIcmpCounterpart(decodeToFields(icmpv6('2001:db8::1>2001:db8::2', type)), 0))
    expect(v6).toEqual([128, 129, 139, 140])
  })
})
