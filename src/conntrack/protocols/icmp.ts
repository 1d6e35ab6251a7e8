import {
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import { PROTO_GRE } from '../../wire/protocols.ts'
import { type CurrentConnection, NO_ENTRY } from '../current-connection.ts'
import { E_NUMBER, ENTRY_INTS } from '../entry.ts'
import type { Finding } from '../finding.ts'
import { TRACKED, TRACKER_CANNOT_TELL, TRACKER_DROPPED } from '../finding.ts'
import { readQuotedTuple } from '../quoted.ts'
import {
  REASON_ICMP_CANNOT_OPEN,
  REASON_ICMP_QUOTE,
  REASON_ICMP_QUOTE_UNTRACKED,
  REASON_ICMP_REDIRECT,
  REASON_ICMP_TYPE_UNKNOWN,
  REASON_ICMP_WRONG_WAY,
  REASON_ICMP_WRONG_WAY_V6,
} from '../reasons.ts'
import { CT_RELATED, CT_RELATED_REPLY } from '../status.ts'
import type { Sysctls } from '../sysctls.ts'
import { perPolicy, type TimeoutPolicies } from '../timeout-policy.ts'
import { hasIcmpCounterpart } from '../tuple.ts'
import type { GreKeyReader } from './gre.ts'
import {
  ICMP_TYPE_MAX,
  ICMPV6_REDIRECT,
  isIcmpError,
  isIcmpRequest,
  isIcmpv6Error,
  isIcmpv6Request,
  isIcmpv6Untracked,
} from './icmp-types.ts'
import { findRedirectedPacket } from './icmpv6-redirect.ts'

const HEADER_BYTES = 8

/** ICMP and ICMPv6: queries have entries of their own, errors belong to the connection that they quote. */
export class IcmpTracker {
  readonly #current: CurrentConnection
  readonly #finding: Finding
  readonly #gre: GreKeyReader
  /** By timeout policy. */
  readonly #icmpNs: readonly number[]
  readonly #icmpv6Ns: readonly number[]
  readonly #quoted = new Int32Array(PACKET_INTS)

  constructor(
    current: CurrentConnection,
    gre: GreKeyReader,
    sysctls: Sysctls,
    finding: Finding,
    policies: TimeoutPolicies,
  ) {
    this.#current = current
    this.#finding = finding
    this.#gre = gre
    this.#icmpNs = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_icmp_timeout * 1e9)
    this.#icmpv6Ns = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_icmpv6_timeout * 1e9)
  }

  /** Tracks ICMP whose header is whole and whose checksum holds: a TRACKED code. */
  track(bytes: Uint8Array, fields: Int32Array, base: number): number {
    const type = fields[base + P_PORTS] >>> 24
    if (type > ICMP_TYPE_MAX) return this.#invalid(REASON_ICMP_TYPE_UNKNOWN, type, 0)
    if (isIcmpError(type)) return this.#trackError(bytes, fields, base, fields[base + P_L4_OFFSET] + HEADER_BYTES)
    return this.#trackQuery(fields, base, isIcmpRequest(type), this.#icmpNs)
  }

  /** The same for ICMPv6. */
  trackV6(bytes: Uint8Array, fields: Int32Array, base: number): number {
    const type = fields[base + P_PORTS] >>> 24
    if (isIcmpv6Untracked(type)) {
      this.#current.untrack()
      return TRACKED
    }
    if (type === ICMPV6_REDIRECT) {
      const quoted = findRedirectedPacket(bytes, fields, base)
      if (quoted < 0) return this.#invalid(REASON_ICMP_REDIRECT, 0, 0)
      return this.#trackError(bytes, fields, base, quoted)
    }
    if (isIcmpv6Error(type)) return this.#trackError(bytes, fields, base, fields[base + P_L4_OFFSET] + HEADER_BYTES)
    return this.#trackQuery(fields, base, isIcmpv6Request(type), this.#icmpv6Ns)
  }

  #trackQuery(fields: Int32Array, base: number, isRequest: boolean, timeoutNs: readonly number[]): number {
    const current = this.#current
    const isAnswered = hasIcmpCounterpart(fields, base)
    const id = isAnswered ? current.find(fields, base, 0, 0, false) : NO_ENTRY
    if (id !== NO_ENTRY) current.attach(id)
    else if (!isRequest) {
      const typeAndCode = fields[base + P_PORTS] >>> 16
      this.#invalid(REASON_ICMP_CANNOT_OPEN, typeAndCode >>> 8, typeAndCode & 0xff)
      // Linux makes a connection before it refuses the packet.
      return !isAnswered || current.openInVain(fields, base) ? TRACKED : TRACKER_DROPPED
    } else if (!current.open(fields, base)) return TRACKER_DROPPED
    current.refresh(timeoutNs[current.table.timeoutPolicyOf(current.id)])
    current.noteReply()
    return TRACKED
  }

  /** An error is RELATED to the connection of the packet that it quotes, in the direction opposite to that packet's. */
  #trackError(bytes: Uint8Array, fields: Int32Array, base: number, quotedAt: number): number {
    const type = fields[base + P_PORTS] >>> 24
    const current = this.#current
    const quoted = this.#quoted
    const capturedEnd = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED]
    const end = fields[base + P_L4_OFFSET] + fields[base + P_L4_LENGTH]
    if (!readQuotedTuple(bytes, quotedAt, Math.min(capturedEnd, end), fields[base + P_FAMILY], quoted, 0)) {
      return capturedEnd < end ? TRACKER_CANNOT_TELL : this.#invalid(REASON_ICMP_QUOTE, type, 0)
    }
    this.#gre.clear()
    if (quoted[P_PROTOCOL] === PROTO_GRE && !this.#gre.read(bytes, quoted[P_L4_OFFSET], quoted, 0)) {
      return this.#invalid(REASON_ICMP_QUOTE, type, 0)
    }
    if (!hasIcmpCounterpart(quoted, 0)) return this.#invalid(REASON_ICMP_QUOTE, type, 0)
    const id = current.find(quoted, 0, this.#gre.source, this.#gre.destination, true)
    if (id === NO_ENTRY) return this.#invalid(REASON_ICMP_QUOTE_UNTRACKED, type, 0)
    if (fields[base + P_FAMILY] === IP_V6) {
      for (let i = 0; i < 4; i++) {
        if (fields[base + P_DST + i] !== quoted[P_SRC + i]) return this.#invalid(REASON_ICMP_WRONG_WAY_V6, 0, 0)
      }
    } else if (fields[base + P_DST] !== quoted[P_SRC]) {
      return this.#invalid(REASON_ICMP_WRONG_WAY, fields[base + P_DST], quoted[P_SRC])
    }
    current.id = id
    current.number = current.table.entries[id * ENTRY_INTS + E_NUMBER]
    current.quotedTransportBytes = quoted[P_L4_LENGTH]
    current.info = current.table.foundDirection === 1 ? CT_RELATED_REPLY : CT_RELATED
    return TRACKED
  }

  #invalid(reason: number, a: number, b: number): number {
    this.#finding.set(reason, a, b, 0)
    return TRACKED
  }
}
