import fc from 'fast-check'
import { be16, be32, datagram, icmp, icmpv6, sctp, tcp, udp, udpLite } from '../../support/packets.ts'
import { type Generator, gaps, generator, type Hosts, often, type TimedPacket } from './case.ts'

/** Protocols without states of their own. */
type Flow =
  | { kind: 'udp' | 'udplite' }
  | { kind: 'gre'; version: number; flags: number; payload: number; call: number }
  | { kind: 'generic'; protocol: number }
  | { kind: 'tcp' | 'sctp' | 'echo' }

interface Step {
  reply: boolean
  /** Both ends the same, address and port. */
  symmetric: boolean
  /** Off the flow's own: another connection. */
  otherPort: number
  /** UDP length or UDP-Lite coverage: the right one, or off by this much, or this one. */
  length: { kind: 'right' } | { kind: 'off'; by: number } | { kind: 'is'; value: number }
  checksum: 'right' | 'bad' | 'none'
  /** Bytes cut off the end, and the IP lengths made right. */
  keep: number
  gap: number
}

interface Conversation {
  v6: boolean
  flow: Flow
  steps: readonly Step[]
}

const FLOW_TIMEOUTS = [2, 30, 120, 180, 600]

const step: fc.Arbitrary<Step> = fc.record({
  reply: fc.boolean(),
  symmetric: often(false, 30, fc.constant(true)),
  otherPort: often(0, 10, fc.constantFrom(1, 2)),
  length: often({ kind: 'right' } as Step['length'], 10, lengths()),
  checksum: often('right' as Step['checksum'], 12, fc.constantFrom('bad', 'none')),
  keep: often(100, 12, fc.integer({ min: 0, max: 20 })),
  gap: gaps(FLOW_TIMEOUTS, 25),
})

function lengths(): fc.Arbitrary<Step['length']> {
  return fc.oneof(
    fc.record({ kind: fc.constant('off' as const), by: fc.constantFrom(-1, 1, -4, 8, 100) }),
    fc.record({ kind: fc.constant('is' as const), value: fc.constantFrom(0, 1, 4, 7, 8, 9, 65535) }),
  )
}

const gre: fc.Arbitrary<Flow> = fc.record({
  kind: fc.constant('gre' as const),
  version: fc.constantFrom(0, 0, 1, 1, 2, 7),
  flags: fc.constantFrom(0, 0x20, 0x30, 0x80, 0xb0),
  payload: often(0x880b, 4, fc.constantFrom(0x0800, 0x86dd, 0)),
  call: fc.nat(3),
})

export const simpleConversation: fc.Arbitrary<Conversation> = fc.record({
  v6: fc.boolean(),
  flow: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Flow>({ kind: 'udp' }) },
    { weight: 3, arbitrary: fc.constant<Flow>({ kind: 'udplite' }) },
    { weight: 3, arbitrary: gre },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('generic' as const),
        // Not what the IP layer itself looks into: extension headers, fragments.
        protocol: fc.constantFrom(2, 4, 5, 33, 41, 46, 50, 88, 89, 94, 103, 108, 112, 115, 124, 137, 200, 253, 254),
      }),
    },
  ),
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
})

export function simplePackets(value: Conversation, hosts: Hosts): TimedPacket[] {
  const addresses = value.v6 ? hosts.v6 : hosts.v4
  return value.steps.map((one) => {
    const client = addresses.end('client', 1000 + one.otherPort)
    const server = one.symmetric ? client : addresses.end('server', 2000)
    const path = one.reply ? `${server}>${client}` : `${client}>${server}`
    return { bytes: shortened(flowPacket(value.flow, path, one), one.keep, value.v6), gap: one.gap }
  })
}

