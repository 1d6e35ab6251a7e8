import { PROTO_ICMP, PROTO_ICMPV6 } from '../wire/protocols.ts'
import {
  E_ADDRESS_A,
  E_ADDRESS_B,
  E_EXPIRY,
  E_KIND,
  E_MARK,
  E_PORTS,
  E_STATUS,
  ENTRY_INTS,
  ENTRY_ORIGINAL_FROM_B,
  KIND_IPV6,
  KIND_PROTOCOL_MASK,
} from './entry.ts'
import type { ConnectionTable } from './table.ts'

/** ICMP types of requests and their replies. */
const REPLY_TYPE: Readonly<Record<number, number>> = { 8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140 }

/** The connection table as rules and reports may read it; of all they can only set the mark. */
export class ConnectionReader {
  readonly #table: ConnectionTable

  constructor(table: ConnectionTable) {
    this.#table = table
  }

  status(connection: number): number {
    return this.#table.entries[connection * ENTRY_INTS + E_STATUS] & 0xffff
  }

  mark(connection: number): number {
    return this.#table.entries[connection * ENTRY_INTS + E_MARK]
  }

  setMark(connection: number, mark: number): void {
    this.#table.entries[connection * ENTRY_INTS + E_MARK] = mark
  }

  remainingNs(connection: number, nowNs: number): number {
    return this.#table.times[(connection * ENTRY_INTS + E_EXPIRY) >> 1] - nowNs
  }

  protocol(connection: number): number {
    return this.#table.entries[connection * ENTRY_INTS + E_KIND] & KIND_PROTOCOL_MASK
  }

  isIpv6(connection: number): boolean {
    return (this.#table.entries[connection * ENTRY_INTS + E_KIND] & KIND_IPV6) !== 0
  }

  address(connection: number, reply: boolean, destination: boolean, index: number): number {
    const e = connection * ENTRY_INTS
    return this.#table.entries[e + (this.#isEndA(e, reply, destination) ? E_ADDRESS_A : E_ADDRESS_B) + index]
  }

  port(connection: number, reply: boolean, destination: boolean): number {
    const e = connection * ENTRY_INTS
    const ports = this.#table.entries[e + E_PORTS]
    const protocol = this.protocol(connection)
    if (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) {
      if (!destination) return ports >>> 16
      const type = (ports >>> 8) & 0xff
      return ((reply ? REPLY_TYPE[type] : type) << 8) | (ports & 0xff)
    }
    return this.#isEndA(e, reply, destination) ? ports >>> 16 : ports & 0xffff
  }

  #isEndA(e: number, reply: boolean, destination: boolean): boolean {
    const originalFromB = (this.#table.entries[e + E_STATUS] & ENTRY_ORIGINAL_FROM_B) !== 0
    return (originalFromB !== reply) === destination
  }
}
