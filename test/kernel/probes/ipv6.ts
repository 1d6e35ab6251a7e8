import {
  destinationOptions,
  fragmentHeader,
  fragments,
  hopByHop,
  icmpv6,
  routing,
  tcp,
  udp,
} from '../../support/packets.ts'
import type { Probe } from './probe.ts'

const A = '2001:db8::1'
const B = '2001:db8:1::2'
const there = udp(`[${A}]:1>[${B}]:2`)
const back = udp(`[${B}]:2>[${A}]:1`)
const zeros = (length: number): number[] => Array<number>(length).fill(0)
const pieces = fragments(udp(`[${A}]:1>[${B}]:2`, { data: 3000 }), 1500)
const ending = fragments(udp(`[${A}]:1>[${B}]:2`, { data: 3000, ttl: 1 }), 1500)

const ALONE: readonly [number, string][] = [
  [1, 'unreachable'],
  [127, 'reserved error'],
  [128, 'echo'],
  [129, 'echo reply'],
  [130, 'listener query'],
  [131, 'listener report'],
  [132, 'listener done'],
  [133, 'router solicitation'],
  [134, 'router advertisement'],
  [135, 'neighbour solicitation'],
  [136, 'neighbour advertisement'],
  [137, 'redirect'],
  [138, 'renumbering'],
  [139, 'node information query'],
  [140, 'node information reply'],
  [143, 'listener report v2'],
  [200, 'experimental'],
]

export const IPV6_PROBES: readonly Probe[] = [
  ...ALONE.map(([type, name]) => ({
    name: `ICMPv6 type ${type} ${name} alone`,
    packets: [icmpv6(`${A}>${B}`, type, 0, { rest: [0, 1, 0, 1], data: Uint8Array.from(zeros(20)) })],
  })),
  {
    name: 'IPv6 TCP opens and closes',
    packets: [
      tcp(`[${A}]:1000>[${B}]:80`, 'S', { seq: 5 }),
      tcp(`[${B}]:80>[${A}]:1000`, 'SA', { seq: 9, ack: 6 }),
      tcp(`[${A}]:1000>[${B}]:80`, 'A', { seq: 6, ack: 10 }),
      tcp(`[${A}]:1000>[${B}]:80`, 'FA', { seq: 6, ack: 10 }),
      tcp(`[${B}]:80>[${A}]:1000`, 'FA', { seq: 10, ack: 7 }),
      tcp(`[${A}]:1000>[${B}]:80`, 'A', { seq: 7, ack: 11 }),
    ],
  },
  {
    name: 'IPv6 echo answered',
    packets: [icmpv6(`${A}>${B}`, 128, 0, { id: 1, seq: 1 }), icmpv6(`${B}>${A}`, 129, 0, { id: 1, seq: 1 })],
  },
  {
    name: 'IPv6 errors about a known and an unknown datagram',
    packets: [
      there,
      icmpv6(`${B}>${A}`, 1, 4, { data: there }),
      icmpv6(`${B}>${A}`, 1, 4, { data: udp(`[${A}]:7>[${B}]:8`) }),
      icmpv6(`2001:db8:9::9>${A}`, 3, 0, { data: there }),
      icmpv6(`2001:db8:9::9>2001:db8:9::8`, 2, 0, { data: there }),
      back,
    ],
  },
  {
    name: 'IPv6 extension headers before UDP',
    packets: [
      udp(`[${A}]:1>[${B}]:2`, { extensions: [hopByHop()] }),
      udp(`[${A}]:1>[${B}]:2`, { extensions: [destinationOptions()] }),
      udp(`[${A}]:1>[${B}]:2`, { extensions: [routing()] }),
      back,
    ],
  },
  { name: 'IPv6 atomic fragment', packets: [udp(`[${A}]:1>[${B}]:2`, { extensions: [fragmentHeader(0, false, 9)] })] },
  { name: 'IPv6 fragments in order', packets: pieces },
  { name: 'IPv6 fragments in reverse', packets: [...pieces].reverse() },
  { name: 'IPv6 fragments behind the first with hop limit 1', packets: [pieces[0], ending[1], ending[2]] },
  { name: 'only the first IPv6 fragment with hop limit 1', packets: [ending[0], pieces[1], pieces[2]] },
  { name: 'IPv6 fragment doubled', packets: [pieces[0], pieces[0], pieces[1], pieces[2]] },
  {
    name: 'IPv6 bad checksums',
    packets: [udp(`[${A}]:1>[${B}]:2`, { checksum: 'bad' }), udp(`[${A}]:1>[${B}]:3`, { checksum: 0 })],
  },
  { name: 'IPv6 hop limit 1', packets: [udp(`[${A}]:1>[${B}]:2`, { ttl: 1 })] },
  { name: 'IPv6 multicast and link-local', packets: [udp(`[${A}]:1>[ff02::fb]:5353`), udp(`[fe80::1]:1>[${B}]:2`)] },
]