function flowPacket(flow: Flow, path: string, one: Step): Uint8Array {
  const right = 8 + 12
  const length =
    one.length.kind === 'right' ? right : one.length.kind === 'off' ? right + one.length.by : one.length.value
  const checksum =
    one.checksum === 'bad' ? { checksum: 'bad' as const } : one.checksum === 'none' ? { checksum: 0 } : {}
  switch (flow.kind) {
    case 'udp':
      return udp(path, { data: 12, length, ...checksum })
    case 'udplite':
      return udpLite(path, { data: 12, coverage: one.length.kind === 'right' ? 0 : length, ...checksum })
    case 'gre':
      return datagram(path, 47, [
        flow.flags,
        flow.version,
        ...be16(flow.payload, 8, flow.call, 0),
        ...Array<number>(12).fill(7),
      ])
    case 'generic':
      return datagram(path, flow.protocol, Array<number>(24).fill(7))
    case 'tcp':
      return tcp(path, 'A', { seq: 1, ack: 1 })
    case 'sctp':
      return sctp(path, [Uint8Array.of(4, 0, 0, 8, 0, 0, 0, 0)], { tag: 5 })
    case 'echo':
      return path.includes('[') ? icmpv6(path, 128, 0, { id: 7 }) : icmp(path, 8, 0, { id: 7 })
  }
}

/** The datagram with only so much after its IP header, and a length that says so. */
export function shortened(packet: Uint8Array, keep: number, v6: boolean): Uint8Array {
  const header = v6 ? 40 : (packet[0] & 15) * 4
  if (packet.length - header <= keep) return packet
  const cut = packet.slice(0, header + keep)
  if (v6) cut.set(be16(keep), 4)
  else {
    cut.set(be16(cut.length, 0).slice(0, 2), 2)
    sealHeader(cut)
  }
  return cut
}

/** Makes the IPv4 header checksum right, in place. */
export function sealHeader(packet: Uint8Array): void {
  packet.set([0, 0], 10)
  let sum = 0
  for (let i = 0; i < (packet[0] & 15) * 4; i += 2) sum += (packet[i] << 8) | packet[i + 1]
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  packet.set(be16(~sum & 0xffff), 10)
}

export const SIMPLE_FLOWS: Generator = generator({
  name: 'UDP, UDP-Lite, GRE, others',
  arbitrary: simpleConversation,
  packets: simplePackets,
  setups: [{}, {}, { sysctls: { nf_conntrack_checksum: '0' } }],
})

/** First packets of a flow, one each way, for what quotes them. */
export function openingPackets(
  flow: Flow['kind'],
  client: string,
  server: string,
): { there: Uint8Array; back: Uint8Array } {
  const there = `${client}>${server}`
  const back = `${server}>${client}`
  const v6 = client.includes('[')
  const plain: Step = {
    reply: false,
    symmetric: false,
    otherPort: 0,
    length: { kind: 'right' },
    checksum: 'right',
    keep: 100,
    gap: 0,
  }
  switch (flow) {
    case 'tcp':
      return {
        there: tcp(there, 'S', { seq: 100 }),
        back: tcp(back, 'SA', { seq: 500, ack: 101 }),
      }
    case 'sctp': {
      const init = (type: number, tag: number) =>
        Uint8Array.of(type, 0, 0, 20, ...be32(tag, 1000), 0, 1, 0, 1, 0, 0, 0, 1)
      return { there: sctp(there, [init(1, 5)], { tag: 0 }), back: sctp(back, [init(2, 6)], { tag: 5 }) }
    }
    case 'echo':
      return v6
        ? { there: icmpv6(there, 128, 0, { id: 7 }), back: icmpv6(back, 129, 0, { id: 7 }) }
        : { there: icmp(there, 8, 0, { id: 7 }), back: icmp(back, 0, 0, { id: 7 }) }
    case 'gre': {
      const keyed: Flow = { kind: 'gre', version: 1, flags: 0x30, payload: 0x880b, call: 3 }
      return { there: flowPacket(keyed, there, plain), back: flowPacket(keyed, back, plain) }
    }
    case 'generic':
      return {
        there: flowPacket({ kind: 'generic', protocol: 89 }, there, plain),
        back: flowPacket({ kind: 'generic', protocol: 89 }, back, plain),
      }
    default:
      return { there: flowPacket({ kind: flow }, there, plain), back: flowPacket({ kind: flow }, back, plain) }
  }
}
