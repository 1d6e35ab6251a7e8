import { describe, expect, test } from 'vitest'
import {
  LINK_BROADCAST,
  LINK_HOST,
  LINK_MULTICAST,
  LINK_OTHERHOST,
  LINK_OUTGOING,
  LINK_UNKNOWN,
} from '../../src/wire/packet-fields.ts'
import { be16, be32, concat, ether, udp } from '../support/packets.ts'
import { decode } from '../support/row.ts'

const V4 = udp('10.0.0.1:1000>10.9.9.9:53', { data: 'hello' })
const V6 = udp('[2001:db8::1]:1000>[2001:db8::9]:53', { data: 'hello' })

/** Every way of wrapping that must lead to the datagram: link type, then the bytes in front, then the datagram. */
const WRAPPED: [string, number, Uint8Array, Uint8Array][] = [
  ['raw IPv4', 101, new Uint8Array(0), V4],
  ['raw IPv6', 101, new Uint8Array(0), V6],
  ['BSD raw 12', 12, new Uint8Array(0), V4],
  ['OpenBSD raw 14', 14, new Uint8Array(0), V6],
  ['LINKTYPE_IPV4', 228, new Uint8Array(0), V4],
  ['LINKTYPE_IPV6', 229, new Uint8Array(0), V6],
  ['null, little-endian', 0, concat([2, 0, 0, 0]), V4],
  ['null, big-endian', 0, concat([0, 0, 0, 2]), V4],
  ['null, FreeBSD IPv6', 0, concat([28, 0, 0, 0]), V6],
  ['null, Darwin IPv6', 0, concat([30, 0, 0, 0]), V6],
  ['null, OpenBSD IPv6', 0, concat([24, 0, 0, 0]), V6],
  ['loop', 108, concat([0, 0, 0, 2]), V4],
  ['cooked', 113, concat(be16(0, 1, 6), [0, 0, 0, 0, 0, 1, 0, 0], be16(0x0800)), V4],
  ['cooked with a VLAN tag', 113, concat(be16(0, 1, 6), [0, 0, 0, 0, 0, 1, 0, 0], be16(0x8100, 7, 0x86dd)), V6],
  ['cooked 2', 276, concat(be16(0x86dd, 0), be32(3), be16(1), [0, 6], new Uint8Array(8)), V6],
  [
    'cooked 2 with a VLAN tag',
    276,
    concat(be16(0x8100, 0), be32(3), be16(1), [0, 6], new Uint8Array(8), be16(7, 0x800)),
    V4,
  ],
  ['PPP', 9, concat([0xff, 0x03, 0x00, 0x21]), V4],
  ['PPP without address bytes', 9, concat([0x00, 0x57]), V6],
  ['PPP with a one-byte protocol', 9, concat([0xff, 0x03, 0x21]), V4],
  ['PPP in HDLC framing', 50, concat([0xff, 0x03, 0x00, 0x57]), V6],
  ['Cisco HDLC as PPP', 50, concat([0x0f, 0x00, 0x08, 0x00]), V4],
  ['Cisco HDLC', 104, concat([0x0f, 0x00, 0x86, 0xdd]), V6],
  ['pppd, received', 166, concat([0x00, 0x03, 0x00, 0x21]), V4],
  ['PPP over MPLS', 9, concat([0xff, 0x03, 0x02, 0x81], be32(0x00010140)), V4],
  ['bare PPPoE session', 51, concat([0x11, 0], be16(1, V4.length + 2, 0x0021)), V4],
  ['NFLOG', 239, nflog(2, 1, V4).subarray(0, -V4.length), V4],
]

