import fc from 'fast-check'
import { be32, icmp, sctp, tcp, udp } from '../support/packets.ts'

/** Who talks to whom: two addresses, and the client's port. */
export interface Pair {
  client: string
  server: string
  port: number
}

/** A whole valid conversation, in order. */
type Conversation = (pair: Pair) => Uint8Array[]

function download(bytes: number, closing: 'FIN' | 'RST' | 'none'): Conversation {
  return ({ client, server, port }) => {
    const c = (flags: string, seq: number, ack: number, data = 0) =>
      tcp(`${client}:${port}>${server}:80`, flags, { seq: seq >>> 0, ack: ack >>> 0, data })
    const s = (flags: string, seq: number, ack: number, data = 0) =>
      tcp(`${server}:80>${client}:${port}`, flags, { seq: seq >>> 0, ack: ack >>> 0, data })
    const [cs, ss] = [0xffffff00 + port, 0x7fffff00]
    const end = ss + 1 + bytes
    return [
      c('S', cs, 0),
      s('SA', ss, cs + 1),
      c('A', cs + 1, ss + 1),
      c('PA', cs + 1, ss + 1, 50),
      s('A', ss + 1, cs + 51),
      s('PA', ss + 1, cs + 51, bytes),
      c('A', cs + 51, end),
      ...(closing === 'FIN' ? [s('FA', end, cs + 51), c('FA', cs + 51, end + 1), s('A', end + 1, cs + 52)] : []),
      ...(closing === 'RST' ? [c('R', cs + 51, 0)] : []),
    ]
  }
}

const question: Conversation = ({ client, server, port }) => [
  udp(`${client}:${port}>${server}:53`),
  udp(`${server}:53>${client}:${port}`),
  udp(`${client}:${port}>${server}:53`),
]

const unreachable: Conversation = ({ client, server, port }) => {
  const asked = udp(`${client}:${port}>${server}:9`)
  return [asked, icmp(`${server}>${client}`, 3, 3, { data: asked })]
}

const ping: Conversation = ({ client, server, port }) =>
  [1, 2].flatMap((seq) => [
    icmp(`${client}>${server}`, 8, 0, { id: port, seq }),
    icmp(`${server}>${client}`, 0, 0, { id: port, seq }),
  ])

const association: Conversation = ({ client, server, port }) => {
  const init = (type: number, tag: number) => Uint8Array.of(type, 0, 0, 20, ...be32(tag, 1000), 0, 1, 0, 1, 0, 0, 0, 1)
  const chunk = (type: number) => Uint8Array.of(type, 0, 0, 4)
  const c = (tag: number, one: Uint8Array) => sctp(`${client}:${port}>${server}:2000`, [one], { tag })
  const s = (tag: number, one: Uint8Array) => sctp(`${server}:2000>${client}:${port}`, [one], { tag })
  return [
    c(0, init(1, 5)),
    s(5, init(2, 6)),
    c(6, chunk(10)),
    s(5, chunk(11)),
    c(6, chunk(7)),
    s(5, chunk(8)),
    c(6, chunk(14)),
  ]
}

export const conversation: fc.Arbitrary<Conversation> = fc.oneof(
  fc
    .record({ bytes: fc.integer({ min: 1, max: 3000 }), closing: fc.constantFrom('FIN', 'RST', 'none') })
    .map(({ bytes, closing }) => download(bytes, closing as 'FIN' | 'RST' | 'none')),
  fc.constantFrom(question, unreachable, ping, association),
)

/** What becomes of a packet on a bad network. */
type Fate = 'sent' | 'lost' | 'doubled' | 'late'

export interface Sent {
  bytes: Uint8Array
  /** Seconds after the packet before. */
  gap: number
  /** A rule drops it. */
  dropped: boolean
}

const fates = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>('sent') },
  { weight: 1, arbitrary: fc.constantFrom<Fate>('lost', 'doubled', 'late') },
)

/** Packets of several conversations, each in its order but for what is lost, doubled or late, mixed with one another. */
export function network(pairs: fc.Arbitrary<Pair>, most: number): fc.Arbitrary<Sent[]> {
  return fc
    .record({
      talks: fc.array(fc.tuple(conversation, pairs), { minLength: 1, maxLength: most }),
      fates: fc.infiniteStream(fates),
      turns: fc.infiniteStream(fc.nat(1000)),
      gaps: fc.infiniteStream(
        fc.oneof(
          { weight: 12, arbitrary: fc.constant(0.01) },
          { weight: 1, arbitrary: fc.constantFrom(3, 11, 31, 121, 301) },
        ),
      ),
      drops: fc.infiniteStream(
        fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      ),
    })
    .map(({ talks, fates: fateOf, turns, gaps, drops }) => {
      const queues = talks.map(([talk, pair]) => spoiled(talk(pair), fateOf))
      const sent: Sent[] = []
      while (queues.some((queue) => queue.length > 0)) {
        const waiting = queues.filter((queue) => queue.length > 0)
        const bytes = waiting[turns.next().value % waiting.length].shift()
        if (bytes !== undefined) sent.push({ bytes, gap: gaps.next().value, dropped: drops.next().value })
      }
      return sent
    })
}

function spoiled(packets: readonly Uint8Array[], fateOf: Iterator<Fate, Fate>): Uint8Array[] {
  const out: Uint8Array[] = []
  let late: Uint8Array | null = null
  for (const packet of packets) {
    const fate = fateOf.next().value
    if (fate === 'lost') continue
    if (fate === 'late' && late === null) late = packet
    else {
      out.push(packet)
      if (fate === 'doubled') out.push(packet)
      if (late !== null) {
        out.push(late)
        late = null
      }
    }
  }
  return late === null ? out : [...out, late]
}

/** Few hosts and ports: conversations meet, and ports are used again. */
export const crowded: fc.Arbitrary<Pair> = fc.record({
  client: fc.constantFrom('10.0.0.1', '200.0.0.2', '10.0.0.3'),
  server: fc.constantFrom('10.9.9.9', '10.0.0.3'),
  port: fc.constantFrom(1000, 1001, 80),
})
