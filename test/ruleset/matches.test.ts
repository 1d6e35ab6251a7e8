import { describe, expect, test } from 'vitest'
import { HOOK_OUTPUT, HOOK_POSTROUTING } from '../../src/ruleset/packet/hooks.ts'
import { P_L3_CAPTURED } from '../../src/wire/packet-fields.ts'
import { ether, icmp, icmpv6, mss, nop, sctp, tcp, timestamps, udp } from '../support/packets.ts'
import { compile, decide, FakeConnections, matches, packetOf } from './support.ts'

const SYN = tcp('192.0.2.1:1000>198.51.100.2:80', 'S', { options: [mss(1460), nop()] })
const UDP = udp('192.0.2.1:1000>198.51.100.2:53', { data: 'hello' })

describe('what holds for a TCP SYN from 192.0.2.1:1000 to 198.51.100.2:80', () => {
  test.each([
    ['-s 192.0.2.0/24', 'yes'],
    ['! -s 192.0.2.0/24', 'no'],
    ['-d 128.0.0.0/1 -s 0.0.0.1/0.0.0.1', 'yes'],
    ['-i eth0 -o eth1', 'yes'],
    ['-i eth+ ! -o eth0', 'yes'],
    ['-i et', 'no'],
    ['! -i +', 'no'],
    ['-p udp', 'no'],
    ['! -p udp', 'yes'],
    ['-f', 'no'],
    ['! -f', 'yes'],
    ['-p tcp --dport 80', 'yes'],
    ['-p tcp ! --dport 0:65535', 'no'],
    ['-p tcp --sport 1001:', 'no'],
    ['-p tcp --syn', 'yes'],
    ['-p tcp --tcp-flags ALL SYN', 'yes'],
    ['-p tcp --tcp-flags ALL NONE', 'no'],
    ['-p tcp --tcp-option 2', 'yes'],
    ['-p tcp --tcp-option 8', 'no'],
    ['-p tcp ! --tcp-option 8', 'yes'],
    ['-p tcp -m multiport --dports 22,80:90', 'yes'],
    ['-p tcp -m multiport ! --ports 1000', 'no'],
    ['-m iprange --src-range 192.0.2.0-192.0.2.1', 'yes'],
    ['-m iprange ! --dst-range 198.51.100.2', 'no'],
    ['-m length --length 48', 'yes'],
    ['-m length ! --length 40:50', 'no'],
    // Routing has taken one off.
    ['-m ttl --ttl-eq 63', 'yes'],
    ['-m ttl --ttl-lt 63', 'no'],
    ['-m ttl --ttl-gt 62', 'yes'],
    ['-m state --state NEW', 'yes'],
    ['-m state ! --state NEW,INVALID', 'no'],
    ['-m conntrack --ctstate NEW', 'yes'],
    ['-m conntrack --ctstate NEW --ctdir REPLY', 'yes'],
    ['-m conntrack --ctdir ORIGINAL', 'no'],
    ['-m mark --mark 0', 'yes'],
    ['-m connmark ! --mark 1', 'no'],
    ['-m addrtype --src-type UNICAST', 'yes'],
    ['-m addrtype ! --dst-type LOCAL,BROADCAST', 'yes'],
    ['-m comment --comment "x y"', 'yes'],
    ['-m pkttype --pkt-type unicast', 'unknown'],
    ['-m mac --mac-source 02:00:00:00:00:01', 'unknown'],
    ['-m physdev --physdev-is-bridged', 'unknown'],
    ['-p udp -m physdev --physdev-is-bridged', 'no'],
  ])('%s: %s', (rule, expected) => {
    expect(matches(rule, packetOf(SYN))).toBe(expected)
  })
})

