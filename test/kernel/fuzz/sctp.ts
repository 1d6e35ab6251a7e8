import fc from 'fast-check'
import { be32, sctp } from '../../support/packets.ts'
import { type Generator, gaps, generator, type Hosts, often, type TimedPacket } from './case.ts'

/** A verification tag, told by whose it is. */
type Tag = 'right' | 'zero' | 'own' | 'wrong' | 'of the newest INIT'

interface Chunk {
  type: number
  flags: number
  /** Initiate tag of INIT and INIT ACK. */
  initTag: 'fresh' | 'same' | 'zero'
  length: 'right' | 'zero' | 'short' | 'beyond' | 'three' | 'only header'
}

interface Step {
  reply: boolean
  tag: Tag
  chunks: readonly Chunk[]
  /** Bytes cut off the end of the packet. */
  cut: number
  badChecksum: boolean
  gap: number
}

interface Association {
  v6: boolean
  opening: keyof typeof OPENINGS
  steps: readonly Step[]
}

const [
  DATA,
  INIT,
  INIT_ACK,
  SACK,
  HEARTBEAT,
  HEARTBEAT_ACK,
  ABORT,
  SHUTDOWN,
  SHUTDOWN_ACK,
  ERROR,
  COOKIE_ECHO,
  COOKIE_ACK,
] = Array.from({ length: 12 }, (_, type) => type)
const SHUTDOWN_COMPLETE = 14
const KNOWN = [DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR, COOKIE_ECHO]
const TYPES = [...KNOWN, COOKIE_ACK, SHUTDOWN_COMPLETE]

const chunk: fc.Arbitrary<Chunk> = fc.record({
  type: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...TYPES) },
    { weight: 1, arbitrary: fc.constantFrom(12, 13, 15, 31, 32, 63, 64, 128, 130, 192, 193, 255) },
  ),
  flags: often(0, 4, fc.constantFrom(1, 2, 3, 255)),
  initTag: often('fresh', 5, fc.constantFrom('same', 'zero')),
  length: often('right', 25, fc.constantFrom('zero', 'short', 'beyond', 'three', 'only header')),
})

const SCTP_TIMEOUTS = [3, 10, 30, 210]

const step: fc.Arbitrary<Step> = fc.record({
  reply: fc.boolean(),
  tag: often('right', 4, fc.constantFrom('zero', 'own', 'wrong', 'of the newest INIT')),
  chunks: fc.oneof(
    { weight: 6, arbitrary: fc.array(chunk, { minLength: 1, maxLength: 1 }) },
    { weight: 2, arbitrary: fc.array(chunk, { maxLength: 4 }) },
  ),
  cut: often(0, 30, fc.constantFrom(1, 3, 4, 8, 12)),
  badChecksum: often(false, 60, fc.constant(true)),
  gap: gaps(SCTP_TIMEOUTS, 8),
})

/** Chunks before the random ones, as `side type`: they lead to each of the tracker's states. */
const OPENINGS = {
  none: [],
  INIT: [`c ${INIT}`],
  'INIT ACK': [`c ${INIT}`, `s ${INIT_ACK}`],
  'COOKIE ECHO': [`c ${INIT}`, `s ${INIT_ACK}`, `c ${COOKIE_ECHO}`],
  established: [`c ${INIT}`, `s ${INIT_ACK}`, `c ${COOKIE_ECHO}`, `s ${COOKIE_ACK}`],
  'client SHUTDOWN': [`c ${INIT}`, `s ${INIT_ACK}`, `c ${COOKIE_ECHO}`, `s ${COOKIE_ACK}`, `c ${SHUTDOWN}`],
  'server SHUTDOWN': [`c ${INIT}`, `s ${INIT_ACK}`, `c ${COOKIE_ECHO}`, `s ${COOKIE_ACK}`, `s ${SHUTDOWN}`],
  'SHUTDOWN ACK': [
    `c ${INIT}`,
    `s ${INIT_ACK}`,
    `c ${COOKIE_ECHO}`,
    `s ${COOKIE_ACK}`,
    `c ${SHUTDOWN}`,
    `s ${SHUTDOWN_ACK}`,
  ],
  aborted: [`c ${INIT}`, `s ${INIT_ACK}`, `c ${COOKIE_ECHO}`, `s ${COOKIE_ACK}`, `c ${ABORT}`],
  HEARTBEAT: [`c ${HEARTBEAT}`],
  'HEARTBEAT both ways': [`c ${HEARTBEAT}`, `s ${HEARTBEAT}`],
  'HEARTBEAT ACK': [`c ${HEARTBEAT}`, `s ${HEARTBEAT_ACK}`],
  'INIT collision': [`c ${INIT}`, `s ${INIT}`],
  'SHUTDOWN ACK first': [`c ${SHUTDOWN_ACK}`],
} as const satisfies Record<string, readonly string[]>

