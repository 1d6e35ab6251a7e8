import { describe, expect, test } from 'vitest'
import { parseHelperOption } from '../../src/conntrack/helpers/ports-option.ts'
import { HELPERS } from '../../src/conntrack/helpers/registry.ts'
import { HelperPorts } from '../../src/netfilter/helper-ports.ts'
import { INTERFACE_LOOPBACK, type InterfaceOption } from '../../src/netfilter/interfaces.ts'
import { LocalAddresses } from '../../src/netfilter/local-addresses.ts'
import { Topology, type TopologyOptions } from '../../src/netfilter/topology.ts'
import { INTERFACE_UNKNOWN } from '../../src/ruleset/packet/rule-packet.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { IP_V4, IP_V6 } from '../../src/wire/packet-fields.ts'
import { sctp, udp } from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'

const topologyOf = (options: Partial<TopologyOptions> = {}) =>
  new Topology({ mode: 'router', local: [], interfaces: [], ...options })
const words = (text: string) => Int32Array.from(parseAddress(text).words)
const familyOf = (text: string) => parseAddress(text).family

const NETWORKS: readonly InterfaceOption[] = [
  { name: 'wan', networks: ['0.0.0.0/0', '::/0'] },
  { name: 'lan', networks: ['10.0.0.0/8', '2001:db8::/32'] },
  { name: 'dmz', networks: ['10.99.0.0/16'] },
  { name: 'lan', networks: ['192.168.0.0/16'] },
]

describe('interfaces', () => {
  const wayTo = (address: string, options: Partial<TopologyOptions> = { interfaces: NETWORKS }) => {
    const { routes } = topologyOf(options)
    const number = routes.outgoing(familyOf(address), words(address), 0)
    return number === INTERFACE_UNKNOWN ? 'unknown' : routes.names[number]
  }

  test.each([
    ['8.8.8.8', 'wan'],
    ['10.1.2.3', 'lan'],
    ['10.99.2.3', 'dmz'],
    ['10.100.0.0', 'lan'],
    ['192.168.255.255', 'lan'],
    ['2001:db8::1', 'lan'],
    ['2001:db9::1', 'wan'],
    ['255.255.255.255', 'wan'],
  ])('%s lies behind %s: the longest prefix wins, in whatever order they were given', (address, name) => {
    expect(wayTo(address)).toBe(name)
  })

  test('one network behind two interfaces is refused', () => {
    const both = [...NETWORKS, { name: 'vpn', networks: ['10.99.7.7/16'] }]
    expect(() => topologyOf({ interfaces: both })).toThrow(
      '--iface: 10.99.0.0/16 is said to be behind dmz and behind vpn; take it out of one',
    )
    expect(() => topologyOf({ interfaces: [...NETWORKS, { name: 'lan', networks: ['10.0.0.0/8'] }] })).not.toThrow()
  })

  test('what lies behind no network has an unknown interface', () => {
    expect(wayTo('8.8.8.8', { interfaces: NETWORKS.slice(1) })).toBe('unknown')
    expect(wayTo('8.8.8.8', {})).toBe('unknown')
  })

  test('a network of IPv4 says nothing about IPv6', () => {
    expect(wayTo('::a00:1', { interfaces: [{ name: 'lan', networks: ['10.0.0.0/8', '0.0.0.0/0'] }] })).toBe('unknown')
  })

  test('one name is one interface; lo is there before all', () => {
    expect(topologyOf({ interfaces: NETWORKS, inInterface: 'lan', outInterface: 'lo' }).interfaces).toEqual([
      '',
      'lo',
      'wan',
      'lan',
      'dmz',
    ])
    expect(INTERFACE_LOOPBACK).toBe(1)
  })

  test('fixed names count more than networks', () => {
    const { routes } = topologyOf({ interfaces: NETWORKS, inInterface: 'eth0', outInterface: 'eth1' })
    expect(routes.names[routes.incoming(IP_V4, words('10.0.0.1'), 0)]).toBe('eth0')
    expect(routes.names[routes.outgoing(IP_V4, words('10.0.0.1'), 0)]).toBe('eth1')
  })

  test.each([
    ['host', { inInterface: 'eth0' }, ['eth0', 'eth0']],
    ['host', { outInterface: 'eth0' }, ['eth0', 'eth0']],
    ['host', { inInterface: 'eth0', outInterface: 'eth1' }, ['eth0', 'eth1']],
    ['router', { inInterface: 'eth0' }, ['eth0', 'unknown']],
    ['router', { outInterface: 'eth1' }, ['unknown', 'eth1']],
  ] as const)('a %s told %o', (mode, names, expected) => {
    const { routes } = topologyOf({ mode, ...names })
    const both = [routes.incoming(IP_V4, words('10.0.0.1'), 0), routes.outgoing(IP_V4, words('10.0.0.1'), 0)]
    expect(both.map((number) => (number === INTERFACE_UNKNOWN ? 'unknown' : routes.names[number]))).toEqual(expected)
  })

  test('a network that is none is refused', () => {
    expect(() => topologyOf({ interfaces: [{ name: 'lan', networks: ['10.0.0.0/33'] }] })).toThrow(/10\.0\.0\.0\/33/)
  })
})

