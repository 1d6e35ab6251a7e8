import { IP_V6, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, P_TCP_ACK } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { ConnectionReader } from '../connection-reader.ts'
import { type CurrentConnection, NO_ENTRY, NOT_LOOKED_UP } from '../current-connection.ts'
import { E_EXPIRY, E_TCP_SIDE, ENTRY_INTS, TCP_END } from '../entry.ts'
import { IPS_SEEN_REPLY } from '../status.ts'
import { hasPorts } from '../tuple.ts'

const HASH_FACTOR = 0x9e3779b1
/** Connections to one peer that are remembered at once. */
const WAITING_MAX = 4096

interface Waiting {
  readonly entry: number
  readonly number: number
  /** Ports that the kernel may have taken, both included. */
  readonly low: number
  readonly high: number
}

/**
 * Connections whose source port the kernel chose at random. Nothing shows the port until the capture has an answer: a
 * packet from the peer to the outer address that belongs to no known connection. It belongs to the oldest such
 * connection without an answer (for TCP, to the one whose SYN it acknowledges), and so shows the port.
 */
export class ChancePorts {
  /** Ports learned from answers. */
  learned = 0
  readonly #current: CurrentConnection
  readonly #connections: ConnectionReader
  /** By hash of peer, outer address and protocol, oldest first. */
  readonly #waiting = new Map<number, Waiting[]>()

  constructor(current: CurrentConnection) {
    this.#current = current
    this.#connections = new ConnectionReader(current.table)
  }

  /** There are connections whose port is to be learned. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0
  }

  /** The current packet's connection has a stand-in for a port that the kernel chose at random from `low` to `high`. */
  note(low: number, high: number): void {
    const { id, number } = this.#current
    const read = this.#connections
    const protocol = read.protocol(id)
    if (!hasPorts(protocol)) return
    let hash = hashOf(protocol, read.port(id, true, false))
    for (let i = 0; i < (read.isIpv6(id) ? 4 : 1); i++) {
      hash = mixed(mixed(hash, read.address(id, true, false, i)), read.address(id, true, true, i))
    }
    const list = this.#waiting.get(hash)
    const waiting = { entry: id, number, low, high }
    if (list === undefined) this.#waiting.set(hash, [waiting])
    else if (list.push(waiting) > WAITING_MAX) list.shift()
  }

  /**
   * Called for an incoming packet before it is looked up: if it is the first answer to such a connection, the
   * connection gets its port.
   */
  learnFrom(fields: Int32Array, base: number): void {
    if (this.#waiting.size === 0) return
    const protocol = fields[base + P_PROTOCOL]
    let hash = hashOf(protocol, fields[base + P_PORTS] >>> 16)
    for (let i = 0; i < (fields[base + P_FAMILY] === IP_V6 ? 4 : 1); i++) {
      hash = mixed(mixed(hash, fields[base + P_SRC + i]), fields[base + P_DST + i])
    }
    const list = this.#waiting.get(hash)
    if (list === undefined) return
    const current = this.#current
    if (current.find(fields, base, 0, 0, false) !== NO_ENTRY) return
    const alive = list.filter((one) => this.#isUnanswered(one))
    const answered = alive.findIndex((one) => this.#isAnsweredBy(one, fields, base))
    if (answered >= 0) this.#rebind(alive.splice(answered, 1)[0].entry, fields, base)
    if (alive.length === 0) this.#waiting.delete(hash)
    else this.#waiting.set(hash, alive)
  }

  #isUnanswered({ entry, number }: Waiting): boolean {
    const { table } = this.#current
    const read = this.#connections
    if (read.number(entry) !== number || !table.isFindable(entry)) return false
    return (
      (read.status(entry) & IPS_SEEN_REPLY) === 0 && table.times[(entry * ENTRY_INTS + E_EXPIRY) >> 1] > table.nowNs
    )
  }

  #isAnsweredBy({ entry, low, high }: Waiting, fields: Int32Array, base: number): boolean {
    const read = this.#connections
    const port = fields[base + P_PORTS] & 0xffff
    // The client's own port is impossible: it was in use, or the rule asked for another.
    if (port < low || port > high || port === read.port(entry, false, false)) return false
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
    table.unlink(entry)
    key.fill(fields, base, zoneReply, 0, 0)
    table.setReplyKey(entry, key)
    table.insert(entry)
    this.#current.lookedUp = NOT_LOOKED_UP
    this.learned++
  }
}

function hashOf(protocol: number, port: number): number {
  return Math.imul((protocol << 16) | port, HASH_FACTOR)
}

function mixed(hash: number, word: number): number {
  const next = Math.imul(hash ^ word, HASH_FACTOR)
  return next ^ (next >>> 15)
}
