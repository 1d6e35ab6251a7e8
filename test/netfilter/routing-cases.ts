import { datagram, icmp, icmpv6, tcp, udp } from '../support/packets.ts'

/** A packet that reaches a machine, and which way it takes there (without rules). */
interface RoutingCase {
  name: string
  packet: Uint8Array
  /** As `Replaying.say` says it. */
  way: string
  /** Why the kernel of the test is not asked. */
  notAsked?: string
}

/** A machine, and what it does with packets. */
export interface RoutedMachine {
  mode: 'router' | 'host'
  local: readonly string[]
  cases: readonly RoutingCase[]
}

const FORWARDED = 'NEW FORWARD ACCEPT'
const RECEIVED = 'NEW INPUT ACCEPT'
const SENT = 'NEW OUTPUT ACCEPT'
const REFUSED = 'NEW not-routed'
const UNSEEN = 'not-seen'

let port = 20_000
/** Every packet opens a connection of its own. */
const from = (path: string, more: Parameters<typeof udp>[1] = {}): Uint8Array => {
  const [source, destination] = path.split('>')
  const end = (address: string, number: number) =>
    address.includes(':') ? `[${address}]:${number}` : `${address}:${number}`
  return udp(`${end(source, port++)}>${end(destination, 53)}`, more)
}

/** The test's kernel takes packets from its own addresses, which others refuse (accept_local). */
const LAX = 'takes packets from its own addresses'
/** Behind the last hook, where the kernel drops what goes to such groups. */
const BEHIND = 'lets no such packet leave, so that it looks dropped'

const LOOSE_ROUTE = [131, 7, 4, 10, 9, 9, 8]
const STRICT_ROUTE = [137, 7, 4, 10, 9, 9, 8]
const RECORD_ROUTE = [7, 7, 4, 0, 0, 0, 0]