describe('own addresses', () => {
  const own = new LocalAddresses(['10.0.0.5/24', '192.0.2.1', '203.0.113.5/31', '2001:db8::5/64'])
  const has = (address: string) => own.has(familyOf(address), words(address), 0)
  const isBroadcast = (address: string) => own.isBroadcast(familyOf(address), words(address), 0)

  test.each([
    ['10.0.0.5', true],
    ['10.0.0.6', false],
    ['192.0.2.1', true],
    ['203.0.113.5', true],
    ['127.0.0.1', true],
    ['127.255.0.9', true],
    ['128.0.0.1', false],
    ['2001:db8::5', true],
    ['2001:db8::6', false],
    ['::1', true],
    ['::', false],
    ['::2', false],
  ])('%s: %s', (address, expected) => expect(has(address)).toBe(expected))

  test.each([
    ['255.255.255.255', true],
    ['10.0.0.255', true],
    ['10.0.1.255', false],
    ['10.0.0.0', false],
    // Without a length, and in networks of two, there is no broadcast (RFC 3021).
    ['192.0.2.1', false],
    ['203.0.113.5', false],
    ['ff02::1', false],
  ])('the broadcast %s: %s', (address, expected) => expect(isBroadcast(address)).toBe(expected))

  test('of a family, in the order given', () => {
    expect(own.all(IP_V4).map(([word]) => word >>> 0)).toEqual([0x0a000005, 0xc0000201, 0xcb007105])
    expect(own.all(IP_V6)).toHaveLength(1)
    expect(own.isEmpty).toBe(false)
    expect(new LocalAddresses([]).isEmpty).toBe(true)
  })

  test('text that is no address is refused', () => {
    expect(() => new LocalAddresses(['10.0.0.256'])).toThrow(/10\.0\.0\.256/)
    expect(() => new LocalAddresses(['2001:db8::5/129'])).toThrow(/129/)
  })

  test('the address of an interface: the one in its networks, else the first', () => {
    const topology = topologyOf({ interfaces: NETWORKS, local: ['10.0.0.254', '203.0.113.5', '10.99.0.1'] })
    const nowhere = new Int32Array(4)
    const on = (name: string) =>
      (topology.addressOn(IP_V4, topology.interfaces.indexOf(name), nowhere, 0)?.[0] ?? 0) >>> 0
    expect([on('lan'), on('wan'), on('dmz')]).toEqual([0x0a0000fe, 0xcb007105, 0x0a630001])
    expect(topology.addressOn(IP_V4, INTERFACE_UNKNOWN, nowhere, 0)?.[0]).toBe(0x0a0000fe)
    expect(topology.addressOn(IP_V6, 2, nowhere, 0)).toBeNull()
  })
})

test('the way to an address is by the interface that its network is behind, whatever all packets come in by', () => {
  const topology = topologyOf({ interfaces: NETWORKS, inInterface: 'wan' })
  const toward = (address: string) => topology.interfaces[topology.interfaceToward('ipv4', words(address), 0)]
  expect([toward('10.0.0.9'), toward('10.99.0.9')]).toEqual(['lan', 'dmz'])
})

