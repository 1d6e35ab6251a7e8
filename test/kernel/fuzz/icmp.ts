import fc from 'fast-check'
import { be16, be32, datagram, icmp, icmpv6 } from '../../support/packets.ts'
import { type Generator, gaps, generator, type Hosts, often, type TimedPacket } from './case.ts'
import { openingPackets, sealHeader, shortened } from './flows.ts'

const FLOWS = ['tcp', 'udp', 'udplite', 'sctp', 'echo', 'gre', 'generic'] as const
type Host = 'client' | 'server' | 'third'

/** How the quoted packet was spoiled on its way into the error. */
type Spoil =
  | { kind: 'none' }
  | { kind: 'byte'; at: number; value: number }
  | { kind: 'chain'; headers: readonly number[] }

type Step =
  | { kind: 'flow'; reply: boolean; gap: number }
  | { kind: 'query'; type: number; code: number; id: number; reply: boolean; keep: number; bad: boolean; gap: number }
  | {
      kind: 'error'
      type: number
      code: number
      from: Host
      to: Host
      of: 'there' | 'back' | 'other' | 'last'
      spoil: Spoil
      quote: number
      bad: boolean
      gap: number
    }
  | {
      kind: 'redirect'
      linkLocal: boolean
      ttl: number
      code: number
      to: Host
      of: 'there' | 'back'
      option: number
      optionLength: number
      before: boolean
      quote: number
      gap: number
    }

interface Conversation {
  v6: boolean
  flow: (typeof FLOWS)[number]
  symmetric: boolean
  opened: 0 | 1 | 2
  steps: readonly Step[]
}

const gap = gaps([30, 120, 180, 600], 5)
const host = fc.constantFrom<Host>('client', 'server', 'third')
const bad = often(false, 40, fc.constant(true))

const spoil: fc.Arbitrary<Spoil> = often(
  { kind: 'none' } as Spoil,
  3,
  fc.oneof(
    fc.record({ kind: fc.constant('byte' as const), at: fc.nat(47), value: fc.nat(255) }),
    // Version and header length, fragment flags and offset, protocol.
    fc.record({
      kind: fc.constant('byte' as const),
      at: fc.constantFrom(0, 6, 7, 9),
      value: fc.constantFrom(0, 1, 0x20, 0x40, 0x44, 0x45, 0x46, 0x4f, 0x65, 0x60, 6, 17, 44, 58),
    }),
    fc.record({
      kind: fc.constant('chain' as const),
      headers: fc.array(fc.constantFrom(0, 43, 44, 51, 60, 441, 442, 59, 50, 135), { minLength: 1, maxLength: 3 }),
    }),
  ),
)

const error = (types: readonly number[]): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant('error' as const),
    type: fc.constantFrom(...types),
    code: fc.nat(15),
    from: host,
    to: often('client' as Host, 2, host),
    of: fc.oneof(
      { weight: 5, arbitrary: fc.constant('there' as const) },
      { weight: 4, arbitrary: fc.constantFrom('back', 'other', 'last') },
    ),
    spoil,
    quote: often(1000, 2, fc.nat(100)),
    bad,
    gap,
  })

const query = (usual: readonly number[]): fc.Arbitrary<Step> =>
  fc.record({
    kind: fc.constant('query' as const),
    type: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.nat(255) }),
    code: often(0, 5, fc.nat(255)),
    id: fc.nat(1),
    reply: fc.boolean(),
    keep: often(1000, 12, fc.nat(12)),
    bad,
    gap,
  })

const redirect: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('redirect' as const),
  linkLocal: often(true, 5, fc.constant(false)),
  ttl: often(255, 5, fc.constantFrom(64, 254, 1)),
  code: often(0, 5, fc.constantFrom(1, 255)),
  to: often('client' as Host, 3, host),
  of: fc.constantFrom('there', 'back'),
  option: often(4, 5, fc.constantFrom(1, 2, 3, 5)),
  optionLength: often(-1, 4, fc.constantFrom(0, 1, 2, 6, 255)),
  before: fc.boolean(),
  quote: often(1000, 2, fc.nat(100)),
  gap,
})

const flowStep: fc.Arbitrary<Step> = fc.record({ kind: fc.constant('flow' as const), reply: fc.boolean(), gap })

