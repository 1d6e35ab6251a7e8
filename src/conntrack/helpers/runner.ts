import {
  IP_V4,
  IP_V6,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
  P_TCP_SEQ,
} from '../../wire/packet-fields.ts'
import { PROTO_GRE, PROTO_TCP } from '../../wire/protocols.ts'
import { ConnectionReader } from '../connection-reader.ts'
import { type CurrentConnection, NO_ENTRY } from '../current-connection.ts'
import { E_EXPIRY, E_KIND, E_STATUS, ENTRY_HAS_HELPER_STATE, ENTRY_INTS } from '../entry.ts'
import {
  ANY_PORT,
  EXPECT_ADDED,
  type ExpectationTable,
  type ExpectedTuple,
  type PendingExpectation,
} from '../expectations.ts'
import { X_HELPER } from '../extensions.ts'
import type { Finding } from '../finding.ts'
import { noteGrowth } from '../nat/sequence-offsets.ts'
import type { GreKeyReader } from '../protocols/gre.ts'
import { REASON_HELPER_DROP } from '../reasons.ts'
import { CT_RELATED_REPLY, IPS_DST_NAT, IPS_SRC_NAT } from '../status.ts'
import { type Announcement, HELP_ACCEPT, type HelpedPacket, type OwnNetworks } from './helper.ts'
import { HELPERS } from './registry.ts'
import { TupleRow } from './tuple-row.ts'

const LONGEST_DATAGRAM = 65_535
/** Header of UDP, and what helpers of UDP connections skip of an ICMP error about them. */
const OTHER_HEADER_BYTES = 8

/** Gives packets to the helpers of their connections, and implements what helpers can ask for (HelpedPacket). */
export class HelperRunner implements HelpedPacket {
  bytes: Uint8Array = new Uint8Array(0)
  fields: Int32Array = new Int32Array(0)
  base = 0
  family = 0
  connection = NO_ENTRY
  payload = 0
  payloadLength = 0
  payloadCaptured = 0
  isSent = false
  networks: OwnNetworks = { broadcastMask: () => 0 }
  readonly connections: ConnectionReader
  /** Packets that a helper could not read because the capture cut them. */
  blindPackets = 0
  readonly #current: CurrentConnection
  readonly #expectations: ExpectationTable
  readonly #greKeys: GreKeyReader | null
  readonly #finding: Finding
  readonly #row = new TupleRow()
  /** What helpers keep, by entry. */
  readonly #memories = new Map<number, { helper: number; memory: object }>()
  #helper = -1
  growth = 0

  /** @param greKeys null for a runner that only looks on: it changes no connection and drops no packet */
  constructor(
    current: CurrentConnection,
    expectations: ExpectationTable,
    greKeys: GreKeyReader | null,
    finding: Finding,
  ) {
    this.#current = current
    this.#expectations = expectations
    this.#greKeys = greKeys
    this.#finding = finding
    this.connections = new ConnectionReader(current.table)
  }

  get info(): number {
    return this.#current.info
  }

  get direction(): number {
    return this.#current.direction
  }

  get nowNs(): number {
    return this.#current.nowNs
  }

  /**
   * Called for the current packet at the end of the hooks: the helper of its connection, if any, reads it.
   * @param isSent whether this machine sends the packet itself
   * @returns false when the helper drops the packet
   */
  run(bytes: Uint8Array, fields: Int32Array, base: number, isSent = false): boolean {
    const current = this.#current
    if (current.id === NO_ENTRY || current.info === CT_RELATED_REPLY) return true
    const helper = current.table.extensions.records[current.table.extensionOf(current.id) + X_HELPER] - 1
    return helper < 0 || this.help(helper, bytes, fields, base, isSent)
  }

