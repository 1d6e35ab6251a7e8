import { be16, datagram, icmp, tcp, udp } from '../../support/packets.ts'
import { A, B, type Probe, spoiled, UNCHECKED } from './probe.ts'

const there = udp(`${A}:5>${B}:6`)
const back = udp(`${B}:6>${A}:5`)
const echo = (path: string, reply = false, id = 7) => icmp(path, reply ? 0 : 8, 0, { id, seq: 1, data: 'ping' })
/** An error of `type` about a datagram, of which it quotes `quoted` bytes. */
const error = (path: string, type: number, code: number, about: Uint8Array, rest: number[] = [0, 0, 0, 0]) =>
  icmp(path, type, code, { rest, data: about })
const lengthField = (value: number) => udp(`${A}:5>${B}:6`, { length: value })
const at = (time: number, bytes: Uint8Array) => ({ time, bytes })
const syn = tcp(`${A}:1000>${B}:80`, 'S', { seq: 100 })
const synAck = tcp(`${B}:80>${A}:1000`, 'SA', { seq: 500, ack: 101 })
const ack = tcp(`${A}:1000>${B}:80`, 'A', { seq: 101, ack: 501 })

const ICMP_TYPES: readonly [number, string][] = [
  [0, 'echo reply'],
  [3, 'unreachable'],
  [4, 'source quench'],
  [5, 'redirect'],
  [6, 'alternate host'],
  [8, 'echo'],
  [9, 'router advertisement'],
  [10, 'router solicitation'],
  [11, 'time exceeded'],
  [12, 'parameter problem'],
  [13, 'timestamp'],
  [14, 'timestamp reply'],
  [15, 'information'],
  [16, 'information reply'],
  [17, 'mask'],
  [18, 'mask reply'],
  [19, 'reserved'],
  [30, 'traceroute'],
  [42, 'extended echo'],
  [43, 'extended echo reply'],
  [255, 'the last'],
]

export const UDP_PROBES: readonly Probe[] = [
  { name: 'UDP there, there, back, there', packets: [there, there, back, there] },
  {
    name: 'UDP length field too big, 0, below 8',
    packets: [lengthField(200), lengthField(0), lengthField(5)],
    sysctls: UNCHECKED,
  },
  { name: 'UDP of 4 bytes, port 0', packets: [datagram(`${A}>${B}`, 17, be16(5, 6)), udp(`${A}:0>${B}:0`)] },
  { name: 'UDP bad checksum', packets: [udp(`${A}:5>${B}:6`, { checksum: 'bad' })] },
  { name: 'UDP without checksum', packets: [udp(`${A}:5>${B}:6`, { checksum: 0 })] },
  {
    name: 'UDP timeouts: 30 s, and 120 s for a stream',
    packets: [at(0, there), at(29, back), at(58, there), at(177, back), at(298, back)],
  },
  { name: 'UDP that is no stream yet', packets: [at(0, there), at(0.5, back), at(1, there), at(32, back)] },
  {
    name: 'UDP stream after two seconds',
    packets: [at(0, there), at(0.5, back), at(3, there), at(122, back), at(243, back)],
  },
  { name: 'UDP late reply is no stream yet', packets: [at(0, there), at(10, back), at(41, there)] },
  {
    name: 'broadcast and multicast questions, unicast answers',
    packets: [udp(`${A}:5>255.255.255.255:6`), back, udp(`${A}:5353>224.0.0.251:5353`), udp(`${B}:5353>${A}:5353`)],
  },
]

export const ICMP_PROBES: readonly Probe[] = [
  ...ICMP_TYPES.map(([type, name]) => ({
    name: `ICMP type ${type} ${name} alone`,
    packets: [icmp(`${A}>${B}`, type, 0, { rest: [0, 7, 0, 1], data: 'data' })],
  })),
  {
    name: 'ICMP timestamp, mask, information answered',
    packets: [
      icmp(`${A}>${B}`, 13, 0, { id: 7, seq: 1 }),
      icmp(`${B}>${A}`, 14, 0, { id: 7, seq: 1 }),
      icmp(`${A}>${B}`, 17, 0, { id: 7, seq: 2 }),
      icmp(`${B}>${A}`, 18, 0, { id: 7, seq: 2 }),
      icmp(`${A}>${B}`, 15, 0, { id: 7, seq: 3 }),
      icmp(`${B}>${A}`, 16, 0, { id: 7, seq: 3 }),
    ],
  },
  {
    name: 'echo with code 5, reply with another id, replies with code 0',
    packets: [
      icmp(`${A}>${B}`, 8, 5, { id: 7, seq: 1 }),
      echo(`${B}>${A}`, true, 8),
      echo(`${B}>${A}`, true),
      echo(`${B}>${A}`, true),
    ],
  },
  {
    name: 'echo from both sides with the same id',
    packets: [echo(`${A}>${B}`), echo(`${B}>${A}`), echo(`${A}>${B}`, true), echo(`${B}>${A}`, true)],
  },
  {
    name: 'error about the original direction, and about the reply',
    packets: [there, back, error(`${B}>${A}`, 3, 3, there), error(`${A}>${B}`, 3, 3, back)],
  },
  { name: 'error sent the wrong way', packets: [there, error(`${A}>${B}`, 3, 3, there)] },
  { name: 'error by a third party to the wrong host', packets: [there, error('10.4.4.4>10.3.3.3', 3, 3, there)] },
  {
    name: 'errors by a router',
    packets: [
      there,
      error(`10.4.4.4>${A}`, 11, 0, there),
      error(`10.4.4.4>${A}`, 3, 4, there, [0, 0, 2, 0]),
      error(`${B}>${A}`, 5, 1, there),
    ],
  },
  {
    name: 'error quoting 8, 4, 0 bytes of the transport, 19 of the header',
    packets: [there, ...[28, 24, 20, 19].map((length) => error(`${B}>${A}`, 3, 3, there.slice(0, length)))],
  },
  {
    name: 'error about an echo, about an error, about a reply',
    packets: [
      echo(`${A}>${B}`),
      error(`${B}>${A}`, 3, 1, echo(`${A}>${B}`)),
      error(`${B}>${A}`, 3, 1, error(`${A}>${B}`, 3, 3, there)),
      error(`${A}>${B}`, 3, 1, echo(`${B}>${A}`, true)),
    ],
  },
  {
    name: 'error about TCP, then the connection goes on',
    packets: [syn, error(`${B}>${A}`, 3, 13, syn), synAck, error(`${B}>${A}`, 3, 4, ack)],
  },
  {
    name: 'error with a bad checksum',
    packets: [there, spoiled(error(`${B}>${A}`, 3, 3, there), 22, (old) => old ^ 1)],
  },
  {
    name: 'error about a later fragment',
    packets: [there, error(`${B}>${A}`, 3, 3, datagram(`${A}>${B}`, 17, there.slice(20), { offset: 64 }))],
  },
  {
    name: 'echo with a bad checksum, ICMP of 4 bytes',
    packets: [spoiled(echo(`${A}>${B}`), 22, (old) => old ^ 1), datagram(`${A}>${B}`, 1, [8, 0, 0xf7, 0xff])],
  },
  {
    name: 'an error does not refresh the entry',
    packets: [at(0, there), at(20, error(`${B}>${A}`, 3, 3, there)), at(31, back)],
  },
]
