import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { kernelOracle, type OracleLine } from '../kernel/kernel-oracle.ts'
import { temporaryFolder } from '../support/files.ts'
import { ether, icmpv6, udp } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'
import { Replaying, table } from './replaying.ts'
import { ANONYMOUS_ROUTER, HOST, ROUTER, type RoutedMachine } from './routing-cases.ts'

const MACHINES: readonly (readonly [string, RoutedMachine])[] = [
  ['a router that nobody named an address of', ANONYMOUS_ROUTER],
  ['a router with addresses', ROUTER],
  ['a host', HOST],
]

describe.each(MACHINES)('%s', (_, { mode, local, cases }) => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, { packet, way }) => {
    expect(new Replaying({ mode, local }).say(packet)).toBe(way)
  })
})

const oracle = kernelOracle()
const folder = temporaryFolder()

function wayOfKernel({ state, hook, verdict, note }: OracleLine): string {
  if (state === 'OTHERHOST') return 'not-seen'
  if (state === 'IP_DROP') return note?.startsWith('bad IP header checksum') ? 'ip-checksum' : 'refused'
  return [state, hook === 'PREROUTING' ? '' : hook, verdict].filter((word) => word !== '').join(' ')
}

describe.skipIf(!oracle.available)(`the kernel's ways (${oracle.available ? 'it is asked' : oracle.why})`, () => {
  it.each(MACHINES)('%s', async (name, { mode, local, cases }) => {
    if (!oracle.available) return
    const asked = cases.filter((one) => one.notAsked === undefined)
    const capture = join(folder, `${name}.pcap`)
    writeFileSync(capture, pcap(asked.map((one) => one.packet)))
    const options = mode === 'host' ? ['--mode', 'host'] : []
    const lines = await oracle.run(capture, local.length > 0 ? [...options, '--local', local.join(',')] : options)
    const ways = Object.fromEntries(lines.map((line, index) => [asked[index].name, wayOfKernel(line)]))
    expect(ways).toEqual(Object.fromEntries(asked.map((one) => [one.name, one.way])))
  })
})

describe('what is refused is never confirmed', () => {
  test('a packet whose TTL ends stays NEW, however often it comes', () => {
    const router = new Replaying()
    const traceroute = udp('10.0.0.1:40000>10.9.9.9:33434', { ttl: 1 })
    expect(router.sayAll([traceroute, traceroute])).toEqual(['NEW not-routed', 'NEW not-routed'])
    expect(router.live).toBe(0)
  })

  test('nor is its answer part of a connection', () => {
    const router = new Replaying()
    router.say(udp('10.0.0.1:40000>10.9.9.9:53', { ttl: 1 }))
    expect(router.say(udp('10.9.9.9:53>10.0.0.1:40000'))).toBe('NEW FORWARD ACCEPT')
  })

  test('but a packet of a known connection has its label', () => {
    const router = new Replaying()
    router.say(udp('10.0.0.1:40000>10.9.9.9:53'))
    expect(router.say(udp('10.9.9.9:53>10.0.0.1:40000', { ttl: 1 }))).toBe('ESTABLISHED/reply not-routed')
    expect(router.say(udp('10.0.0.1:40000>10.9.9.9:53'))).toBe('ESTABLISHED FORWARD ACCEPT')
  })
})

describe('what never reaches a hook', () => {
  const ARP = Uint8Array.from([0, 1, 8, 0, 6, 4, 0, 1, ...Array<number>(20).fill(0)])
  const ETHERNET = 1
  test.each([
    ['ARP', ether(ARP, { type: 0x0806 }), ETHERNET, 'not-ip'],
    ['a link type that nobody takes apart', udp('10.0.0.1:1>10.0.0.2:2'), 147, 'link-type'],
    ['an IPv4 header of twelve bytes', udp('10.0.0.1:1>10.0.0.2:2', { ihl: 3 }), 101, 'malformed'],
    ['IPv6 from ::1 on a wire', udp('[::1]:1>[2001:db8::1]:2'), 101, 'loopback-only'],
    ['IPv6 to a group of the reserved scope', udp('[2001:db8::1]:1>[ff00::5]:2'), 101, 'loopback-only'],
    ['IPv6 from a group', udp('[ff02::5]:1>[2001:db8::1]:2'), 101, 'malformed'],
  ])('%s', (_, packet, linkType, note) => {
    expect(new Replaying().say(packet, { linkType })).toBe(note)
  })

  test('::1 to ::1 does on the host itself', () => {
    const host = new Replaying({ mode: 'host', local: ['2001:db8::5'] })
    expect(host.say(udp('[::1]:1>[::1]:2'))).toBe('NEW INPUT ACCEPT')
  })

  test('neighbours are UNTRACKED, on their way in and out', () => {
    const host = new Replaying({ mode: 'host', local: ['fe80::5'] })
    expect(host.say(icmpv6('fe80::1>fe80::5', 135, 0, { ttl: 255 }))).toBe('UNTRACKED INPUT ACCEPT')
    expect(host.say(icmpv6('fe80::5>fe80::1', 136, 0, { ttl: 255 }))).toBe('UNTRACKED OUTPUT ACCEPT')
  })
})

test.each([
  ['2001:db8:9::/64', 'NEW not-routed'],
  ['2001:db8::/64', 'NEW INPUT ACCEPT'],
])('a host routes what DNPT leads to %s by that (asked of Linux 6.18)', (network, way) => {
  const rules6 = table('mangle', `-A PREROUTING -j DNPT --src-pfx 2001:db8::/64 --dst-pfx ${network}`)
  const replaying = new Replaying({ mode: 'host', local: ['2001:db8::7/64'], rules6 })
  expect(replaying.say(udp('[2001:db8::9]:1>[2001:db8::7]:2'))).toBe(way)
})

test.each([
  ['--ttl-set 1', 64, 'NEW not-routed'],
  ['--ttl-dec 62', 64, 'NEW FORWARD ACCEPT'],
  ['--ttl-dec 63', 64, 'NEW not-routed'],
  ['--ttl-inc 5', 1, 'NEW FORWARD ACCEPT'],
])('a router looks at the TTL that PREROUTING leaves (asked of Linux 6.18): %s of %i', (change, ttl, way) => {
  const replaying = new Replaying({ rules: table('mangle', `-A PREROUTING -j TTL ${change}`) })
  expect(replaying.say(udp('10.0.0.1:1>10.9.9.9:2', { ttl }))).toBe(way)
})

test.each(['router', 'host'] as const)('no %s takes in what DNAT leads to ::1 (asked of Linux 6.18)', (mode) => {
  const rules6 = table('nat', '-A PREROUTING -p udp -j DNAT --to-destination ::1')
  const replaying = new Replaying({ mode, local: ['2001:db8::7/64'], rules6 })
  expect(replaying.say(udp('[2001:db8::9]:1>[2001:db8::7]:2'))).toBe('NEW not-routed')
})
