import { grown } from '../../wire/grown.ts'
import {
  FRAGMENT_OFFSET_MASK,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L4_LENGTH,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import {
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_NO_NEXT_HEADER,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../../wire/protocols.ts'
import type { ConnectionView } from '../packet/connection-view.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { trackingZone } from '../packet/tracking.ts'

/**
 * Words before the addresses: entry that had the tuple last (-1: none), number of its connection, next tuple of the
 * same entry + 1, and 1 where the tuple is the reply's.
 */
const ENTRY = 0
const NUMBER = 1
const NEXT = 2
const REVERSED = 3
const PROTOCOL = 4
const ZONE = 5
const PORTS = 6
const HEAD_INTS = 7

const ENTRIES_AT_START = 64
const GROWTH = 2

/**
 * Tuples of packets that reached a rule, by a number that the owner gives, and the connection that each belongs to now.
 * The kernel remembers tuples, not connections, and looks each tuple up again. A later connection may have the same
 * tuple, also as its replies' (oracle).
 *
 * Connections with tuples here are watched; the owner calls `leave` when one leaves the connection table.
 */
export class ConnectionTuples {
  /** There were tuples of other zones than 0. */
  hasZones = false
  readonly #words: number
  readonly #size: number
  #tuples: Int32Array<ArrayBuffer>
  /** By entry, its first tuple + 1. */
  #first = new Int32Array(ENTRIES_AT_START)
  /** A row of header fields for one tuple. */
  readonly #row = new Int32Array(PACKET_INTS)

  /** @param words of an address */
  constructor(words: number, capacity: number) {
    this.#words = words
    this.#size = HEAD_INTS + 2 * words
    this.#tuples = new Int32Array(capacity * this.#size)
  }

  grow(capacity: number): void {
    this.#tuples = grown(this.#tuples, new Int32Array(capacity * this.#size))
  }

  /** Stores the original tuple of the packet's connection, or the packet's own tuple where it has no connection. */
  remember(number: number, packet: RulePacket): void {
    const { connection, connections, fields, base } = packet
    const tuples = this.#tuples
    const t = number * this.#size
    tuples[t + ENTRY] = -1
    tuples[t + REVERSED] = 0
    tuples[t + PROTOCOL] = connection < 0 ? fields[base + P_PROTOCOL] : connections.protocol(connection)
    tuples[t + ZONE] = zoneOf(packet)
    tuples[t + PORTS] = connection < 0 ? fields[base + P_PORTS] : portsOf(packet)
    if (tuples[t + ZONE] !== 0) this.hasZones = true
    for (let i = 0, a = t + HEAD_INTS; i < this.#words; i++, a++) {
      tuples[a] = connection < 0 ? fields[base + P_SRC + i] : connections.address(connection, false, false, i)
      tuples[a + this.#words] =
        connection < 0 ? fields[base + P_DST + i] : connections.address(connection, false, true, i)
    }
    if (connection >= 0) this.#give(number, connection, connections)
  }

  /** The entry of the connection that has the tuple, also as that of its replies; -1 where there is none. */
  entryOf(number: number, { connection, connections, nowNs, fields, base }: RulePacket): number {
    const tuples = this.#tuples
    const t = number * this.#size
    const entry = tuples[t + ENTRY]
    const isSame = entry >= 0 && connections.number(entry) === tuples[t + NUMBER]
    // Only the packet's own connection can exist without being findable.
    const isThere = entry !== connection || connections.isFindable(entry)
    if (isSame && isThere && connections.remainingNs(entry, nowNs) > 0) return entry
    this.forget(number)
    const row = this.#row
    row[P_FAMILY] = fields[base + P_FAMILY]
    row[P_PROTOCOL] = tuples[t + PROTOCOL]
    row[P_PORTS] = tuples[t + PORTS]
    for (let i = 0, a = t + HEAD_INTS; i < this.#words; i++, a++) {
      row[P_SRC + i] = tuples[a]
      row[P_DST + i] = tuples[a + this.#words]
    }
    const found = connections.find(row, 0, tuples[t + ZONE])
    tuples[t + REVERSED] = found & 1
    if (found < 0) return -1
    this.#give(number, found >> 1, connections)
    return found >> 1
  }

  /** Marks the tuple as belonging to no connection. */
  forget(number: number): void {
    const tuples = this.#tuples
    const t = number * this.#size
    const entry = tuples[t + ENTRY]
    if (entry < 0) return
    tuples[t + ENTRY] = -1
    const after = tuples[t + NEXT]
    if (this.#first[entry] === number + 1) {
      this.#first[entry] = after
      return
    }
    for (let at = this.#first[entry]; at !== 0; at = tuples[(at - 1) * this.#size + NEXT]) {
      const next = (at - 1) * this.#size + NEXT
      if (tuples[next] === number + 1) tuples[next] = after
    }
  }

  /** The entry has left the table; its tuples belong to no connection. */
  leave(entry: number): void {
    for (let number = this.first(entry); number >= 0; number = this.next(number)) {
      this.#tuples[number * this.#size + ENTRY] = -1
    }
    if (entry < this.#first.length) this.#first[entry] = 0
  }

  /** The first of an entry's tuples, -1 for none. */
  first(entry: number): number {
    return entry < this.#first.length ? this.#first[entry] - 1 : -1
  }

  /** The next tuple of the same entry, -1 for none. */
  next(number: number): number {
    return this.#tuples[number * this.#size + NEXT] - 1
  }

  #give(number: number, entry: number, connections: ConnectionView): void {
    if (entry >= this.#first.length) {
      this.#first = grown(this.#first, new Int32Array(Math.max(entry + 1, GROWTH * this.#first.length)))
    }
    const tuples = this.#tuples
    const t = number * this.#size
    tuples[t + ENTRY] = entry
    tuples[t + NUMBER] = connections.number(entry)
    tuples[t + NEXT] = this.#first[entry]
    this.#first[entry] = number + 1
    connections.watch(entry)
  }

  /** Whether the tuple, which `entryOf` has just found, is the one that `remember` would store for the packet. */
  isOf(number: number, packet: RulePacket): boolean {
    const { connection, fields, base } = packet
    const tuples = this.#tuples
    const t = number * this.#size
    if (connection >= 0) return tuples[t + ENTRY] === connection && tuples[t + REVERSED] === 0
    if (tuples[t + PROTOCOL] !== fields[base + P_PROTOCOL] || tuples[t + PORTS] !== fields[base + P_PORTS]) return false
    for (let i = 0, a = t + HEAD_INTS; i < this.#words; i++, a++) {
      if (tuples[a] !== fields[base + P_SRC + i] || tuples[a + this.#words] !== fields[base + P_DST + i]) return false
    }
    return true
  }
}

/** As P_PORTS has them in the connection's first packet. */
function portsOf({ connection, connections }: RulePacket): number {
  const protocol = connections.protocol(connection)
  const source = connections.port(connection, false, false)
  const destination = connections.port(connection, false, true)
  const isIcmp = protocol === PROTO_ICMP || protocol === PROTO_ICMPV6
  return isIcmp ? (destination << 16) | source : (source << 16) | destination
}

/** Zone of the packet's connection; after `-j CT` in the raw table, the zone in which it will be looked up. */
export function zoneOf({ connection, connections, direction, tracking, mark }: RulePacket): number {
  if (connection >= 0) return connections.zone(connection)
  return direction < 0 ? 0 : trackingZone(tracking, 0, mark)
}

/** Bytes of the transport header that a tuple is read from. */
const TUPLE_BYTES: ReadonlyMap<number, number> = new Map([
  [PROTO_TCP, 4],
  [PROTO_UDP, 4],
  [PROTO_UDPLITE, 4],
  [PROTO_SCTP, 4],
  [PROTO_ICMP, 8],
  [PROTO_ICMPV6, 8],
])

/** Whether a packet has a connection, or a header from which a tuple can be read (oracle: random combinations). */
export function hasTuple({ direction, fields, base }: RulePacket): boolean {
  if (direction >= 0) return true
  const protocol = fields[base + P_PROTOCOL]
  if (protocol < 0 || (protocol === PROTO_NO_NEXT_HEADER && fields[base + P_FAMILY] === IP_V6)) return false
  if ((fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return false
  return fields[base + P_L4_LENGTH] >= (TUPLE_BYTES.get(protocol) ?? 0)
}