/** Nobody named an address of the router. */
export const ANONYMOUS_ROUTER: RoutedMachine = {
  mode: 'router',
  local: [],
  cases: [
    { name: 'between two hosts', packet: from('10.0.0.1>10.9.9.9'), way: FORWARDED },
    { name: 'TTL 2', packet: from('10.0.0.1>10.9.9.9', { ttl: 2 }), way: FORWARDED },
    { name: 'TTL 1', packet: from('10.0.0.1>10.9.9.9', { ttl: 1 }), way: REFUSED },
    { name: 'TTL 0', packet: from('10.0.0.1>10.9.9.9', { ttl: 0 }), way: REFUSED },
    { name: 'to the limited broadcast', packet: from('10.0.0.1>255.255.255.255'), way: RECEIVED },
    {
      name: 'from a loopback address to the limited broadcast',
      packet: from('127.1.2.3>255.255.255.255'),
      way: RECEIVED,
    },
    { name: 'from a loopback address to all systems', packet: from('127.1.2.3>224.0.0.1'), way: REFUSED },
    { name: 'from a loopback address', packet: from('127.1.2.3>10.9.9.9'), way: REFUSED },
    { name: 'from a group to the limited broadcast', packet: from('239.1.2.3>255.255.255.255'), way: REFUSED },
    { name: 'from the limited broadcast to itself', packet: from('255.255.255.255>255.255.255.255'), way: REFUSED },
    { name: 'DHCP discover', packet: udp('0.0.0.0:68>255.255.255.255:67'), way: RECEIVED },
    { name: 'from nowhere to nowhere', packet: from('0.0.0.0>0.0.0.0'), way: RECEIVED },
    { name: 'from nowhere to a host', packet: from('0.0.0.0>10.9.9.9'), way: REFUSED },
    { name: 'to 0.0.0.0', packet: from('10.0.0.1>0.0.0.0'), way: REFUSED },
    { name: 'to all systems', packet: from('10.0.0.1>224.0.0.1'), way: RECEIVED },
    { name: 'to a group that nobody joined', packet: from('10.0.0.1>239.1.2.3'), way: REFUSED },
    { name: 'to the routers of OSPF', packet: from('10.0.0.1>224.0.0.5', { ttl: 1 }), way: REFUSED },
    { name: 'from a group', packet: from('224.0.0.9>10.9.9.9'), way: REFUSED },
    { name: 'from a group to all systems', packet: from('224.0.0.9>224.0.0.1'), way: REFUSED },
    { name: 'from the broadcast', packet: from('255.255.255.255>10.9.9.9'), way: REFUSED },
    { name: 'from the broadcast to the broadcast', packet: from('255.255.255.255>255.255.255.255'), way: REFUSED },
    { name: 'from loopback', packet: from('127.0.0.1>10.9.9.9'), way: REFUSED },
    { name: 'to loopback', packet: from('10.0.0.1>127.0.0.1'), way: REFUSED },
    { name: 'from loopback to the broadcast', packet: from('127.0.0.1>255.255.255.255'), way: REFUSED, notAsked: LAX },
    { name: 'from class E', packet: from('240.0.0.1>10.9.9.9'), way: FORWARDED },
    { name: 'to class E', packet: from('10.0.0.1>240.0.0.1'), way: FORWARDED },
    { name: 'from this network', packet: from('0.0.0.5>10.9.9.9'), way: FORWARDED },
    { name: 'to this network', packet: from('10.0.0.1>0.0.0.5'), way: FORWARDED },
    { name: 'from an address of zeroconf', packet: from('169.254.1.1>10.9.9.9'), way: FORWARDED },
    { name: 'loosely source routed', packet: from('10.0.0.1>10.9.9.9', { ipOptions: LOOSE_ROUTE }), way: REFUSED },
    { name: 'strictly source routed', packet: from('10.0.0.1>10.9.9.9', { ipOptions: STRICT_ROUTE }), way: REFUSED },
    { name: 'with its route recorded', packet: from('10.0.0.1>10.9.9.9', { ipOptions: RECORD_ROUTE }), way: FORWARDED },
    { name: 'with a broken option', packet: from('10.0.0.1>10.9.9.9', { ipOptions: [7, 2, 4, 0] }), way: REFUSED },
    { name: 'to itself', packet: from('10.9.9.9>10.9.9.9'), way: FORWARDED },
    { name: 'IPv6 between two hosts', packet: from('2001:db8::1>2001:db8:9::9'), way: FORWARDED },
    { name: 'IPv6, hop limit 2', packet: from('2001:db8::1>2001:db8:9::9', { ttl: 2 }), way: FORWARDED },
    { name: 'IPv6, hop limit 1', packet: from('2001:db8::1>2001:db8:9::9', { ttl: 1 }), way: REFUSED },
    { name: 'IPv6 from a link-local address', packet: from('fe80::1>2001:db8:9::9'), way: REFUSED },
    { name: 'IPv6 to a link-local address', packet: from('2001:db8::1>fe80::7'), way: REFUSED },
    { name: 'IPv6 from a unique local address', packet: from('fd00::1>2001:db8:9::9'), way: FORWARDED },
    { name: 'IPv6 from a site-local address', packet: from('fec0::1>2001:db8:9::9'), way: FORWARDED },
    { name: 'IPv6 from nowhere', packet: from('::>2001:db8:9::9'), way: REFUSED },
    { name: 'IPv6 to all nodes', packet: from('fe80::1>ff02::1'), way: RECEIVED },
    { name: 'IPv6 to all routers', packet: from('fe80::1>ff02::2'), way: RECEIVED },
    { name: 'IPv6 to mDNS', packet: from('fe80::1>ff02::fb'), way: REFUSED },
    { name: 'IPv6 to a group of the site', packet: from('2001:db8::1>ff05::2'), way: REFUSED },
  ],
}

