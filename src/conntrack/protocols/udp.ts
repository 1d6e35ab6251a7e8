import { P_L4_LENGTH, P_UDP_LENGTH } from '../../wire/packet-fields.ts'
import { E_EXPIRY, E_STATUS, E_STREAM_SINCE, ENTRY_INTS } from '../entry.ts'
import type { Finding } from '../finding.ts'
import {
  REASON_SHORT,
  REASON_UDP_LENGTH,
  REASON_UDPLITE_CHECKSUM_MISSING,
  REASON_UDPLITE_COVERAGE,
} from '../reasons.ts'
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY } from '../status.ts'
import type { Sysctls } from '../sysctls.ts'
import type { ConnectionTable } from '../table.ts'
import { perPolicy, type TimeoutPolicies } from '../timeout-policy.ts'

const HEADER_BYTES = 8
/** A flow that is still answered after two seconds is a stream, not one question. */
const STREAM_AGE_NS = 2e9

/** UDP and UDP-Lite: flows, which become streams. */
export class UdpTracker {
  readonly #table: ConnectionTable
  readonly #finding: Finding
  /** By timeout policy. */
  readonly #unrepliedNs: readonly number[]
  readonly #streamNs: readonly number[]

  constructor(table: ConnectionTable, sysctls: Sysctls, finding: Finding, policies: TimeoutPolicies) {
    this.#table = table
    this.#finding = finding
    this.#unrepliedNs = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_udp_timeout * 1e9)
    this.#streamNs = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_udp_timeout_stream * 1e9)
  }

  /** Whether the header is whole and its length field fits the datagram. */
  headerIsValid(fields: Int32Array, base: number): boolean {
    const length = fields[base + P_L4_LENGTH]
    if (length < HEADER_BYTES) {
      this.#finding.set(REASON_SHORT, length, HEADER_BYTES, 0)
      return false
    }
    const claimed = fields[base + P_UDP_LENGTH]
    if (claimed > length || claimed < HEADER_BYTES) {
      this.#finding.set(REASON_UDP_LENGTH, claimed, length, 0)
      return false
    }
    return true
  }

  /**
   * The same for UDP-Lite, with its header at `at` (RFC 3828, section 3.1): coverage 0 means all, and there is always a
   * checksum.
   */
  liteHeaderIsValid(bytes: Uint8Array, at: number, fields: Int32Array, base: number): boolean {
    const length = fields[base + P_L4_LENGTH]
    if (length < HEADER_BYTES) {
      this.#finding.set(REASON_SHORT, length, HEADER_BYTES, 0)
      return false
    }
    const coverage = (bytes[at + 4] << 8) | bytes[at + 5]
    if (coverage !== 0 && (coverage < HEADER_BYTES || coverage > length)) {
      this.#finding.set(REASON_UDPLITE_COVERAGE, coverage, length, 0)
      return false
    }
    if (bytes[at + 6] === 0 && bytes[at + 7] === 0) {
      this.#finding.set(REASON_UDPLITE_CHECKSUM_MISSING, 0, 0, 0)
      return false
    }
    return true
  }

  /** As `track`, for a packet of an answered flow, or its first answer. False, with nothing changed, for all others. */
  trackOrdinary(fields: Int32Array, base: number, id: number, direction: number): boolean {
    const length = fields[base + P_L4_LENGTH]
    const claimed = fields[base + P_UDP_LENGTH]
    if (claimed > length || claimed < HEADER_BYTES) return false
    const status = id * ENTRY_INTS + E_STATUS
    const isAnswered = (this.#table.entries[status] & IPS_SEEN_REPLY) !== 0
    if (!isAnswered && direction === 0) return false
    this.track(id)
    if (!isAnswered) this.#table.entries[status] |= IPS_SEEN_REPLY
    return true
  }

  track(id: number): void {
    const { nowNs } = this.#table
    const t = this.#table.entries
    const times = this.#table.times
    const e = id * ENTRY_INTS
    const status = t[e + E_STATUS]
    if ((status & IPS_CONFIRMED) === 0) times[(e + E_STREAM_SINCE) >> 1] = nowNs + STREAM_AGE_NS
    const policy = this.#table.timeoutPolicyOf(id)
    let timeoutNs = this.#unrepliedNs[policy]
    if ((status & IPS_SEEN_REPLY) !== 0 && nowNs > times[(e + E_STREAM_SINCE) >> 1]) {
      timeoutNs = this.#streamNs[policy]
      t[e + E_STATUS] = status | IPS_ASSURED
    }
    times[(e + E_EXPIRY) >> 1] = nowNs + timeoutNs
  }

  /** UDP-Lite has no age to reach: the first packet after a reply makes a stream. */
  trackLite(id: number): void {
    const t = this.#table.entries
    const e = id * ENTRY_INTS
    const policy = this.#table.timeoutPolicyOf(id)
    let timeoutNs = this.#unrepliedNs[policy]
    if ((t[e + E_STATUS] & IPS_SEEN_REPLY) !== 0) {
      timeoutNs = this.#streamNs[policy]
      t[e + E_STATUS] |= IPS_ASSURED
    }
    this.#table.times[(e + E_EXPIRY) >> 1] = this.#table.nowNs + timeoutNs
  }
}