const conversation = (v6: boolean): fc.Arbitrary<Conversation> =>
  fc.record({
    v6: fc.constant(v6),
    flow: fc.constantFrom(...FLOWS),
    symmetric: often(false, 12, fc.constant(true)),
    opened: fc.constantFrom(0, 1, 1, 2, 2),
    steps: fc.array(
      v6
        ? fc.oneof(
            { weight: 1, arbitrary: flowStep },
            { weight: 5, arbitrary: error([1, 2, 3, 4, 0, 5, 100, 101, 127]) },
            {
              weight: 3,
              arbitrary: query([128, 129, 128, 129, 139, 140, 130, 132, 133, 134, 135, 136, 137, 138, 143]),
            },
            { weight: 2, arbitrary: redirect },
          )
        : fc.oneof(
            { weight: 1, arbitrary: flowStep },
            { weight: 5, arbitrary: error([3, 3, 11, 12, 4, 5, 1, 2, 6, 9]) },
            { weight: 4, arbitrary: query([8, 0, 8, 0, 13, 14, 15, 16, 17, 18, 9, 10, 30]) },
          ),
      { minLength: 1, maxLength: 8 },
    ),
  })

export function icmpPackets(value: Conversation, hosts: Hosts): TimedPacket[] {
  const { v6 } = value
  const addresses = v6 ? hosts.v6 : hosts.v4
  const client = addresses.end('client', 1000)
  const server = value.symmetric ? client : addresses.end('server', 2000)
  const flow = openingPackets(value.flow, client, server)
  const other = openingPackets(value.flow, addresses.end('client', 1001), addresses.end('third', 2000))
  const quotable = { ...flow, other: other.there, last: flow.there }
  const packets: TimedPacket[] = []
  const send = (bytes: Uint8Array, after: number): void => {
    packets.push({ bytes, gap: after })
    quotable.last = bytes
  }
  if (value.opened > 0) send(flow.there, 0.001)
  if (value.opened > 1) send(flow.back, 0.001)
  for (const one of value.steps) {
    switch (one.kind) {
      case 'flow':
        send(one.reply ? flow.back : flow.there, one.gap)
        break
      case 'query': {
        const path = one.reply ? `${addresses.server}>${addresses.client}` : `${addresses.client}>${addresses.server}`
        const options = { id: one.id, data: 8, ...(one.bad ? { checksum: 'bad' as const } : {}) }
        const message = v6 ? icmpv6(path, one.type, one.code, options) : icmp(path, one.type, one.code, options)
        send(resealed(shortened(message, one.keep, v6), v6, one.keep < 16), one.gap)
        break
      }
      case 'error': {
        const path = `${addresses[one.from]}>${addresses[one.to]}`
        const data = spoiled(quotable[one.of], one.spoil, v6).subarray(0, one.quote)
        const options = { data, ...(one.bad ? { checksum: 'bad' as const } : {}) }
        send(v6 ? icmpv6(path, one.type, one.code, options) : icmp(path, one.type, one.code, options), one.gap)
        break
      }
      case 'redirect':
        send(redirectPacket(one, quotable[one.of], addresses), one.gap)
        break
    }
  }
  return packets
}

/** A message cut short has a right checksum again, so that not the checksum is what it is refused for. */
function resealed(packet: Uint8Array, v6: boolean, cut: boolean): Uint8Array {
  const header = v6 ? 40 : 20
  if (!cut || packet.length < header + 4) return packet
  const part = packet.slice(header)
  part.set([0, 0], 2)
  const sum = v6 ? sumOf([...packet.subarray(8, 40), ...be32(part.length, 58), ...part]) : sumOf([...part])
  packet.set(be16(sum), header + 2)
  return packet
}

