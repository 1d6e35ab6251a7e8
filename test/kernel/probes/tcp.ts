import { datagram, type TcpOptions, tcp } from '../../support/packets.ts'
import { A, B, type Probe, UNCHECKED } from './probe.ts'

const c = (flags: string, seq = 0, ack = 0, data: string | number = '', more: TcpOptions = {}) =>
  tcp(`${A}:1000>${B}:80`, flags, { seq: seq >>> 0, ack: ack >>> 0, data, ...more })
const s = (flags: string, seq = 0, ack = 0, data: string | number = '', more: TcpOptions = {}) =>
  tcp(`${B}:80>${A}:1000`, flags, { seq: seq >>> 0, ack: ack >>> 0, data, ...more })
/** A packet of a connection of its own. */
const other = (port: number, flags: string, seq: number, ack = 0) => tcp(`${A}:${port}>${B}:3`, flags, { seq, ack })

const OPENING = [c('S', 100), s('SA', 500, 101)]
const OPEN = [...OPENING, c('A', 101, 501)]
const CLOSED = [...OPEN, c('FA', 101, 501), s('FA', 501, 102), c('A', 102, 502)]

const shortHeader = tcp(`${A}:1000>${B}:80`, 'S', { seq: 1, dataOffset: 4 })

export const TCP_PROBES: readonly Probe[] = [
  { name: 'SYN twice, with another ISN', packets: [c('S', 100), c('S', 5000), s('SA', 500, 5001), c('A', 5001, 501)] },
  {
    name: 'SYN twice, SYN-ACK answers the first',
    packets: [c('S', 100), c('S', 5000), s('SA', 500, 101), c('A', 101, 501)],
  },
  { name: 'SYN-ACK with a wrong ack', packets: [c('S', 100), s('SA', 500, 9999)] },
  { name: 'simultaneous open', packets: [c('S', 100), s('S', 500), c('SA', 100, 501), s('SA', 500, 101)] },
  { name: 'SYN with data', packets: [c('S', 100, 0, 'x')] },
  {
    name: 'SYN+PSH, SYN+URG, SYN+FIN, SYN+RST',
    packets: [c('SP', 100), other(2, 'SU', 1), other(3, 'SF', 1), other(4, 'SR', 1)],
  },
  { name: 'ACK in SYN_SENT from the client', packets: [c('S', 100), c('A', 101, 1)] },
  { name: 'ACK in SYN_SENT from the server (challenge)', packets: [c('S', 100), s('A', 500, 77), c('R', 77)] },
  { name: 'RST in SYN_SENT from the server, no ACK', packets: [c('S', 100), s('R', 0)] },
  { name: 'RST+ACK in SYN_SENT, wrong ack, then right', packets: [c('S', 100), s('RA', 0, 55), s('RA', 0, 101)] },
  { name: 'RST in SYN_SENT from the client', packets: [c('S', 100), c('R', 101)] },
  { name: 'refused, then SYN again', packets: [c('S', 100), s('RA', 0, 101), c('S', 7777)] },
  { name: 'FIN in SYN_SENT', packets: [c('S', 100), c('FA', 101, 1), s('FA', 5, 101)] },
  {
    name: 'SYN again in SYN_RECV',
    packets: [...OPENING, c('S', 100), s('SA', 500, 101), c('A', 101, 501)],
  },
  {
    name: 'SYN again in ESTABLISHED, same seq and in window',
    packets: [...OPEN, c('S', 100), c('S', 102), s('A', 501, 101)],
  },
  { name: 'SYN from the server in ESTABLISHED', packets: [...OPEN, s('S', 900)] },
  { name: 'SYN-ACK again in ESTABLISHED', packets: [...OPEN, s('SA', 500, 101)] },
  { name: 'SYN-ACK from the client in ESTABLISHED', packets: [...OPEN, c('SA', 101, 501)] },
  {
    name: 'keepalive, doubled data, zero window',
    packets: [
      ...OPEN,
      c('A', 100, 501),
      c('PA', 101, 501, 'abc'),
      c('PA', 101, 501, 'abc'),
      s('A', 501, 104, '', { window: 0 }),
      c('A', 104, 501, 'q'),
    ],
  },
  {
    name: 'small window, then data past it (no scaling)',
    packets: [
      c('S', 100),
      s('SA', 500, 101, '', { window: 1000 }),
      c('A', 101, 501),
      c('PA', 101, 501, 1000),
      c('PA', 1101, 501, 1000),
      c('PA', 3101, 501, 'z'),
    ],
  },
  { name: 'ack of data never sent', packets: [...OPEN, c('A', 101, 90000)] },
  { name: 'old ack, far below', packets: [...OPEN, c('A', 101, 501 - 200000)] },
  { name: 'old seq, far below', packets: [...OPEN, c('A', 101 - 200000, 501, 'x')] },
  { name: 'FIN exchange, then SYN (reuse)', packets: [...CLOSED, c('S', 90000)] },
  { name: 'FIN exchange, then SYN from the server', packets: [...CLOSED, s('S', 90000)] },
  {
    name: 'FIN exchange, then data, then FIN again',
    packets: [...CLOSED, c('A', 102, 502, 'x'), c('FA', 101, 501), s('FA', 501, 102)],
  },
  {
    name: 'half close: data from the server after the client FIN',
    packets: [...OPEN, c('FA', 101, 501), s('A', 501, 102), s('PA', 501, 102, 'data'), c('A', 102, 505)],
  },
  {
    name: 'simultaneous close',
    packets: [...OPEN, c('FA', 101, 501), s('FA', 501, 101), c('A', 102, 502), s('A', 502, 102)],
  },
  {
    name: 'SYN in FIN_WAIT and LAST_ACK',
    packets: [...OPEN, c('FA', 101, 501), c('S', 7000), s('FA', 501, 102), c('S', 7000)],
  },
  {
    name: 'RST in ESTABLISHED, above, exact, then ACK',
    packets: [...OPEN, c('R', 105), c('R', 101), s('A', 501, 101)],
  },
  { name: 'RST+ACK in window, not exact, then exact', packets: [...OPEN, s('RA', 505, 101), s('RA', 501, 101)] },
  { name: 'RST, then SYN-ACK, then SYN', packets: [...OPEN, c('R', 101), s('SA', 9, 10), c('S', 10)] },
  { name: 'RST by the client, then SYN', packets: [...OPEN, c('R', 101), c('S', 100)] },
  { name: 'RST by the server, then SYN', packets: [...OPEN, s('R', 501), c('S', 100)] },
  { name: 'RST below, right after the SYN-ACK', packets: [...OPENING, s('R', 400), s('R', 501)] },
  { name: 'RSTs off by some', packets: [...OPEN, s('R', 502), s('R', 500), s('R', 400000)] },
  {
    name: 'pickup by data, reply, then a wild seq',
    packets: [c('PA', 1000, 2000, 'abc'), s('A', 2000, 1003), c('PA', 9000000, 2000, 'z'), s('R', 2000)],
  },
  { name: 'pickup by RST, FIN, FIN+ACK', packets: [c('R', 1), other(2, 'F', 1), other(3, 'FA', 1, 1)] },
  {
    name: 'pickup by SYN-ACK, then by the client ACK',
    packets: [s('SA', 500, 101), c('A', 101, 501), s('A', 501, 101)],
  },
  {
    name: 'pickup, then SYN of the same tuple',
    packets: [c('A', 1000, 2000), c('S', 5000), s('SA', 1, 5001)],
  },
  {
    name: 'pickup, SYN and SYN-ACK: the server stays liberal',
    packets: [c('A', 1000, 2000), c('S', 5000), s('SA', 1, 5001), s('A', 900000, 5001), c('A', 900000, 2)],
  },
  {
    name: 'SYN ignored, SYN-ACK answers it: both sides are strict',
    packets: [...OPEN, c('S', 7000), s('SA', 9000, 7001), s('A', 990000, 7001), c('A', 990000, 9001)],
  },
  { name: 'RST by the side that sent the last SYN', packets: [c('S', 100), s('S', 500), s('R', 700000)] },
  { name: 'RST by the side that did not send the last SYN', packets: [c('S', 100), s('S', 500), c('R', 700000)] },
  {
    name: 'RST that acknowledges the ignored SYN of its own side',
    packets: [...OPEN, c('S', 7000), c('RA', 700000, 7001)],
  },
  {
    name: 'RST that acknowledges the ignored SYN of the other side',
    packets: [...OPEN, c('S', 7000), s('RA', 700000, 7001)],
  },
  {
    name: 'pickup forbidden (tcp_loose=0)',
    packets: [c('A', 5, 6), s('A', 6, 5)],
    sysctls: { nf_conntrack_tcp_loose: '0' },
  },
  {
    name: 'out of window, liberal',
    packets: [...OPEN, c('PA', 10000000, 501, 'x')],
    sysctls: { nf_conntrack_tcp_be_liberal: '1' },
  },
  {
    name: 'no flags, PSH, FIN, URG alone',
    packets: [c('', 1), other(2, 'P', 1), other(3, 'F', 1), other(4, 'U', 1)],
  },
  {
    name: 'FIN+PSH+URG+ACK, PSH+ACK, URG+ACK, PSH+URG+ACK',
    packets: [c('FPUA', 1, 1), other(2, 'PA', 1, 1), other(3, 'UA', 1, 1), other(4, 'PUA', 1, 1)],
  },
  {
    name: 'header length 16, segment of 10 bytes',
    packets: [shortHeader, datagram(`${A}>${B}`, 6, new Uint8Array(10))],
    sysctls: UNCHECKED,
  },
  { name: 'bad checksum', packets: [c('S', 5, 0, '', { checksum: 'bad' })] },
  { name: 'bad checksum, not looked at', packets: [c('S', 5, 0, '', { checksum: 'bad' })], sysctls: UNCHECKED },
  {
    name: 'data sent five times (max_retrans 3)',
    packets: [...OPEN, ...Array.from({ length: 5 }, () => c('PA', 101, 501, 'x')), s('A', 501, 102)],
  },
  {
    name: 'same source and destination (land)',
    packets: [tcp(`${A}:5>${A}:5`, 'S', { seq: 1 }), tcp(`${A}:5>${A}:5`, 'SA', { seq: 1, ack: 2 })],
  },
  {
    name: 'SYN times out',
    packets: [
      { bytes: c('S', 100), time: 0 },
      { bytes: s('SA', 500, 101), time: 121 },
    ],
  },
  {
    name: 'ESTABLISHED lives five days, picked up entries five minutes',
    packets: [
      { bytes: c('S', 100), time: 0 },
      { bytes: s('SA', 500, 101), time: 119 },
      { bytes: c('A', 101, 501), time: 130 },
      { bytes: s('A', 501, 101), time: 430000 },
      { bytes: c('A', 101, 501), time: 862001 },
      { bytes: c('A', 101, 501), time: 862300 },
      { bytes: s('A', 501, 101), time: 862602 },
    ],
  },
  {
    name: 'retransmissions shorten the timeout',
    packets: [
      ...OPEN.map((bytes, i) => ({ bytes, time: i })),
      ...Array.from({ length: 5 }, (_, i) => ({ bytes: c('PA', 101, 501, 'hello'), time: 3 + i })),
      { bytes: s('A', 501, 106), time: 400 },
    ],
  },
]
