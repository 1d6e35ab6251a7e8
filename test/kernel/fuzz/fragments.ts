import fc from 'fast-check'
import { be16, be32, concat, udp } from '../../support/packets.ts'
import { type Generator, generator, type Hosts, often, type TimedPacket } from './case.ts'
import { openingPackets, sealHeader } from './flows.ts'

/** A piece of a datagram, in units of eight bytes. */
interface Piece {
  from: number
  units: number
  /** Bytes more or less than whole units. */
  odd: number
  more: boolean
}

interface Datagram {
  v6: boolean
  kind: 'udp' | 'tcp' | 'echo'
  /** Where the datagram is cut, in eighths of its length; what lies between becomes a piece. */
  cuts: readonly number[]
  /** Pieces in the order of sending, as indices; twice the same for a duplicate, missing ones for holes. */
  order: readonly number[]
  changes: readonly { piece: number; from: number; units: number; odd: number; more: boolean | null }[]
  id: number
  reply: boolean
}

const UNITS = 12

const datagramOf: fc.Arbitrary<Datagram> = fc.record({
  v6: fc.boolean(),
  kind: fc.constantFrom('udp', 'udp', 'tcp', 'echo'),
  cuts: fc
    .uniqueArray(fc.integer({ min: 1, max: UNITS - 1 }), { maxLength: 5 })
    .map((cuts) => cuts.sort((a, b) => a - b)),
  order: fc.array(fc.nat(5), { minLength: 1, maxLength: 9 }),
  changes: often(
    [] as Datagram['changes'],
    2,
    fc.array(
      fc.record({
        piece: fc.nat(5),
        from: fc.integer({ min: -2, max: 2 }),
        units: fc.integer({ min: -2, max: 2 }),
        odd: often(0, 3, fc.integer({ min: -3, max: 3 })),
        more: often(null as boolean | null, 3, fc.boolean()),
      }),
      { minLength: 1, maxLength: 2 },
    ),
  ),
  id: fc.nat(1),
  reply: often(false, 3, fc.constant(true)),
})

/** Every piece once, in any order, or any pieces. */
const ordered = datagramOf.chain((one) =>
  fc.oneof(
    fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6, maxLength: 6 }).map((order) => ({ ...one, order })),
    fc.constant(one),
  ),
)

function packetsOf(value: readonly Datagram[], hosts: Hosts): TimedPacket[] {
  return value.flatMap((one) => piecesOf(one, one.v6 ? hosts.v6 : hosts.v4).map((bytes) => ({ bytes, gap: 0.0005 })))
}

function piecesOf(one: Datagram, addresses: Hosts['v4']): Uint8Array[] {
  const [from, to] = one.reply ? (['server', 'client'] as const) : (['client', 'server'] as const)
  const ends = [addresses.end(from, 1000), addresses.end(to, 1000)] as const
  const whole =
    one.kind === 'udp'
      ? udp(`${ends[0]}>${ends[1]}`, { data: UNITS * 8 - 10 })
      : openingPackets(one.kind, ...ends).there
  const header = one.v6 ? 40 : 20
  const payload = concat(whole.subarray(header), new Uint8Array(64))
  const length = whole.length - header
  const edges = [0, ...one.cuts.filter((cut) => cut * 8 < length), Math.ceil(length / 8)]
  const pieces: Piece[] = edges.slice(1).map((edge, index) => ({
    from: edges[index],
    units: edge - edges[index],
    odd: edge * 8 > length ? length - edge * 8 : 0,
    more: index < edges.length - 2,
  }))
  for (const change of one.changes) {
    const piece = pieces[change.piece % pieces.length]
    piece.from = Math.max(0, piece.from + change.from)
    piece.units = Math.max(0, piece.units + change.units)
    piece.odd += change.odd
    piece.more = change.more ?? piece.more
  }
  return one.order
    .filter((index) => index < pieces.length)
    .map((index) => pieceBytes(whole.subarray(0, header), payload, pieces[index], one))
}

function pieceBytes(header: Uint8Array, payload: Uint8Array, piece: Piece, one: Datagram): Uint8Array {
  const start = piece.from * 8
  const part = payload.subarray(start, Math.max(start, start + piece.units * 8 + piece.odd))
  if (one.v6) {
    const fragment = [header[6], 0, ...be16(start | (piece.more ? 1 : 0)), ...be32(100 + one.id)]
    const bytes = concat(header, fragment, part)
    bytes[6] = 44
    bytes.set(be16(bytes.length - 40), 4)
    return bytes
  }
  const bytes = concat(header, part)
  bytes.set(be16(bytes.length, 100 + one.id, (piece.more ? 0x2000 : 0) | piece.from), 2)
  sealHeader(bytes)
  return bytes
}

/**
 * The kernel's queues know real time only, and one limit of memory for all: few packets a capture, all within two seconds, so that none
 * is thrown away for its age or for want of room.
 */
export const FRAGMENTS: Generator = generator({
  name: 'fragments',
  arbitrary: fc.array(ordered, { minLength: 1, maxLength: 3 }),
  packets: packetsOf,
  packetsPerCapture: 2000,
})
