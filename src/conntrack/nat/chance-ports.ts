import { grown } from '../../wire/grown.ts'
import { IP_V6, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, P_TCP_ACK } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { ConnectionReader } from '../connection-reader.ts'
import { type CurrentConnection, NO_ENTRY, NOT_LOOKED_UP } from '../current-connection.ts'
import { E_EXPIRY, E_TCP_SIDE, ENTRY_INTS, TCP_END } from '../entry.ts'
import type { EntryWatcher } from '../entry-watchers.ts'
import { IPS_SEEN_REPLY } from '../status.ts'
import { hasPorts } from '../tuple.ts'
import { EntryIndex } from './entry-index.ts'

const HASH_FACTOR = 0x9e3779b1
/** Of the connections with the same hash, so many are looked at. */
const LOOKED_AT_MAX = 4096
const ENTRIES_AT_LEAST = 1024

/**
 * Connections whose source port the kernel chose at random. Nothing shows the port until the capture has an answer: a
 * packet from the peer to the outer address that belongs to no known connection. It belongs to the oldest such
 * connection without an answer (for TCP, to the one whose SYN it acknowledges), and so shows the port. What has ended or
 * been answered is forgotten.
 */
export class ChancePorts implements EntryWatcher {
  readonly #current: CurrentConnection
  readonly #connections: ConnectionReader
  /** By peer, outer address and protocol. */
  readonly #waiting = new EntryIndex()
  /** By entry: the lowest port that the kernel may have taken << 16, and the highest one. */
  #ranges = new Int32Array(0)

  constructor(current: CurrentConnection) {
    this.#current = current
    this.#connections = new ConnectionReader(current.table)
  }

  /** The current packet's connection has a stand-in for a port that the kernel chose at random from `low` to `high`. */
  note(low: number, high: number): void {
    const { id, table } = this.#current
    const read = this.#connections
    const protocol = read.protocol(id)
    if (!hasPorts(protocol)) return
    let hash = hashOf(protocol, read.port(id, true, false))
    for (let i = 0; i < (read.isIpv6(id) ? 4 : 1); i++) {
      hash = mixed(mixed(hash, read.address(id, true, false, i)), read.address(id, true, true, i))
    }
    this.#waiting.add(id, hash)
    if (id >= this.#ranges.length) {
      this.#ranges = grown(this.#ranges, new Int32Array(Math.max(ENTRIES_AT_LEAST, 2 * (id + 1))))
    }
    this.#ranges[id] = (low << 16) | high
    table.watchers.add(this)
    table.watchers.watch(table.entries, id)
  }

  /** The connection that a packet, if it belongs to no known one, is the first answer to; NO_ENTRY for none. */
  answeredBy(fields: Int32Array, base: number): number {
    const waiting = this.#waiting
    let oldest = NO_ENTRY
    if (waiting.size === 0) return oldest
    let hash = hashOf(fields[base + P_PROTOCOL], fields[base + P_PORTS] >>> 16)
    for (let i = 0; i < (fields[base + P_FAMILY] === IP_V6 ? 4 : 1); i++) {
      hash = mixed(mixed(hash, fields[base + P_SRC + i]), fields[base + P_DST + i])
    }
    let left = LOOKED_AT_MAX
    for (let entry = waiting.first(hash); entry >= 0 && left > 0; entry = waiting.after(entry), left--) {
      if (this.#isAnsweredBy(entry, fields, base) && this.#isAlive(entry)) oldest = entry
    }
    return oldest
  }

  /**
   * Called for an incoming packet before it is looked up: if it is the first answer to such a connection, the
   * connection gets its port.
   */
  learnFrom(fields: Int32Array, base: number): void {
    const answered = this.answeredBy(fields, base)
    if (answered === NO_ENTRY || this.#current.find(fields, base, 0, 0, false) !== NO_ENTRY) return
    this.#rebind(answered, fields, base)
  }

  /** Another packet may have had the stand-in's port, and so be the answer. */
  moved(entry: number): void {
    if ((this.#connections.status(entry) & IPS_SEEN_REPLY) !== 0) this.#waiting.remove(entry)
  }

  left(entry: number): void {
    this.#waiting.remove(entry)
  }

  /** Entries that have expired are forgotten only when the table removes them. */
  #isAlive(entry: number): boolean {
    const { table } = this.#current
    return table.isFindable(entry) && table.times[(entry * ENTRY_INTS + E_EXPIRY) >> 1] > table.nowNs
  }

  #isAnsweredBy(entry: number, fields: Int32Array, base: number): boolean {
    const read = this.#connections
    const port = fields[base + P_PORTS] & 0xffff
    // The client's own port is impossible: it was in use, or the rule asked for another.
    const range = this.#ranges[entry]
    if (port < range >>> 16 || port > (range & 0xffff) || port === read.port(entry, false, false)) return false
    const protocol = fields[base + P_PROTOCOL]
    const isV6 = fields[base + P_FAMILY] === IP_V6
    if (read.protocol(entry) !== protocol || read.isIpv6(entry) !== isV6) return false
    if (read.port(entry, true, false) !== fields[base + P_PORTS] >>> 16) return false
    for (let i = 0; i < (isV6 ? 4 : 1); i++) {
      if (read.address(entry, true, false, i) !== fields[base + P_SRC + i]) return false
      if (read.address(entry, true, true, i) !== fields[base + P_DST + i]) return false
    }
    if (protocol !== PROTO_TCP) return true
    return this.#current.table.entries[entry * ENTRY_INTS + E_TCP_SIDE + TCP_END] === fields[base + P_TCP_ACK]
  }

  #rebind(entry: number, fields: Int32Array, base: number): void {
    const { table, key, zoneReply } = this.#current
    // This also tells `left`.
    table.unlink(entry)
    key.fill(fields, base, zoneReply, 0, 0)
    table.setReplyKey(entry, key)
    table.insert(entry)
    this.#current.lookedUp = NOT_LOOKED_UP
  }
}

function hashOf(protocol: number, port: number): number {
  return Math.imul((protocol << 16) | port, HASH_FACTOR)
}

function mixed(hash: number, word: number): number {
  const next = Math.imul(hash ^ word, HASH_FACTOR)
  return next ^ (next >>> 15)
}