function sumOf(bytes: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function spoiled(packet: Uint8Array, how: Spoil, v6: boolean): Uint8Array {
  if (how.kind === 'none') return packet
  if (how.kind === 'byte') {
    const copy = packet.slice()
    if (how.at < copy.length) copy[how.at] = how.value
    return copy
  }
  if (!v6) {
    // Options in the quoted header: four bytes for each header asked for.
    const options = how.headers.flatMap(() => [1, 1, 1, 1])
    const copy = Uint8Array.from([...packet.subarray(0, 20), ...options, ...packet.subarray(20)])
    copy[0] = 0x45 + how.headers.length
    sealHeader(copy)
    return copy
  }
  return withChain(packet, how.headers)
}

/**
 * Puts extension headers in front of the transport header. 441 is a later fragment's header, 442 a first one's.
 * Headers are of 8 bytes; 50, 59 and 135 are written as any other.
 */
function withChain(packet: Uint8Array, headers: readonly number[]): Uint8Array {
  const numbers = headers.map((one) => (one > 255 ? 44 : one))
  const next = [...numbers.slice(1), packet[6]]
  const chain = headers.flatMap((one, index) => {
    if (one === 441) return [next[index], 0, 0, 0x08, 0, 0, 0, 9]
    if (one === 442) return [next[index], 0, 0, 0x01, 0, 0, 0, 9]
    if (one === 44) return [next[index], 0, 0, 0, 0, 0, 0, 9]
    // Pad 6 for options; segments left 0 for routing; two words for AH.
    return [next[index], 0, 1, 4, 0, 0, 0, 0]
  })
  const copy = Uint8Array.from([...packet.subarray(0, 40), ...chain, ...packet.subarray(40)])
  copy[6] = numbers[0]
  copy.set(be16(copy.length - 40), 4)
  return copy
}

function redirectPacket(
  one: Extract<Step, { kind: 'redirect' }>,
  quoted: Uint8Array,
  addresses: Hosts['v6'],
): Uint8Array {
  const source = one.linkLocal ? 'fe80::1' : addresses.third
  const data = quoted.subarray(0, one.quote)
  const padding = (8 - (data.length & 7)) & 7
  const words = one.optionLength < 0 ? (8 + data.length + padding) / 8 : one.optionLength
  const option = [one.option, words & 255, 0, 0, 0, 0, 0, 0, ...data, ...Array<number>(padding).fill(0)]
  const linkLayer = one.before ? [2, 1, 2, 0, 0, 0, 0, 1] : []
  const rest = [...Array<number>(32).fill(1), ...linkLayer, ...option]
  return icmpv6(`${source}>${addresses[one.to]}`, 137, one.code, {
    ttl: one.ttl,
    rest: [0, 0, 0, 0],
    data: Uint8Array.from(rest),
  })
}

/** Of either family. */
export const icmpConversation: fc.Arbitrary<Conversation> = fc.boolean().chain(conversation)

export const ICMP_MESSAGES: Generator = generator({
  name: 'ICMP',
  arbitrary: conversation(false),
  packets: icmpPackets,
})
export const ICMPV6_MESSAGES: Generator = generator({
  name: 'ICMPv6',
  arbitrary: conversation(true),
  packets: icmpPackets,
})

interface Chained {
  headers: readonly { number: number; length: number; body: readonly number[] }[]
  upper: number
  keep: number
  reply: boolean
  gap: number
}

const header = fc.record({
  number: fc.constantFrom(0, 43, 44, 51, 60, 60, 50, 59, 135, 139, 140),
  length: often(-1, 8, fc.constantFrom(0, 1, 2, 5, 31, 255)),
  body: fc.oneof(
    fc.constant<number[]>([1, 4, 0, 0, 0, 0]),
    fc.constant<number[]>([0, 0, 0, 0, 0, 0]),
    fc.array(fc.constantFrom(0, 1, 2, 4, 5, 6, 0x22, 0xc2, 0x82, 0x42, 255), { minLength: 6, maxLength: 6 }),
    fc.array(fc.constantFrom(0, 1, 4, 5, 12), { minLength: 14, maxLength: 14 }),
  ),
})

/** IPv6 with any chain of extension headers. */
export const IPV6_CHAINS: Generator = generator({
  name: 'IPv6 extension headers',
  arbitrary: fc.array(
    fc.record({
      headers: fc.array(header, { maxLength: 4 }),
      upper: fc.constantFrom(17, 17, 6, 58, 89, 59, 47, 132, 136, 1, 4),
      keep: often(1000, 6, fc.nat(80)),
      reply: fc.boolean(),
      gap: fc.constant(0.001),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  packets: (value: readonly Chained[], hosts) => value.map((one) => ({ bytes: chained(one, hosts.v6), gap: one.gap })),
  packetsPerCapture: 3000,
})

function chained(one: Chained, addresses: Hosts['v6']): Uint8Array {
  const client = addresses.end('client', 1000)
  const server = addresses.end('server', 2000)
  const path = one.reply ? `${server}>${client}` : `${client}>${server}`
  const kinds: Readonly<Record<number, (typeof FLOWS)[number]>> = {
    6: 'tcp',
    17: 'udp',
    58: 'echo',
    132: 'sctp',
    136: 'udplite',
    47: 'gre',
  }
  const kind = kinds[one.upper]
  const plain =
    kind === undefined
      ? datagram(path, one.upper, Array<number>(24).fill(7))
      : openingPackets(kind, ...ends(path)).there
  const numbers = one.headers.map(({ number }) => number)
  const next = [...numbers.slice(1), plain[6]]
  const chain = one.headers.flatMap(({ number, length, body }, index) => {
    if (number === 44) return [next[index], 0, 0, body[0] & 0xf9, 0, 0, 0, 9]
    const right = number === 51 ? (body.length + 2) / 4 - 2 : (body.length + 2) / 8 - 1
    return [next[index], length < 0 ? right : length, ...body]
  })
  const whole = Uint8Array.from([...plain.subarray(0, 40), ...chain, ...plain.subarray(40)])
  if (numbers.length > 0) whole[6] = numbers[0]
  whole.set(be16(whole.length - 40), 4)
  return shortened(whole, one.keep, true)
}

function ends(path: string): [string, string] {
  const [from, to] = path.split('>')
  return [from, to]
}