describe('how the frame was addressed on the link', () => {
  const ETHERNET = { linkType: 1 }
  const toOne = ether(SYN)
  const toAll = ether(UDP, { destination: 'ff:ff:ff:ff:ff:ff' })
  const toGroup = ether(UDP, { destination: '01:00:5e:00:00:fb' })

  test.each([
    ['unicast', 'yes', 'no', 'no'],
    ['broadcast', 'no', 'yes', 'no'],
    ['multicast', 'no', 'no', 'yes'],
    ['otherhost', 'no', 'no', 'no'],
  ])('an Ethernet header tells it: %s', (type, ...expected) => {
    const frames = [toOne, toAll, toGroup]
    expect(frames.map((frame) => matches(`-m pkttype --pkt-type ${type}`, packetOf(frame, ETHERNET)))).toEqual(expected)
  })

  test('what the machine itself sends is unicast, whatever its destination', () => {
    const rules = '*mangle\n-A OUTPUT -m pkttype ! --pkt-type unicast -j DROP\nCOMMIT\n'
    for (const [frame, linkType] of [
      [toOne, 1],
      [toAll, 1],
      [toGroup, 1],
      [UDP, 101],
    ] as const) {
      expect(decide(compile(rules), packetOf(frame, { linkType, hook: HOOK_OUTPUT }))).toBe(
        'ACCEPT mangle:OUTPUT:policy:2',
      )
    }
    const behind = rules.replace('OUTPUT', 'POSTROUTING')
    const sent = packetOf(toAll, { linkType: 1, hook: HOOK_POSTROUTING })
    expect(decide(compile(behind), sent)).toBe('ACCEPT mangle:POSTROUTING:policy:2')
    const passedOn = packetOf(toAll, { linkType: 1, hook: HOOK_POSTROUTING, forwarded: true })
    expect(decide(compile(behind), passedOn)).toBe('DROP mangle:POSTROUTING:rule:1')
  })
})

describe('connections', () => {
  const connections = Object.assign(new FakeConnections(), { bits: 4 | 8 | 16, remaining: 7.9e9 })
  connections.marks.set(3, 0x15)
  test.each([
    ['-m conntrack --ctstate SNAT', 'yes'],
    ['-m conntrack --ctstate INVALID,SNAT', 'yes'],
    ['-m conntrack ! --ctstate DNAT', 'yes'],
    ['-m conntrack --ctstatus ASSURED,EXPECTED', 'yes'],
    ['-m conntrack ! --ctstatus ASSURED', 'no'],
    ['-m conntrack --ctstatus NONE', 'no'],
    ['-m conntrack --ctproto tcp', 'yes'],
    ['-m conntrack --ctorigsrc 10.0.0.1 --ctrepldst 10.0.0.0/24', 'yes'],
    ['-m conntrack ! --ctorigdst 10.0.0.2', 'no'],
    ['-m conntrack --ctorigdstport 80 --ctreplsrcport 1:100', 'yes'],
    ['-m conntrack --ctexpire 7', 'yes'],
    ['-m conntrack --ctexpire 8:9', 'no'],
    ['-m conntrack --ctdir REPLY', 'yes'],
    ['-m conntrack --ctstate NEW --ctdir ORIGINAL', 'no'],
    ['-m connmark --mark 0x10/0xf0', 'yes'],
  ])('%s: %s', (rule, expected) => {
    expect(matches(rule, packetOf(SYN, { connection: 3, direction: 1, connections }))).toBe(expected)
  })

  // oracle: fuzzing of firewalls
  test('a connection that is not confirmed yet has no time left', () => {
    const packet = packetOf(SYN, {
      connection: 3,
      direction: 0,
      connections: Object.assign(new FakeConnections(), { remaining: 7.9e9 }),
    })
    expect(matches('-m conntrack --ctexpire 0', packet)).toBe('yes')
    expect(matches('-m conntrack --ctexpire 7', packet)).toBe('no')
  })
})