/** 10.0.0.254 inside, 203.0.113.5 outside. */
export const ROUTER: RoutedMachine = {
  mode: 'router',
  local: ['10.0.0.254/24', '203.0.113.5/30', '2001:db8::fe/64'],
  cases: [
    { name: 'between two hosts', packet: from('10.0.0.1>10.9.9.9'), way: FORWARDED },
    { name: 'to the router', packet: from('10.0.0.1>10.0.0.254'), way: RECEIVED },
    { name: 'to the router, TTL 1', packet: from('10.0.0.1>10.0.0.254', { ttl: 1 }), way: RECEIVED },
    { name: 'to its other address', packet: from('10.0.0.1>203.0.113.5'), way: RECEIVED },
    { name: 'from the router', packet: from('10.0.0.254>10.0.0.1'), way: SENT },
    { name: 'from the router, TTL 1', packet: from('10.0.0.254>10.0.0.1', { ttl: 1 }), way: SENT },
    { name: 'from one of its addresses to the other', packet: from('10.0.0.254>203.0.113.5'), way: RECEIVED },
    { name: 'from the router to itself', packet: from('203.0.113.5>203.0.113.5'), way: RECEIVED },
    { name: 'to the broadcast of its network', packet: from('10.0.0.1>10.0.0.255'), way: RECEIVED },
    { name: 'to the broadcast of its short network', packet: from('10.0.0.1>203.0.113.7'), way: RECEIVED },
    { name: 'to the broadcast of another network', packet: from('10.0.0.1>10.0.1.255'), way: FORWARDED },
    {
      name: 'to the router, source routed',
      packet: from('10.0.0.1>10.0.0.254', { ipOptions: LOOSE_ROUTE }),
      way: REFUSED,
    },
    { name: 'to the router from a group', packet: from('224.0.0.9>10.0.0.254'), way: REFUSED },
    { name: 'to the router from nowhere', packet: from('0.0.0.0>10.0.0.254'), way: REFUSED },
    { name: 'to the broadcast from nowhere', packet: from('0.0.0.0>10.0.0.255'), way: REFUSED },
    { name: 'to the limited broadcast from nowhere', packet: from('0.0.0.0>255.255.255.255'), way: RECEIVED },
    { name: 'to all systems', packet: from('10.0.0.1>224.0.0.1'), way: RECEIVED },
    { name: 'to all systems from nowhere', packet: from('0.0.0.0>224.0.0.1'), way: RECEIVED },
    { name: 'to a group that it did not join', packet: from('10.0.0.1>239.255.255.250'), way: REFUSED },
    { name: 'to the limited broadcast', packet: from('10.0.0.1>255.255.255.255'), way: RECEIVED },
    { name: 'from the router to the broadcast', packet: from('10.0.0.254>10.0.0.255'), way: SENT },
    { name: 'from the router to a group', packet: from('10.0.0.254>224.0.0.5'), way: SENT },
    { name: 'to loopback', packet: from('10.0.0.1>127.0.0.1'), way: REFUSED },
    { name: 'to another loopback address', packet: from('10.0.0.1>127.5.5.5'), way: REFUSED },
    { name: 'to its network', packet: from('10.0.0.1>10.0.0.0'), way: FORWARDED },
    { name: 'from its broadcast', packet: from('10.0.0.255>10.0.0.254'), way: RECEIVED },
    { name: 'from its network', packet: from('10.0.0.0>10.0.0.254'), way: RECEIVED },
    { name: 'to the router from class E', packet: from('240.0.0.1>10.0.0.254'), way: RECEIVED },
    { name: 'to the router from an address of zeroconf', packet: from('169.254.1.1>10.0.0.254'), way: RECEIVED },
    { name: 'from the router to class E', packet: from('10.0.0.254>240.0.0.1'), way: SENT },
    { name: 'from the router to nowhere', packet: from('10.0.0.254>0.0.0.0'), way: RECEIVED },
    { name: 'from loopback to another', packet: from('127.0.0.1>10.9.9.9'), way: SENT },
    { name: 'IPv6 to any router of its network', packet: from('2001:db8::1>2001:db8::'), way: RECEIVED },
    {
      name: 'IPv6 to any router of its network, hop limit 1',
      packet: from('2001:db8::1>2001:db8::', { ttl: 1 }),
      way: RECEIVED,
    },
    { name: 'IPv6 to any router of its network from nowhere', packet: from('::>2001:db8::'), way: RECEIVED },
    { name: 'IPv6 from any router of its network', packet: from('2001:db8::>2001:db8:9::9'), way: FORWARDED },
    { name: 'IPv6 to any router of another network', packet: from('2001:db8::1>2001:db8:9::'), way: FORWARDED },
    { name: 'IPv6 from the router to any of its network', packet: from('2001:db8::fe>2001:db8::'), way: RECEIVED },
    { name: 'IPv6 from the router to nowhere', packet: from('2001:db8::fe>::'), way: RECEIVED },
    { name: 'IPv6 between two hosts', packet: from('2001:db8::1>2001:db8:9::9'), way: FORWARDED },
    { name: 'IPv6 to the router', packet: from('2001:db8::1>2001:db8::fe'), way: RECEIVED },
    { name: 'IPv6 to the router, hop limit 1', packet: from('2001:db8::1>2001:db8::fe', { ttl: 1 }), way: RECEIVED },
    { name: 'IPv6 to the router from a link-local address', packet: from('fe80::1>2001:db8::fe'), way: RECEIVED },
    { name: 'IPv6 from the router', packet: from('2001:db8::fe>2001:db8::1'), way: SENT },
    { name: 'IPv6 to all nodes', packet: from('2001:db8::1>ff02::1'), way: RECEIVED },
    { name: 'IPv6 to all routers', packet: from('2001:db8::1>ff02::2'), way: RECEIVED },
    { name: 'IPv6 to a group that it did not join', packet: from('2001:db8::1>ff02::fb'), way: REFUSED },
    {
      name: 'IPv6 to the group of its address',
      packet: from('2001:db8::1>ff02::1:ff00:fe'),
      way: RECEIVED,
      notAsked: 'has a device without neighbours, which joins no such group',
    },
    { name: 'IPv6 to the group of another address', packet: from('2001:db8::1>ff02::1:ff00:ff'), way: REFUSED },
    { name: 'IPv6 to a larger group with the same end', packet: from('2001:db8::1>ff05::1:ff00:fe'), way: REFUSED },
  ],
}