const association: fc.Arbitrary<Association> = fc.record({
  v6: often(false, 5, fc.constant(true)),
  opening: fc.constantFrom(...(Object.keys(OPENINGS) as (keyof typeof OPENINGS)[])),
  steps: fc.array(step, { minLength: 1, maxLength: 10 }),
})

/** The tags that packets of each direction should carry, by the association's own account. */
class Tags {
  /** Due in packets to the server, and to the client. */
  readonly due: [number, number] = [0x1111, 0x2222]
  #fresh = 1

  of(tag: Tag, reply: boolean): number {
    const [toServer, toClient] = this.due
    switch (tag) {
      case 'right':
        return reply ? toClient : toServer
      case 'own':
        return reply ? toServer : toClient
      case 'zero':
        return 0
      case 'wrong':
        return 0x99999999
      case 'of the newest INIT':
        return this.#fresh
    }
  }

  /** The initiate tag of an INIT: what the other side's packets are to carry from then on. */
  initiate(chunkOf: Chunk, reply: boolean): number {
    const peer = reply ? 0 : 1
    if (chunkOf.initTag === 'fresh') this.due[peer] = ++this.#fresh * 0x01010101
    return chunkOf.initTag === 'zero' ? 0 : this.due[peer]
  }
}

const plainChunk = (type: number): Chunk => ({ type, flags: 0, initTag: 'fresh', length: 'right' })

function packetsOf(value: Association, hosts: Hosts): TimedPacket[] {
  const tags = new Tags()
  const addresses = value.v6 ? hosts.v6 : hosts.v4
  const packets: TimedPacket[] = []
  const send = (one: Step): void => {
    const [from, to] = one.reply ? (['server', 'client'] as const) : (['client', 'server'] as const)
    const tag = tags.of(one.tag, one.reply)
    const chunks = one.chunks.map((part) => chunkBytes(part, one.reply, tags))
    const options = { tag, ...(one.badChecksum ? { checksum: 'bad' as const } : {}) }
    const port = { client: 1000, server: 2000 }
    const path = `${addresses.end(from, port[from])}>${addresses.end(to, port[to])}`
    packets.push({ bytes: sctp(path, cutShort(chunks, one.cut), options), gap: one.gap })
  }
  for (const text of OPENINGS[value.opening]) {
    const [side, type] = text.split(' ')
    send({
      reply: side === 's',
      tag: Number(type) === INIT ? 'zero' : 'right',
      chunks: [plainChunk(Number(type))],
      cut: 0,
      badChecksum: false,
      gap: 0.001,
    })
  }
  for (const one of value.steps) {
    // An INIT carries no tag: mostly it shall be right.
    const isInit = one.chunks[0]?.type === INIT && one.tag === 'right'
    send(isInit ? { ...one, tag: 'zero' } : one)
  }
  return packets
}

function chunkBytes(chunkOf: Chunk, reply: boolean, tags: Tags): Uint8Array {
  const { type } = chunkOf
  const body =
    type === INIT || type === INIT_ACK
      ? [...be32(tags.initiate(chunkOf, reply), 1000), 0, 1, 0, 1, 0, 0, 0, 1]
      : type === DATA
        ? Array<number>(13).fill(0)
        : type === COOKIE_ACK || type === SHUTDOWN_ACK || type === SHUTDOWN_COMPLETE || type === ABORT
          ? []
          : [0, 0, 0, 0]
  const right = 4 + body.length
  const length = { right, zero: 0, three: 3, short: 4, beyond: right + 40, 'only header': 4 }[chunkOf.length]
  return Uint8Array.of(
    type,
    chunkOf.flags,
    length >> 8,
    length & 255,
    ...(chunkOf.length === 'only header' ? [] : body),
  )
}

/** The last chunk without its last bytes; whole chunks go where more is cut. */
function cutShort(chunks: readonly Uint8Array[], cut: number): Uint8Array[] {
  const all = [...chunks]
  const last = all.pop()
  if (last === undefined || cut === 0) return [...chunks]
  return [...all, last.subarray(0, Math.max(0, last.length - cut))]
}

export const SCTP_CHUNKS: Generator = generator({
  name: 'SCTP chunks',
  arbitrary: association,
  packets: packetsOf,
  setups: [{}, {}, { sysctls: { nf_conntrack_checksum: '0' } }],
})
