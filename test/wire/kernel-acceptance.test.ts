import { describe, expect, test } from 'vitest'
import { verifyTransportChecksum } from '../../src/wire/checksum.ts'
import { CHECKSUM_BAD, NOTE_NAMES, P_FAMILY, P_NOTE } from '../../src/wire/packet-fields.ts'
import { askKernel, noOracle } from '../support/oracle.ts'
import {
  auth,
  datagram,
  destinationOptions,
  hopByHop,
  icmp,
  icmpv6,
  routing,
  sctp,
  tcp,
  udp,
  udpLite,
  withHeaderChecksum,
} from '../support/packets.ts'
import { decodeToFields } from '../support/row.ts'

const V4 = '10.0.0.1:1000>10.9.9.9:80'
const V6 = '[2001:db8::1]:1000>[2001:db8::9]:80'
const HEARTBEAT = Uint8Array.of(4, 0, 0, 4)

function reservedBit(): Uint8Array {
  const packet = udp(V4)
  packet[6] |= 0x80
  return withHeaderChecksum(packet)
}

const HOP_OPTIONS: number[][] = [
  [],
  [5, 2, 0, 0],
  [5, 3, 0, 0, 0],
  [1, 4, 0, 0, 0, 0],
  [1, 5, 0, 0, 0, 0, 0, 0x1e, 5, 0, 0, 0, 0, 0],
  [1, 6, 0, 0, 0, 0, 0, 0],
  [1, 2, 0, 1],
  [0x1e, 1, 0],
  [0x5e, 1, 0],
  [0x9e, 1, 0],
  [0xde, 1, 0],
  Array<number[]>(8).fill([0x1e, 0]).flat(),
  Array<number[]>(9).fill([0x1e, 0]).flat(),
  [0x1e, 20, 0, 0],
  [0xc2, 4, 0, 1, 0, 0],
  [1, 0, 0x31, 2, 0, 0],
  [0x31, 2, 0, 0],
  [7, 2, 0, 0],
]

const PACKETS: [string, Uint8Array][] = [
  ['plain', udp(V4)],
  ['reserved bit', reservedBit()],
  ['header length below 20', udp(V4, { ihl: 4 })],
  ['header longer than the packet', udp(V4, { ihl: 15 })],
  ['bad header checksum', udp(V4, { headerChecksum: 0x1111 })],
  ['total length below the header', udp(V4, { totalLength: 19 })],
  ['total length beyond the packet', udp(V4, { totalLength: 50 })],
  ['total length 20', udp(V4, { totalLength: 20 })],
  ['bad option', udp(V4, { ipOptions: [148, 1, 0, 0] })],
  ['source 0.0.0.0', udp('0.0.0.0:1>10.9.9.9:80')],
  ['source 127.0.0.1', udp('127.0.0.1:1>10.9.9.9:80')],
  ['IPv6', udp(V6)],
  ['IPv6 payload beyond the packet', udp(V6, { totalLength: 10 })],
  ['IPv6 payload shorter than the packet', udp(V6, { data: 20, totalLength: 4 })],
  ['IPv6 payload 0', udp(V6, { totalLength: 0 })],
  ...[
    '[::1]:1>[2001:db8::9]:80',
    '[2001:db8::1]:1>[::1]:80',
    '[ff02::1]:1>[2001:db8::9]:80',
    '[2001:db8::1]:1>[ff00::1]:80',
    '[2001:db8::1]:1>[ff01::1]:80',
    '[2001:db8::1]:1>[ff02::1]:80',
    '[::]:1>[2001:db8::9]:80',
    '[::ffff:1.2.3.4]:1>[2001:db8::9]:80',
    '[2001:db8::1]:1>[::]:80',
    '[2001:db8::1]:1>[::2]:80',
  ].map((path): [string, Uint8Array] => [path, udp(path)]),
  ...HOP_OPTIONS.map((options): [string, Uint8Array] => [
    `hop-by-hop options ${options.join(' ')}`,
    udp(V6, { extensions: [hopByHop(...options)] }),
  ]),
  ['hop-by-hop second', udp(V6, { extensions: [routing(), hopByHop(0x5e, 1, 0)] })],
  ['destination options', udp(V6, { extensions: [destinationOptions(0x5e, 1, 0), auth()] })],
  ['unusable chain', datagram(V6, 60, [])],
]

const SUMS: [string, Uint8Array][] = [
  ['TCP', tcp(V4, 'S')],
  ['TCP, bad', tcp(V4, 'S', { checksum: 'bad' })],
  ['TCP on IPv6, bad', tcp(V6, 'S', { checksum: 'bad' })],
  ['UDP without', udp(V4, { checksum: 0 })],
  ['UDP on IPv6 without', udp(V6, { checksum: 0 })],
  ['UDP on IPv6, bad', udp(V6, { checksum: 'bad' })],
  ['UDP shorter than the datagram', udp(V4, { data: 20, length: 12 })],
  ['UDP shorter than the datagram, bad', udp(V4, { data: 20, length: 12, checksum: 'bad' })],
  ['UDP-Lite', udpLite(V4, { data: 20 })],
  ['UDP-Lite, partial', udpLite(V6, { data: 20, coverage: 8 })],
  ['SCTP', sctp(V4, [HEARTBEAT])],
  ['SCTP, bad', sctp(V6, [HEARTBEAT], { checksum: 'bad' })],
  ['ICMP', icmp(V4, 8)],
  ['ICMP, bad', icmp(V4, 8, 0, { checksum: 'bad' })],
  ['ICMPv6', icmpv6(V6, 128, 0, { extensions: [destinationOptions()] })],
  ['ICMPv6, bad', icmpv6(V6, 128, 0, { checksum: 'bad' })],
]

describe.skipIf(noOracle !== '')(`the running kernel ${noOracle}`, () => {
  test('refuses the same packets before any hook', async () => {
    const answers = await askKernel(PACKETS.map(([, packet]) => packet))
    const theirs = PACKETS.map(([name], index) => `${name}: ${answers[index].state === 'IP_DROP' ? 'refused' : 'seen'}`)
    const ours = PACKETS.map(([name, packet]) => {
      const fields = decodeToFields(packet)
      const note = NOTE_NAMES[fields[P_NOTE]]
      const refused = fields[P_FAMILY] === 0 || note === 'ip-checksum' || note === 'loopback-only'
      return `${name}: ${refused ? 'refused' : 'seen'}`
    })
    expect(ours).toEqual(theirs)
  })

  test('finds the same transport checksums bad', async () => {
    const answers = await askKernel(SUMS.map(([, packet]) => packet))
    const theirs = SUMS.map(([name], index) => `${name}: ${answers[index].state === 'INVALID' ? 'bad' : 'good'}`)
    const ours = SUMS.map(([name, packet]) => {
      const state = verifyTransportChecksum(packet, decodeToFields(packet), 0)
      return `${name}: ${state === CHECKSUM_BAD ? 'bad' : 'good'}`
    })
    expect(ours).toEqual(theirs)
  })
})