export const HOST: RoutedMachine = {
  mode: 'host',
  local: ['10.0.0.5/24', '2001:db8::5/64'],
  cases: [
    { name: 'to the host', packet: from('10.0.0.1>10.0.0.5'), way: RECEIVED },
    { name: 'to the host, TTL 1', packet: from('10.0.0.1>10.0.0.5', { ttl: 1 }), way: RECEIVED },
    { name: 'from the host', packet: from('10.0.0.5>10.0.0.1'), way: SENT },
    { name: 'from the host, TTL 1', packet: from('10.0.0.5>10.0.0.1', { ttl: 1 }), way: SENT },
    { name: 'between others', packet: from('10.0.0.1>10.9.9.9'), way: UNSEEN },
    { name: 'between others, TTL 1', packet: from('10.0.0.1>10.9.9.9', { ttl: 1 }), way: UNSEEN },
    {
      name: 'between others, source routed',
      packet: from('10.0.0.1>10.9.9.9', { ipOptions: LOOSE_ROUTE }),
      way: UNSEEN,
    },
    { name: 'to the host, source routed', packet: from('10.0.0.1>10.0.0.5', { ipOptions: LOOSE_ROUTE }), way: REFUSED },
    { name: 'to the broadcast of its network', packet: from('10.0.0.1>10.0.0.255'), way: RECEIVED },
    { name: 'to the limited broadcast', packet: from('10.0.0.1>255.255.255.255'), way: RECEIVED },
    { name: 'DHCP discover of another', packet: udp('0.0.0.0:68>255.255.255.255:67'), way: RECEIVED },
    { name: 'to the broadcast of another network', packet: from('10.0.0.1>10.0.1.255'), way: UNSEEN },
    { name: 'to all systems', packet: from('10.0.0.1>224.0.0.1', { ttl: 1 }), way: RECEIVED },
    { name: 'to a group, which it joined', packet: from('10.0.0.1>239.255.255.250'), way: RECEIVED },
    { name: 'to a group from nowhere', packet: from('0.0.0.0>239.255.255.250'), way: REFUSED },
    { name: 'to a group of the link from nowhere', packet: from('0.0.0.0>224.0.0.251'), way: RECEIVED },
    {
      name: 'IGMP from nowhere',
      packet: datagram('0.0.0.0>239.255.255.250', 2, [0x16, 0, 0, 0, 239, 255, 255, 250], { ttl: 1 }),
      way: RECEIVED,
    },
    { name: 'to a group, source routed', packet: from('10.0.0.1>224.0.0.1', { ipOptions: LOOSE_ROUTE }), way: REFUSED },
    {
      name: 'to the broadcast, source routed',
      packet: from('10.0.0.1>10.0.0.255', { ipOptions: LOOSE_ROUTE }),
      way: REFUSED,
    },
    { name: 'to the broadcast from nowhere', packet: from('0.0.0.0>10.0.0.255'), way: REFUSED },
    { name: 'from the host to a group', packet: from('10.0.0.5>224.0.0.251', { ttl: 255 }), way: SENT },
    { name: 'from the host to the broadcast', packet: from('10.0.0.5>10.0.0.255'), way: SENT },
    { name: 'from a group', packet: from('224.0.0.9>10.0.0.5'), way: REFUSED },
    { name: 'from nowhere', packet: from('0.0.0.0>10.0.0.5'), way: REFUSED },
    { name: 'from the broadcast', packet: from('255.255.255.255>10.0.0.5'), way: REFUSED },
    { name: 'from the host to itself', packet: from('10.0.0.5>10.0.0.5'), way: RECEIVED },
    { name: 'to loopback from another', packet: from('10.0.0.1>127.0.0.1'), way: REFUSED },
    { name: 'to 0.0.0.0', packet: from('10.0.0.1>0.0.0.0'), way: UNSEEN },
    {
      name: 'from nowhere to nowhere',
      packet: from('0.0.0.0>0.0.0.0'),
      way: RECEIVED,
      notAsked: "is not given what has no host's address",
    },
    { name: 'from its broadcast', packet: from('10.0.0.255>10.0.0.5'), way: RECEIVED },
    { name: 'from class E', packet: from('240.0.0.1>10.0.0.5'), way: RECEIVED },
    { name: 'from an address of zeroconf', packet: from('169.254.1.1>10.0.0.5'), way: RECEIVED },
    { name: 'from the host to nowhere', packet: from('10.0.0.5>0.0.0.0'), way: RECEIVED },
    { name: 'IPv6 to any router of its network', packet: from('2001:db8::1>2001:db8::'), way: UNSEEN },
    { name: 'loopback', packet: from('127.0.0.1>127.0.0.1'), way: RECEIVED },
    { name: 'loopback, to its broadcast', packet: from('127.0.0.1>127.255.255.255'), way: RECEIVED },
    { name: 'loopback, from its broadcast', packet: from('127.255.255.255>127.0.0.1'), way: RECEIVED },
    { name: 'from the host to the broadcast of loopback', packet: from('10.0.0.5>127.255.255.255'), way: RECEIVED },
    { name: 'from the broadcast of loopback to another', packet: from('127.255.255.255>10.0.0.1'), way: SENT },
    { name: 'to the broadcast of loopback from another', packet: from('10.0.0.1>127.255.255.255'), way: REFUSED },
    { name: 'loopback, two addresses', packet: from('127.0.0.1>127.5.5.5'), way: RECEIVED },
    { name: 'TCP to the host', packet: tcp('10.0.0.1:4000>10.0.0.5:22', 'S'), way: RECEIVED },
    { name: 'a ping from the host', packet: icmp('10.0.0.5>10.0.0.1', 8, 0, { id: 3 }), way: SENT },
    {
      name: 'a bad header checksum',
      packet: from('10.0.0.1>10.0.0.5', { headerChecksum: 0x1234 }),
      way: 'ip-checksum',
    },
    { name: 'IPv6 to the host', packet: from('2001:db8::1>2001:db8::5'), way: RECEIVED },
    { name: 'IPv6 from the host', packet: from('2001:db8::5>2001:db8::1'), way: SENT },
    {
      name: 'IPv6 from the host to a group of the interface',
      packet: from('2001:db8::5>ff01::5'),
      way: SENT,
      notAsked: BEHIND,
    },
    {
      name: 'IPv6 from the host to a group of no scope',
      packet: from('2001:db8::5>ff00::5'),
      way: SENT,
      notAsked: BEHIND,
    },
    { name: 'IPv6 between others', packet: from('2001:db8::1>2001:db8::2'), way: UNSEEN },
    { name: 'IPv6 to a group, which it joined', packet: from('fe80::1>ff02::fb'), way: RECEIVED },
    { name: 'IPv6 to all nodes', packet: icmpv6('fe80::1>ff02::1', 128, 0, { id: 4 }), way: RECEIVED },
  ],
}