describe('link layers', () => {
  test.each(WRAPPED)('%s', (_name, linkType, front, datagram) => {
    const row = decode(concat(front, datagram), { linkType })
    expect(row).toMatchObject({ note: null, protocol: 17, ports: '1000>53', l3Length: datagram.length })
    expect(row.family).toBe(datagram[0] >> 4)
  })

  const ETHERNET: [string, Uint8Array, number][] = [
    ['plain', ether(V4), -1],
    ['IPv6', ether(V6), -1],
    ['padding up to 60 bytes is not part of the datagram', ether(V4, { padding: 'min' }), -1],
    ['802.1Q', ether(V4, { vlan: [12] }), 12],
    ['802.1ad and 802.1Q', ether(V4, { vlan: [100, 12] }), 100],
    ['three 0x9100 tags', ether(V6, { vlan: [5, 6, 7], tag: 0x9100 }), 5],
    ['priority tag', ether(V4, { vlan: [0] }), 0],
    ['PPPoE', ether(concat([0x11, 0], be16(1, V4.length + 2, 0x0021), V4), { type: 0x8864, padding: 9 }), -1],
    ['MPLS, one label', ether(concat(be32(0x00010140), V4), { type: 0x8847 }), -1],
    ['MPLS, three labels, IPv6', ether(concat(be32(0x10040, 0x20040, 0x30140), V6), { type: 0x8848 }), -1],
    ['LLC and SNAP', ether(concat([0xaa, 0xaa, 3, 0, 0, 0, 8, 0], V4), { type: 8 + V4.length, padding: 4 }), -1],
  ]
  test.each(ETHERNET)('Ethernet: %s', (_name, frame, vlan) => {
    expect(decode(frame, { linkType: 1 })).toMatchObject({
      note: null,
      ports: '1000>53',
      vlan,
      mac: 0,
      link: LINK_UNKNOWN,
    })
  })

  const NOT_IP: [string, number, Uint8Array, string][] = [
    ['ARP', 1, ether(new Uint8Array(28), { type: 0x0806 }), 'not-ip'],
    ['LLDP', 1, ether(new Uint8Array(28), { type: 0x88cc }), 'not-ip'],
    ['spanning tree (LLC)', 1, ether(concat([0x42, 0x42, 3], new Uint8Array(40)), { type: 43 }), 'not-ip'],
    ['SNAP within SNAP', 1, ether(concat([0xaa, 0xaa, 3, 0, 0, 0, 0, 8], V4), { type: 50 }), 'not-ip'],
    ['PPPoE discovery', 1, ether(V4, { type: 0x8863 }), 'not-ip'],
    ['PPP LCP', 9, concat([0xff, 3, 0xc0, 0x21, 1, 1, 0, 4]), 'not-ip'],
    ['MPLS pseudowire', 1, ether(concat(be32(0x00010140, 0), ether(V4)), { type: 0x8847 }), 'not-ip'],
    ['null with an unknown family', 0, concat([99, 0, 0, 0], V4), 'not-ip'],
    ['netlink in a cooked capture', 113, concat(be16(4, 824, 0), new Uint8Array(8), be16(0x0800), V4), 'not-ip'],
    ['NFLOG of a bridge', 239, nflog(7, 1, V4), 'not-ip'],
    ['IEEE 802.11', 105, V4, 'link-type'],
    ['Ethernet header cut short on the wire', 1, new Uint8Array(13), 'malformed'],
    [
      'PPPoE longer than the frame',
      1,
      ether(concat([0x11, 0], be16(1, 999, 0x0021), V4), { type: 0x8864 }),
      'malformed',
    ],
    ['type IPv4, version 6', 1, ether(V6, { type: 0x0800 }), 'malformed'],
    ['empty raw frame', 101, new Uint8Array(0), 'malformed'],
  ]
  test.each(NOT_IP)('%s is refused', (_name, linkType, frame, note) => {
    expect(decode(frame, { linkType })).toMatchObject({ family: 0, note, protocol: -1, l3Length: 0 })
  })

  test('a VLAN tag cut by the snap length is "cut", not "malformed"', () => {
    expect(decode(ether(V4, { vlan: [7] }), { linkType: 1, captured: 16 }).note).toBe('cut')
  })

  test('the group bit of the destination tells broadcast and multicast', () => {
    const link = (destination: string) => decode(ether(V4, { destination }), { linkType: 1 }).link
    expect(link('ff:ff:ff:ff:ff:ff')).toBe(LINK_BROADCAST)
    expect(link('01:00:5e:00:00:01')).toBe(LINK_MULTICAST)
    expect(link('02:00:00:00:00:01')).toBe(LINK_UNKNOWN)
  })

  test('cooked captures tell the packet type', () => {
    const cooked = (type: number) => concat(be16(type, 1, 6), new Uint8Array(8), be16(0x0800), V4)
    const types = [0, 1, 2, 3, 4, 5].map((type) => decode(cooked(type), { linkType: 113 }).link)
    expect(types).toEqual([LINK_HOST, LINK_BROADCAST, LINK_MULTICAST, LINK_OTHERHOST, LINK_OUTGOING, LINK_UNKNOWN])
  })

  test('pppd and NFLOG tell the direction', () => {
    expect(decode(concat([0, 3, 0, 0x21], V4), { linkType: 166 }).link).toBe(LINK_HOST)
    expect(decode(concat([1, 3, 0, 0x21], V4), { linkType: 166 }).link).toBe(LINK_OUTGOING)
    const hooks = [0, 1, 2, 3, 4].map((hook) => decode(nflog(2, hook, V4), { linkType: 239 }).link)
    expect(hooks).toEqual([LINK_HOST, LINK_HOST, LINK_UNKNOWN, LINK_OUTGOING, LINK_OUTGOING])
  })

  test('an NFLOG rule may copy less than the packet: its own length counts', () => {
    const row = decode(nflog(2, 1, V4.subarray(0, 30)), { linkType: 239 })
    expect(row).toMatchObject({ note: null, l3Length: V4.length, l3Captured: 30, ports: '1000>53' })
  })
})

/** Header, packet header attribute (with the hook), a time stamp attribute, payload. */
function nflog(family: number, hook: number, payload: Uint8Array): Uint8Array {
  const attribute = (type: number, value: Uint8Array | number[]) => [value.length + 4, 0, type, 0, ...value]
  const stamp = attribute(3, new Uint8Array(16))
  return concat([family, 0, 0, 5], attribute(1, [8, 0, hook, 0]), stamp, [(payload.length + 4) & 255, 0, 9, 0], payload)
}
