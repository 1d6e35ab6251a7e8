import { P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, PACKET_INTS } from '../../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../../wire/protocols.ts'
import { grown } from '../evaluate/key-table.ts'
import type { RulePacket } from '../rule-packet.ts'

/** Before the addresses. Entry that had the tuple last (-1: none), the number of its connection, and 1 where it is the reply's. */
const ENTRY = 0
const NUMBER = 1
const REVERSED = 2
const PROTOCOL = 3
const ZONE = 4
const PORTS = 5
const HEAD_INTS = 6

/**
 * Tuples of packets that came by, by a number that the owner gives, and whose they are now: the kernel remembers no
 * connections but tuples, and looks for them anew. A later connection may have the same, also as its replies' (oracle).
 */
export class ConnectionTuples {
  readonly #words: number
  readonly #size: number
  #tuples: Int32Array<ArrayBuffer>
  /** A row of header fields for one tuple. */
  readonly #row = new Int32Array(PACKET_INTS)

  /** @param words of an address */
  constructor(words: number, capacity: number) {
    this.#words = words
    this.#size = HEAD_INTS + 2 * words
    this.#tuples = new Int32Array(capacity * this.#size)
  }

  grow(capacity: number): void {
    this.#tuples = grown(this.#tuples, capacity * this.#size)
  }

  /** Remembers the original tuple of the packet's connection; where it has none, the packet's own. */
  remember(number: number, packet: RulePacket): void {
    const { connection, connections, fields, base } = packet
    const tuples = this.#tuples
    const t = number * this.#size
    tuples[t + ENTRY] = connection
    tuples[t + NUMBER] = connection < 0 ? 0 : connections.number(connection)
    tuples[t + REVERSED] = 0
    tuples[t + PROTOCOL] = connection < 0 ? fields[base + P_PROTOCOL] : connections.protocol(connection)
    tuples[t + ZONE] = connection < 0 ? 0 : connections.zone(connection)
    tuples[t + PORTS] = connection < 0 ? fields[base + P_PORTS] : portsOf(packet)
    for (let i = 0, a = t + HEAD_INTS; i < this.#words; i++, a++) {
      tuples[a] = connection < 0 ? fields[base + P_SRC + i] : connections.address(connection, false, false, i)
      tuples[a + this.#words] =
        connection < 0 ? fields[base + P_DST + i] : connections.address(connection, false, true, i)
    }
  }

  /** The entry of the connection that has the tuple, be it that of its replies; -1 where there is none. */
  entryOf(number: number, { connection, connections, nowNs, fields, base }: RulePacket): number {
    const tuples = this.#tuples
    const t = number * this.#size
    const entry = tuples[t + ENTRY]
    const isSame = entry >= 0 && connections.number(entry) === tuples[t + NUMBER]
    // Of all connections, only the packet's own may be there and not to be found.
    const isThere = entry !== connection || connections.isFindable(entry)
    if (isSame && isThere && connections.remainingNs(entry, nowNs) > 0) return entry
    const row = this.#row
    row[P_FAMILY] = fields[base + P_FAMILY]
    row[P_PROTOCOL] = tuples[t + PROTOCOL]
    row[P_PORTS] = tuples[t + PORTS]
    for (let i = 0, a = t + HEAD_INTS; i < this.#words; i++, a++) {
      row[P_SRC + i] = tuples[a]
      row[P_DST + i] = tuples[a + this.#words]
    }
    const found = connections.find(row, 0, tuples[t + ZONE])
    tuples[t + ENTRY] = found < 0 ? -1 : found >> 1
    tuples[t + NUMBER] = found < 0 ? 0 : connections.number(found >> 1)
    tuples[t + REVERSED] = found & 1
    return tuples[t + ENTRY]
  }

  /** Whether the tuple, which `entryOf` has just found, is the one that `remember` would take down for the packet. */
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
