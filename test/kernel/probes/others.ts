import { concat, datagram, fragments, sctp, tcp, udp, udpLite } from '../../support/packets.ts'
import { A, B, type Probe, spoiled } from './probe.ts'

const THERE = `${A}>${B}`
const BACK = `${B}>${A}`
const whole = udp(`${A}:1>${B}:2`, { data: 3000, id: 0x1111 })
const pieces = fragments(whole, 1500)
/** The same, of a datagram that no router passes on. */
const ending = fragments(udp(`${A}:1>${B}:2`, { data: 3000, id: 0x1111, ttl: 1 }), 1500)
const overlapping = datagram(THERE, 17, pieces[1].slice(20, 820), { id: 0x1111, mf: true, offset: 1000 })

const chunk = (type: number, ...body: number[]) => Uint8Array.of(type, 0, 0, 4 + body.length, ...body)
/** INIT and INIT-ACK: tag, window, streams, first TSN. */
const init = (type: number, tag: number) => chunk(type, 0, 0, 0, tag, 0, 0, 3, 0xe8, 0, 1, 0, 1, 0, 0, 0, 1)
const zeros = (length: number): number[] => Array<number>(length).fill(0)
const to = (tag: number, ...chunks: Uint8Array[]) => sctp(`${A}:1>${B}:2`, chunks, { tag })
const from = (tag: number, ...chunks: Uint8Array[]) => sctp(`${B}:2>${A}:1`, chunks, { tag })

const asUdpLite = (packet: Uint8Array) => datagram(THERE, 136, packet.slice(20))

const GRE_V0 = concat([0, 0, 8, 0], Array(20).fill(0x78))
const greV1 = (call: number) => [0x30, 0x81, 0x88, 0x0b, 0, 4, 0, call, ...zeros(8)]
const DCCP_REQUEST = [0, 1, 0, 2, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]

export const FRAGMENT_PROBES: readonly Probe[] = [
  { name: 'fragments in order', packets: pieces },
  { name: 'fragments in reverse', packets: [...pieces].reverse() },
  { name: 'fragment doubled', packets: [pieces[0], pieces[0], pieces[1], pieces[2]] },
  {
    name: 'the last one missing, then another datagram',
    packets: [pieces[0], pieces[1], ...fragments(udp(`${A}:1>${B}:2`, { data: 1600, id: 0x2222 }), 1500)],
  },
  { name: 'overlapping fragment', packets: [pieces[0], overlapping, pieces[1], pieces[2]] },
  { name: 'fragments behind the first with TTL 1', packets: [pieces[0], ending[1], ending[2]] },
  { name: 'only the first fragment with TTL 1', packets: [ending[0], pieces[1], pieces[2]] },
  { name: 'first fragment last, the others with TTL 1', packets: [ending[1], ending[2], pieces[0]] },
  { name: 'neither DF nor MF nor offset', packets: [udp(`${A}:1>${B}:2`)] },
  { name: 'tiny first TCP fragment', packets: fragments(tcp(`${A}:1000>${B}:80`, 'S', { seq: 1 }), 28) },
  { name: 'DF and MF together', packets: [datagram(THERE, 17, whole.slice(20, 36), { df: true, mf: true })] },
]

export const PROTOCOL_PROBES: readonly Probe[] = [
  ...[0, 2, 4, 41, 46, 47, 50, 51, 88, 89, 94, 103, 112, 115, 253].map((protocol) => ({
    name: `protocol ${protocol} both ways`,
    packets: [
      datagram(THERE, protocol, new Uint8Array(24)),
      datagram(THERE, protocol, new Uint8Array(24)),
      datagram(BACK, protocol, new Uint8Array(24)),
    ],
  })),
  {
    name: 'SCTP association from INIT to SHUTDOWN-COMPLETE',
    packets: [
      to(0, init(1, 7)),
      from(7, init(2, 9)),
      to(9, chunk(10, 1, 2, 3, 4)),
      from(7, chunk(11)),
      to(9, chunk(0, ...zeros(16))),
      from(7, chunk(3, ...zeros(12))),
      to(9, chunk(7, ...zeros(4))),
      from(7, chunk(8)),
      to(9, chunk(14)),
    ],
  },
  { name: 'SCTP DATA first', packets: [to(5, chunk(0, ...zeros(16)))] },
  {
    name: 'SCTP HEARTBEAT first, acknowledged',
    packets: [to(5, chunk(4, ...zeros(8))), from(6, chunk(5, ...zeros(8)))],
  },
  { name: 'SCTP ABORT first', packets: [to(5, chunk(6))] },
  { name: 'SCTP with a wrong tag', packets: [to(0, init(1, 7)), from(8, init(2, 9))] },
  { name: 'DCCP request', packets: [datagram(THERE, 33, DCCP_REQUEST)] },
  { name: 'UDP-Lite with the sum of UDP', packets: [asUdpLite(udp(`${A}:1>${B}:2`, { data: 247 }))] },
  { name: 'longer UDP-Lite with the sum of UDP', packets: [asUdpLite(udp(`${A}:1>${B}:2`, { data: 248 }))] },
  {
    name: 'UDP-Lite with the sum of UDP, but for the upper byte of the length',
    packets: [spoiled(asUdpLite(udp(`${A}:1>${B}:2`, { data: 292 })), 26, (sum) => sum + 1)],
  },
  {
    name: 'UDP-Lite with the sum of UDP over IPv6',
    packets: [datagram('fd00::1>fd00::9', 136, udp('[fd00::1]:1>[fd00::9]:2', { data: 292 }).slice(40))],
  },
  { name: 'UDP-Lite both ways', packets: [udpLite(`${A}:1>${B}:2`), udpLite(`${B}:2>${A}:1`)] },
  {
    name: 'GRE version 0 and the GRE of PPTP',
    packets: [
      datagram(THERE, 47, GRE_V0),
      datagram(BACK, 47, GRE_V0),
      datagram(THERE, 47, greV1(7)),
      datagram(BACK, 47, greV1(8)),
    ],
  },
]

export const HEADER_PROBES: readonly Probe[] = [
  {
    name: 'IP options: router alert, loose source route',
    packets: [
      udp(`${A}:1>${B}:2`, { ipOptions: [0x94, 4, 0, 0] }),
      udp(`${A}:1>${B}:3`, { ipOptions: [0x83, 7, 4, 10, 1, 1, 1, 0] }),
    ],
  },
  {
    name: 'bad IP header checksum',
    packets: [spoiled(udp(`${A}:1>${B}:2`), 10, (old) => old ^ 1)],
  },
  {
    name: 'what a router does not forward',
    packets: [
      udp(`${A}:1>${B}:2`, { ttl: 1 }),
      udp(`127.0.0.1:1>${B}:2`),
      udp(`${A}:1>240.0.0.1:2`),
      udp(`0.1.2.3:1>${B}:2`),
      udp(`224.0.0.9:1>${B}:2`),
    ],
  },
]
