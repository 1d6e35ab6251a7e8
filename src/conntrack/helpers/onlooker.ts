import { IP_V6, P_FAMILY, P_PORTS, P_PROTOCOL } from '../../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { type CurrentConnection, NO_ENTRY } from '../current-connection.ts'
import { ExpectationTable, type PendingExpectation, tupleOf } from '../expectations.ts'
import { X_HELPER } from '../extensions.ts'
import type { Finding } from '../finding.ts'
import { CT_NEW, CT_RELATED_REPLY } from '../status.ts'
import { SYSCTL_DEFAULTS } from '../sysctls.ts'
import { HELPERS, helperNumber, USUAL_HELPER_PORTS } from './registry.ts'
import { HelperRunner } from './runner.ts'

const PORTS = 1 << 16
const NONE = -1

/**
 * What helpers would have announced, had they been attached to connections without a helper that go to a helper's usual
 * port. It changes nothing, but can say of a NEW connection that it would have been RELATED.
 */
export class HelperOnlooker {
  readonly runner: HelperRunner
  /** Connections that would have been RELATED, by the number of the helper. */
  readonly missed = new Float64Array(HELPERS.length)
  readonly #current: CurrentConnection
  readonly #expectations = new ExpectationTable(SYSCTL_DEFAULTS.nf_conntrack_expect_max)
  /** Number of the helper + 1 by port, of TCP and of UDP. */
  readonly #tcp = new Uint8Array(PORTS)
  readonly #udp = new Uint8Array(PORTS)
  /** Expectations that were reported already: a packet that is sent again opens the same connection. */
  readonly #told = new WeakSet<PendingExpectation>()
  #hinted: PendingExpectation | null = null

  constructor(current: CurrentConnection, finding: Finding) {
    this.#current = current
    this.#expectations.masterLives = current.expectations.masterLives
    this.runner = new HelperRunner(current, this.#expectations, null, finding)
    for (const { protocol, port, helper } of USUAL_HELPER_PORTS) {
      const byPort = protocol === PROTO_TCP ? this.#tcp : this.#udp
      byPort[port] = helperNumber(helper) + 1
    }
  }

  /** What connections without a helper announced. */
  get announced(): ExpectationTable {
    return this.#expectations
  }

  /** For a packet that opens a connection: number of the helper that would have announced the connection, or -1. */
  helperMissed(fields: Int32Array, base: number): number {
    this.#hinted = null
    const current = this.#current
    if (this.#expectations.count === 0 || current.info !== CT_NEW || current.isConfirmed) return NONE
    const { connections } = this.runner
    const sourcePort = connections.port(current.id, false, false)
    const destinationPort = connections.port(current.id, false, true)
    const met = this.#expectations.match(
      tupleOf(fields, base, current.zoneId, sourcePort, destinationPort),
      current.nowNs,
    )
    if (met === null) return NONE
    this.#hinted = met
    if (!this.#told.has(met)) {
      this.#told.add(met)
      this.missed[met.announcedBy]++
    }
    return met.announcedBy
  }

  /** Whether the current packet, of TCP or UDP, goes to or comes from a helper's usual port. */
  watches(fields: Int32Array, base: number): boolean {
    return this.#usualHelper(fields, base) >= 0
  }

  #usualHelper(fields: Int32Array, base: number): number {
    const ports = fields[base + P_PORTS]
    const service = this.#current.direction === 0 ? ports & 0xffff : ports >>> 16
    return (fields[base + P_PROTOCOL] === PROTO_TCP ? this.#tcp : this.#udp)[service] - 1
  }

  /** The current packet reached the end of the hooks. */
  look(bytes: Uint8Array, fields: Int32Array, base: number, isSent: boolean): void {
    const current = this.#current
    if (this.#hinted !== null && !this.#hinted.permanent) this.#expectations.forget(this.#hinted)
    this.#hinted = null
    const protocol = fields[base + P_PROTOCOL]
    if ((protocol !== PROTO_TCP && protocol !== PROTO_UDP) || current.id === NO_ENTRY) return
    if (current.info === CT_RELATED_REPLY) return
    const helper = this.#usualHelper(fields, base)
    if (helper < 0 || (fields[base + P_FAMILY] === IP_V6 && !HELPERS[helper].ipv6)) return
    const { table } = current
    if (table.extensions.records[table.extensionOf(current.id) + X_HELPER] !== 0) return
    this.runner.help(helper, bytes, fields, base, isSent)
  }
}