  /** The helper with this number reads the current packet; false when it drops it. */
  help(helper: number, bytes: Uint8Array, fields: Int32Array, base: number, isSent: boolean): boolean {
    this.#helper = helper
    this.connection = this.#current.id
    this.bytes = bytes
    this.fields = fields
    this.base = base
    this.isSent = isSent
    this.family = fields[base + P_FAMILY]
    const header =
      fields[base + P_PROTOCOL] === PROTO_TCP ? (fields[base + P_TCP_FLAGS_WINDOW] >>> 28) << 2 : OTHER_HEADER_BYTES
    this.payload = fields[base + P_L4_OFFSET] + header
    this.payloadLength = Math.max(0, fields[base + P_L4_LENGTH] - header)
    const captured = fields[base + P_L3_OFFSET] + Math.min(fields[base + P_L3_CAPTURED], fields[base + P_L3_LENGTH])
    this.payloadCaptured = Math.min(this.payloadLength, Math.max(0, captured - this.payload))
    if (this.payloadCaptured < Math.min(this.payloadLength, HELPERS[helper].reads)) {
      this.blindPackets++
      return true
    }
    this.growth = 0
    const made = HELPERS[helper].help(this)
    if (made !== HELP_ACCEPT && this.#greKeys !== null) this.#finding.set(REASON_HELPER_DROP, helper, made, 0)
    if (this.growth !== 0 && made === HELP_ACCEPT && fields[base + P_PROTOCOL] === PROTO_TCP) {
      noteGrowth(this.#current.table, this.connection, this.direction, fields[base + P_TCP_SEQ], this.growth)
    }
    return made === HELP_ACCEPT
  }

  /** A connection is freed: removes what it announced, and its helper's memory of it. */
  forget(connection: number): void {
    this.#expectations.forgetOf(connection)
    const kept = this.#memories.get(connection)
    if (kept === undefined) return
    this.#memories.delete(connection)
    const { ended } = HELPERS[kept.helper]
    if (ended === undefined) return
    // This may be called while a helper handles another connection.
    const { connection: interrupted, family } = this
    this.connection = connection
    this.family = this.connections.isIpv6(connection) ? IP_V6 : IP_V4
    ended(this, kept.memory)
    this.connection = interrupted
    this.family = family
  }

  address(direction: number, destination: boolean): number[] {
    const words = this.connections.isIpv6(this.connection) ? 4 : 1
    return Array.from({ length: words }, (_, index) =>
      this.connections.address(this.connection, direction === 1, destination, index),
    )
  }

  port(direction: number, destination: boolean): number {
    return this.connections.port(this.connection, direction === 1, destination)
  }

  memory<T extends object>(blank: () => T): T {
    let kept = this.#memories.get(this.connection)
    if (kept === undefined) {
      kept = { helper: this.#helper, memory: blank() }
      this.#memories.set(this.connection, kept)
      this.#noteState()
    }
    return kept.memory as T
  }

  get isTranslated(): boolean {
    return this.#greKeys !== null && (this.connections.status(this.connection) & (IPS_SRC_NAT | IPS_DST_NAT)) !== 0
  }

  rewrite(read: number, written: number): boolean {
    const growth = written - read
    const { fields, base } = this
    if (fields[base + P_L3_LENGTH] + this.growth + growth > LONGEST_DATAGRAM) return false
    this.growth += growth
    return true
  }

  expect(announced: Announcement): number {
    const current = this.#current
    const expectation = {
      sourcePort: ANY_PORT,
      policy: 0,
      helper: null,
      permanent: false,
      follow: null,
      ...announced,
      announcedBy: this.#helper,
      // Without an attached helper nobody maps the keys of senders.
      ...(this.#greKeys === null && announced.protocol === PROTO_GRE ? { sourcePort: ANY_PORT } : {}),
      family: this.family,
      zone: this.connections.zoneId(this.connection),
      direction: this.direction,
    }
    const policy = HELPERS[this.#helper].policies[expectation.policy]
    const result = this.#expectations.add(expectation, policy, current.id, this.nowNs)
    if (result === EXPECT_ADDED) this.#noteState()
    return result
  }

  expected(): readonly PendingExpectation[] {
    return this.#expectations.ofMaster(this.connection, this.nowNs)
  }

  findExpected(tuple: Omit<ExpectedTuple, 'family' | 'zone'>): PendingExpectation | null {
    return this.#expectations.find(
      { ...tuple, family: this.family, zone: this.connections.zoneId(this.connection) },
      this.nowNs,
    )
  }

  forgetExpected(one: PendingExpectation): void {
    this.#expectations.forget(one)
  }

  renewExpected(one: PendingExpectation, seconds: number): void {
    this.#expectations.renew(one, this.nowNs + seconds * 1e9)
  }

  isHelpedAlike(connection: number): boolean {
    const { table } = this.#current
    const helper = table.extensions.records[table.extensionOf(connection) + X_HELPER] - 1
    if (this.#greKeys !== null && helper !== this.#helper) return false
    return table.entries[connection * ENTRY_INTS + E_KIND] === table.entries[this.connection * ENTRY_INTS + E_KIND]
  }

  find(
    protocol: number,
    source: readonly number[],
    destination: readonly number[],
    sourcePort: number,
    destinationPort: number,
  ): number {
    if (this.#greKeys === null) return -1
    const family = source.length === 1 ? this.family : IP_V6
    const row = this.#row.fill(family, protocol, source, destination, sourcePort, destinationPort)
    return this.#current.find(row, 0, sourcePort, destinationPort, false)
  }

  kill(connection: number): void {
    if (this.#current.table.isFindable(connection)) this.#current.table.remove(connection)
  }

  setTimeout(seconds: number): void {
    if (this.#greKeys === null) return
    const { table } = this.#current
    table.times[(this.connection * ENTRY_INTS + E_EXPIRY) >> 1] = this.nowNs + seconds * 1e9
    table.watchers.tellThatItMoved(table.entries, this.connection)
  }

  mapGreKey(source: readonly number[], destination: readonly number[], callId: number, sourceKey: number): void {
    this.#greKeys?.map(source, destination, callId, sourceKey, this.connection)
  }

  unmapGreKey(source: readonly number[], destination: readonly number[], callId: number): void {
    this.#greKeys?.unmap(source, destination, callId)
  }

  /** Marks the connection, so that `forget` is called when it is freed. */
  #noteState(): void {
    this.#current.table.entries[this.connection * ENTRY_INTS + E_STATUS] |= ENTRY_HAS_HELPER_STATE
  }
}