describe('other protocols', () => {
  test.each([
    ['-p udp --sport 1000 --dport 53', UDP, 'yes'],
    ['-p udp -m multiport --dports 53', UDP, 'yes'],
    ['-p icmp --icmp-type 8', icmp('192.0.2.1>192.0.2.2', 8), 'yes'],
    ['-p icmp --icmp-type any', icmp('192.0.2.1>192.0.2.2', 8), 'yes'],
    ['-p icmp ! --icmp-type any', icmp('192.0.2.1>192.0.2.2', 8), 'no'],
    ['-p icmp --icmp-type 3/4', icmp('192.0.2.1>192.0.2.2', 3, 4), 'yes'],
    ['-p icmp --icmp-type 3/3', icmp('192.0.2.1>192.0.2.2', 3, 4), 'no'],
    ['-p icmp --icmp-type port-unreach', icmp('192.0.2.1>192.0.2.2', 3, 3), 'yes'],
  ])('%s', (rule, bytes, expected) => {
    expect(matches(rule, packetOf(bytes))).toBe(expected)
  })

  test('ICMPv6 and IPv6 addresses', () => {
    const packet = packetOf(icmpv6('2001:db8::5>2001:db8:1::1', 135))
    expect(matches('-p icmpv6 --icmpv6-type neighbour-solicitation', packet, 'ipv6')).toBe('yes')
    expect(matches('-s 2001:db8::/48 -d 2001:db8:1::1', packet, 'ipv6')).toBe('yes')
    expect(matches('! -s 2001:db8::/48', packet, 'ipv6')).toBe('no')
    expect(matches('-m iprange --src-range 2001:db8::4-2001:db8::6', packet, 'ipv6')).toBe('yes')
    expect(matches('-m iprange --src-range 2001:db8::6-2001:db8:1::', packet, 'ipv6')).toBe('no')
    expect(matches('-m hl --hl-eq 63', packet, 'ipv6')).toBe('yes')
    expect(matches('-m addrtype --dst-type LOCAL', packet, 'ipv6')).toBe('yes')
  })

  test('the Ethernet source', () => {
    const frame = ether(SYN)
    const address = [...frame.subarray(6, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
    expect(matches(`-m mac --mac-source ${address}`, packetOf(frame, { linkType: 1 }))).toBe('yes')
    expect(matches('-m mac --mac-source 00:00:00:00:00:09', packetOf(frame, { linkType: 1 }))).toBe('no')
  })
})

describe('headers that are too short', () => {
  const STUMP = tcp('192.0.2.1:1000>198.51.100.2:80', 'S').slice(0, 32)
  STUMP[3] = 32

  test('a TCP header shorter on the wire than 20 bytes is dropped by the first TCP match', () => {
    expect(matches('-p tcp', packetOf(STUMP))).toBe('yes')
    expect(matches('-p tcp --dport 80', packetOf(STUMP))).toBe('no')
    expect(matches('-p udp --dport 80', packetOf(STUMP))).toBe('no')
  })

  test('a header cut by the snap length is unknown, as far as it was cut', () => {
    const cut = (captured: number) => {
      const packet = packetOf(SYN)
      packet.fields[P_L3_CAPTURED] = captured
      return packet
    }
    expect(matches('-p tcp --dport 80', cut(22))).toBe('unknown')
    expect(matches('-p tcp --dport 80', cut(24))).toBe('yes')
    expect(matches('-p tcp --syn', cut(30))).toBe('unknown')
    expect(matches('-p tcp --tcp-option 8', cut(42))).toBe('unknown')
    expect(matches('-p tcp --tcp-option 2', cut(42))).toBe('yes')
  })

  test('TCP options that lie about their length', () => {
    const liar = tcp('192.0.2.1:1>192.0.2.2:2', 'S', { options: [[2, 0], timestamps(1, 2)] })
    expect(matches('-p tcp --tcp-option 8', packetOf(liar))).toBe('yes')
  })
})

test('SCTP chunks', () => {
  const data = Uint8Array.from([0, 3, 0, 16, ...Array<number>(12).fill(0)])
  const sack = Uint8Array.from([3, 0, 0, 16, ...Array<number>(12).fill(0)])
  const packet = packetOf(sctp('192.0.2.1:1>192.0.2.2:2', [sack, data]))
  const asked = (chunks: string): string => matches(`-p sctp -m sctp --chunk-types ${chunks}`, packet)
  expect(asked('any DATA')).toBe('yes')
  expect(asked('any DATA:BE')).toBe('yes')
  expect(asked('any DATA:Bu')).toBe('yes')
  expect(asked('any DATA:U')).toBe('no')
  expect(asked('all DATA,SACK')).toBe('yes')
  expect(asked('all DATA,SACK,ABORT')).toBe('no')
  expect(asked('only DATA')).toBe('no')
  expect(asked('only DATA,SACK,ABORT')).toBe('yes')
})
