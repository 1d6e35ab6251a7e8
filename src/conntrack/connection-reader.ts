import { P_PORTS } from '../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_TCP } from '../wire/protocols.ts'
import {
  E_ADDRESS_A,
  E_ADDRESS_B,
  E_EXPIRY,
  E_KIND,
  E_NUMBER,
  E_PORTS,
  E_STATUS,
  E_TCP_STATE,
  ENTRY_INTS,
  ENTRY_ORIGINAL_FROM_B,
  ENTRY_TWO_TUPLES,
  KIND_IPV6,
  KIND_PROTOCOL_MASK,
  KIND_ZONE_SHIFT,
} from './entry.ts'
import type { EntryWatcher } from './entry-watchers.ts'
import {
  X_COUNTERS,
  X_HELPER,
  X_LABELS,
  X_MARK,
  X_REPLY_ADDRESS_A,
  X_REPLY_ADDRESS_B,
  X_REPLY_FROM_B,
  X_REPLY_KIND,
  X_REPLY_PORTS,
} from './extensions.ts'
import { HELPERS } from './helpers/registry.ts'
import { TCP_CLOSE, TCP_TIME_WAIT } from './protocols/tcp-states.ts'
import { stateOf } from './protocols/tcp-word.ts'
import type { ConnectionTable } from './table.ts'
import { hasIcmpCounterpart, TupleKey } from './tuple.ts'

/** ICMP types of requests and their replies. */
const REPLY_TYPE: Readonly<Record<number, number>> = { 8: 0, 13: 14, 15: 16, 17: 18, 128: 129, 139: 140 }

/** Integers of X_COUNTERS for one direction: two doubles, packets and bytes. */
const INTS_PER_DIRECTION = 4

/** The connection table as rules and reports read it. They can change nothing but marks and labels. */
export class ConnectionReader {
  readonly #table: ConnectionTable
  readonly #key: TupleKey

  constructor(table: ConnectionTable) {
    this.#table = table
    this.#key = new TupleKey(table.seed)
  }

  status(connection: number): number {
    return this.#table.entries[connection * ENTRY_INTS + E_STATUS] & 0xffff
  }

  /** The connection's mark; 0 until a rule sets it. */
  mark(connection: number): number {
    return this.#table.extensions.records[this.#table.extensionOf(connection) + X_MARK]
  }

  setMark(connection: number, mark: number): void {
    if (mark === 0 && this.#table.extensionOf(connection) === 0) return
    const x = this.#table.extend(connection)
    this.#table.extensions.records[x + X_MARK] = mark
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
    if (reply && this.#hasReplyKey(e)) {
      const x = this.#table.extensionOf(connection)
      const isA = this.#isReplyEndA(x, destination)
      return this.#table.extensions.records[x + (isA ? X_REPLY_ADDRESS_A : X_REPLY_ADDRESS_B) + index]
    }
    return this.#table.entries[e + (this.#isEndA(e, reply, destination) ? E_ADDRESS_A : E_ADDRESS_B) + index]
  }

  port(connection: number, reply: boolean, destination: boolean): number {
    const e = connection * ENTRY_INTS
    const x = this.#table.extensionOf(connection)
    const hasReplyKey = reply && this.#hasReplyKey(e)
    const ports = hasReplyKey ? this.#table.extensions.records[x + X_REPLY_PORTS] : this.#table.entries[e + E_PORTS]
    const protocol = this.protocol(connection)
    if (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) {
      if (!destination) return ports >>> 16
      const type = (ports >>> 8) & 0xff
      return ((reply ? REPLY_TYPE[type] : type) << 8) | (ports & 0xff)
    }
    const isA = hasReplyKey ? this.#isReplyEndA(x, destination) : this.#isEndA(e, reply, destination)
    return isA ? ports >>> 16 : ports & 0xffff
  }

  zone(connection: number): number {
    return this.#table.entries[connection * ENTRY_INTS + E_KIND] >>> KIND_ZONE_SHIFT
  }

  /** The zone, also where it holds for the reply direction only. */
  zoneId(connection: number): number {
    const zone = this.zone(connection)
    if (zone !== 0 || !this.#hasReplyKey(connection * ENTRY_INTS)) return zone
    return this.#table.extensions.records[this.#table.extensionOf(connection) + X_REPLY_KIND] >>> KIND_ZONE_SHIFT
  }

  /** As ConnectionView.find. What was found before stays found. */
  find(fields: Int32Array, base: number, zone: number): number {
    if (!hasIcmpCounterpart(fields, base)) return -1
    const { foundDirection } = this.#table
    const ports = fields[base + P_PORTS]
    this.#key.fill(fields, base, zone, ports >>> 16, ports & 0xffff)
    const entry = this.#table.find(this.#key)
    const found = entry < 0 ? -1 : 2 * entry + this.#table.foundDirection
    this.#table.foundDirection = foundDirection
    return found
  }

  isFindable(connection: number): boolean {
    return this.#table.isFindable(connection)
  }

  watch(connection: number): void {
    this.#table.watchers.watch(this.#table.entries, connection)
  }

  addWatcher(watcher: EntryWatcher): void {
    this.#table.watchers.add(watcher)
  }

  number(connection: number): number {
    return this.#table.entries[connection * ENTRY_INTS + E_NUMBER]
  }

  isClosed(connection: number): boolean {
    if (this.protocol(connection) !== PROTO_TCP) return false
    const state = stateOf(this.#table.entries[connection * ENTRY_INTS + E_TCP_STATE])
    return state === TCP_TIME_WAIT || state === TCP_CLOSE
  }

  packets(connection: number, reply: boolean): number {
    return this.#table.extensions.counters[this.#counterAt(connection, reply)]
  }

  bytes(connection: number, reply: boolean): number {
    return this.#table.extensions.counters[this.#counterAt(connection, reply) + 1]
  }

  /** Counts a packet of `length` bytes. */
  account(connection: number, reply: boolean, length: number): void {
    this.#table.extend(connection)
    const at = this.#counterAt(connection, reply)
    this.#table.extensions.counters[at] += 1
    this.#table.extensions.counters[at + 1] += length
  }

  #counterAt(connection: number, reply: boolean): number {
    return (this.#table.extensionOf(connection) + X_COUNTERS + (reply ? INTS_PER_DIRECTION : 0)) >> 1
  }

  hasLabel(connection: number, label: number): boolean {
    const word = this.#table.extensionOf(connection) + X_LABELS + (label >> 5)
    return (this.#table.extensions.records[word] & (1 << (label & 31))) !== 0
  }

  setLabel(connection: number, label: number): void {
    const word = this.#table.extend(connection) + X_LABELS + (label >> 5)
    this.#table.extensions.records[word] |= 1 << (label & 31)
  }

  master(connection: number): number {
    return this.#table.masters.of(connection)
  }

  masterHelper(connection: number): string | null {
    const master = this.master(connection)
    if (master < 0) return null
    const helper = this.#table.extensions.records[this.#table.extensionOf(master) + X_HELPER] - 1
    return helper < 0 ? null : HELPERS[helper].name
  }

  #hasReplyKey(e: number): boolean {
    return (this.#table.entries[e + E_STATUS] & ENTRY_TWO_TUPLES) !== 0
  }

  #isEndA(e: number, reply: boolean, destination: boolean): boolean {
    const originalFromB = (this.#table.entries[e + E_STATUS] & ENTRY_ORIGINAL_FROM_B) !== 0
    return (originalFromB !== reply) === destination
  }

  #isReplyEndA(x: number, destination: boolean): boolean {
    return (this.#table.extensions.records[x + X_REPLY_FROM_B] !== 0) === destination
  }
}
