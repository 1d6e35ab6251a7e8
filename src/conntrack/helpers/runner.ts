import {
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
} from '../../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { ConnectionReader } from '../connection-reader.ts'
import { type CurrentConnection, NO_ENTRY } from '../current.ts'
import { E_EXPIRY, E_KIND, E_NUMBER, E_STATUS, ENTRY_HAS_EXPECTATIONS, ENTRY_INTS, KIND_ZONE_SHIFT } from '../entry.ts'
import { EXPECT_ADDED, type Expectation, type PendingExpectation } from '../expectations.ts'
import { X_HELPER } from '../extensions.ts'
import type { Finding } from '../finding.ts'
import type { GreKeyReader } from '../protocols/gre.ts'
import { REASON_HELPER_DROP } from '../reasons.ts'
import { CT_RELATED_REPLY } from '../status.ts'
import { HELP_ACCEPT, type HelpedPacket } from './helper.ts'
import { HELPERS } from './registry.ts'
import { TupleRow } from './tuple-row.ts'

const UDP_HEADER_BYTES = 8

/** Hands packets to the helpers of their connections, and does for helpers what they ask. */
export class HelperRunner implements HelpedPacket {
  bytes: Uint8Array = new Uint8Array(0)
  fields: Int32Array = new Int32Array(0)
  base = 0
  payload = 0
  payloadLength = 0
  payloadCaptured = 0
  readonly connections: ConnectionReader
  readonly #current: CurrentConnection
  readonly #greKeys: GreKeyReader
  readonly #finding: Finding
  readonly #row = new TupleRow()
  /** What helpers keep, by entry; a later connection in the same place has another number. */
  readonly #memories = new Map<number, { number: number; memory: object }>()
  #helper = -1

  constructor(current: CurrentConnection, greKeys: GreKeyReader, finding: Finding) {
    this.#current = current
    this.#greKeys = greKeys
    this.#finding = finding
    this.connections = new ConnectionReader(current.table)
  }

  get connection(): number {
    return this.#current.id
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
   * The current packet reached the end of the hooks: its connection's helper, where there is one, reads it.
   * @returns false when the helper drops the packet
   */
  run(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    const current = this.#current
    if (current.id === NO_ENTRY || current.info === CT_RELATED_REPLY) return true
    const helper = current.table.extensions.records[current.table.extensionOf(current.id) + X_HELPER] - 1
    if (helper < 0) return true
    this.#helper = helper
    this.bytes = bytes
    this.fields = fields
    this.base = base
    const header = transportHeaderBytes(fields, base)
    this.payload = fields[base + P_L4_OFFSET] + header
    this.payloadLength = Math.max(0, fields[base + P_L4_LENGTH] - header)
    const captured = fields[base + P_L3_OFFSET] + Math.min(fields[base + P_L3_CAPTURED], fields[base + P_L3_LENGTH])
    this.payloadCaptured = Math.min(this.payloadLength, Math.max(0, captured - this.payload))
    if (HELPERS[helper].help(this) === HELP_ACCEPT) return true
    this.#finding.set(REASON_HELPER_DROP, helper, 0, 0)
    return false
  }

  memory<T extends object>(blank: () => T): T {
    const number = this.#current.number
    let kept = this.#memories.get(this.connection)
    if (kept === undefined || kept.number !== number) {
      kept = { number, memory: blank() }
      this.#memories.set(this.connection, kept)
    }
    return kept.memory as T
  }

  expect(announced: Omit<Expectation, 'zone' | 'direction'>): number {
    const current = this.#current
    const { entries } = current.table
    const e = current.id * ENTRY_INTS
    const zone = entries[e + E_KIND] >>> KIND_ZONE_SHIFT
    const policy = HELPERS[this.#helper].policies[announced.policy]
    const expectation = { ...announced, zone, direction: this.direction }
    const result = current.expectations.add(expectation, policy, current.id, entries[e + E_NUMBER], this.nowNs)
    if (result === EXPECT_ADDED) entries[e + E_STATUS] |= ENTRY_HAS_EXPECTATIONS
    return result
  }

  expected(): readonly PendingExpectation[] {
    return this.#current.expectations.ofMaster(this.connection, this.nowNs)
  }

  forgetExpected(isMeant: (one: PendingExpectation) => boolean): void {
    this.#current.expectations.forgetOf(this.connection, isMeant)
  }

  find(
    family: number,
    protocol: number,
    source: readonly number[],
    destination: readonly number[],
    sourcePort: number,
    destinationPort: number,
  ): number {
    const row = this.#row.fill(family, protocol, source, destination, sourcePort, destinationPort)
    return this.#current.find(row, 0, sourcePort, destinationPort, false)
  }

  kill(connection: number): void {
    if (this.#current.table.isFindable(connection)) this.#current.table.remove(connection)
  }

  setTimeout(connection: number, timeoutNs: number): void {
    this.#current.table.times[(connection * ENTRY_INTS + E_EXPIRY) >> 1] = this.nowNs + timeoutNs
  }

  mapGreKey(source: readonly number[], destination: readonly number[], callId: number, sourceKey: number): void {
    this.#greKeys.map(source, destination, callId, sourceKey)
  }
}

function transportHeaderBytes(fields: Int32Array, base: number): number {
  const protocol = fields[base + P_PROTOCOL]
  if (protocol === PROTO_TCP) return (fields[base + P_TCP_FLAGS_WINDOW] >>> 28) << 2
  return protocol === PROTO_UDP ? UDP_HEADER_BYTES : 0
}