describe('address types', () => {
  const [UNICAST, LOCAL, BROADCAST, MULTICAST] = [1, 2, 3, 5]
  const topology = topologyOf({ interfaces: NETWORKS.slice(1), local: ['10.0.0.5/24', '203.0.113.5', '2001:db8::5'] })
  const typeOf = (address: string, onInterface = '') =>
    topology.addressType(
      familyOf(address) === IP_V4 ? 'ipv4' : 'ipv6',
      words(address),
      0,
      Math.max(0, topology.interfaces.indexOf(onInterface)),
    )

  test.each([
    ['10.0.0.5', LOCAL],
    ['10.0.0.6', UNICAST],
    ['10.0.0.255', BROADCAST],
    ['255.255.255.255', BROADCAST],
    ['0.0.0.0', BROADCAST],
    ['224.0.0.1', MULTICAST],
    ['239.255.255.255', MULTICAST],
    ['127.0.0.1', LOCAL],
    ['8.8.8.8', UNICAST],
    ['2001:db8::5', LOCAL],
    ['2001:db8::6', UNICAST],
    ['::1', LOCAL],
    ['ff02::1', MULTICAST],
  ])('%s: %i', (address, type) => expect(typeOf(address)).toBe(type))

  test.each([
    ['127.0.0.1', 'lo', LOCAL],
    ['127.0.0.1', 'lan', UNICAST],
    ['10.0.0.5', 'lo', UNICAST],
    ['10.0.0.255', 'lo', UNICAST],
    ['10.0.0.255', 'lan', BROADCAST],
    ['10.0.0.255', 'dmz', UNICAST],
    ['255.255.255.255', 'lo', BROADCAST],
    ['224.0.0.1', 'lo', MULTICAST],
    ['2001:db8::5', 'lo', UNICAST],
    ['::1', 'lo', LOCAL],
  ])('%s on %s: %i', (address, name, type) => expect(typeOf(address, name)).toBe(type))

  test('routers alone hear the anycast address of a network, unless it is a link of two', () => {
    const ANYCAST = 4
    const local = ['2001:db8::fe/64', '2001:db8:1::1/127', '2001:db8:2::1']
    const type = (mode: 'router' | 'host', address: string) =>
      topologyOf({ mode, local }).addressType('ipv6', words(address), 0, 0)
    expect(type('router', '2001:db8::')).toBe(ANYCAST)
    expect(type('host', '2001:db8::')).toBe(UNICAST)
    expect(type('router', '2001:db8:1::')).toBe(UNICAST)
    expect(type('router', '2001:db8:2::')).toBe(UNICAST)
  })

  test('on one interface, an address of another is not local', () => {
    expect(typeOf('10.0.0.5', 'lan')).toBe(LOCAL)
    expect(typeOf('10.0.0.5', 'dmz')).toBe(UNICAST)
  })

  test('of an address whose interface nobody told, it is not known', () => {
    expect(typeOf('203.0.113.5', 'lan')).toBe(-1)
  })
})

describe('helpers by port', () => {
  const ports = new HelperPorts([...parseHelperOption('auto'), ...parseHelperOption('tcp/2121=ftp')])
  const helperFor = (packet: Uint8Array) => HELPERS[ports.helperFor(decodeToFields(packet), 0)]?.name ?? null

  test.each([
    ['udp 69', udp('10.0.0.1:4000>10.9.9.9:69'), 'tftp'],
    ['the source port does not count', udp('10.0.0.1:69>10.9.9.9:4000'), null],
    ['another protocol', sctp('10.0.0.1:4000>10.9.9.9:69', []), null],
    ['IPv6, where the helper knows it', udp('[2001:db8::1]:4000>[2001:db8::2]:69'), 'tftp'],
    ['IPv6, where it does not', udp('[2001:db8::1]:4000>[2001:db8::2]:137'), null],
    ['IPv4 of the same port', udp('10.0.0.1:4000>10.9.9.9:137'), 'netbios-ns'],
  ])('%s', (_, packet, name) => expect(helperFor(packet)).toBe(name))

  test('none without the option', () => {
    expect(new HelperPorts([]).helperFor(decodeToFields(udp('10.0.0.1:4000>10.9.9.9:69')), 0)).toBe(-1)
  })
})
