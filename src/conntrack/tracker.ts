import { verifyTransportChecksum } from '../wire/checksum.ts'
import {
  CHECKSUM_BAD,
  FRAGMENT_OFFSET_MASK,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import {
  PROTO_GRE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_NO_NEXT_HEADER,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../wire/protocols.ts'
import { E_EXPIRY, E_NUMBER, E_STATUS, ENTRY_INTS, ENTRY_ORIGINAL_FROM_B } from './entry.ts'
import { Finding, TRACK_ACCEPT, TRACK_ACCEPT_AND_REMOVE, TRACK_INVALID, TRACK_REOPEN } from './finding.ts'
import { type GreKey, readGreKey } from './protocols/gre.ts'
import {
  ICMP_TYPE_MAX,
  ICMPV6_REDIRECT,
  isIcmpError,
  isIcmpRequest,
  isIcmpv6Error,
  isIcmpv6Request,
  isIcmpv6Untracked,
} from './protocols/icmp-types.ts'
import { findRedirectedPacket } from './protocols/icmpv6-redirect.ts'
import { SctpTracker } from './protocols/sctp.ts'
import { TcpTracker } from './protocols/tcp.ts'
import { type SimpleTimeouts, simpleTimeouts } from './protocols/timeouts.ts'
import { UdpTracker } from './protocols/udp.ts'
import { readQuotedTuple } from './quoted.ts'
import {
  REASON_CHECKSUM,
  REASON_FRAGMENT,
  REASON_GRE_PAYLOAD,
  REASON_HEADER_CHAIN,
  REASON_ICMP_CANNOT_OPEN,
  REASON_ICMP_QUOTE,
  REASON_ICMP_QUOTE_UNTRACKED,
  REASON_ICMP_REDIRECT,
  REASON_ICMP_TYPE_UNKNOWN,
  REASON_ICMP_WRONG_WAY,
  REASON_ICMP_WRONG_WAY_V6,
  REASON_SHORT,
  REASON_TABLE_FULL,
  REASON_TCP_HEADER_LENGTH,
  REASON_WRONG_FAMILY,
} from './reasons.ts'
import {
  CT_ESTABLISHED,
  CT_ESTABLISHED_REPLY,
  CT_INVALID,
  CT_NEW,
  CT_RELATED,
  CT_RELATED_REPLY,
  CT_UNTRACKED,
  IPS_ASSURED,
  IPS_CONFIRMED,
  IPS_EXPECTED,
  IPS_SEEN_REPLY,
} from './status.ts'
import type { Sysctls } from './sysctls.ts'
import { ConnectionTable } from './table.ts'
import { TupleKey } from './tuple.ts'

const NO_ENTRY = -1
const TCP_HEADER_BYTES = 20
const SCTP_HEADER_BYTES = 12
const ICMP_HEADER_BYTES = 8
const PORTS_BYTES = 4
/** Expired entries are looked for whenever one is made: two steps each keep the table within twice its live entries. */
const SWEEP_STEPS = 2

/** What `Tracker.track` did with a packet. */
export const TRACKED = 0
/** The tracker itself drops the packet: the connection table is full. */
export const TRACKER_DROPPED = 1
/** The capture cut the packet inside its transport header: nobody can say what the kernel made of it. */
export const TRACKER_CANNOT_TELL = 2

/**
 * The connection tracker: gives a datagram its connection, direction and state, as nf_conntrack does at PREROUTING and
 * OUTPUT. The caller then walks the packet through the rules and ends with `confirm` or `drop`.
 *
 * The answer for the current packet stands in the public fields until the next `track`.
 */
export class Tracker {
  /** Entry of the current packet, -1 for none. */
  connection = NO_ENTRY
  /** CT_ code of the current packet. */
  info = CT_INVALID
  /** Number of the current packet's connection, from 1; 0 for none. */
  connectionNumber = 0
  /** Why the packet is INVALID or was ignored. */
  readonly finding = new Finding()
  readonly table = new ConnectionTable()
  /** Entries pushed out of a full table, and packets dropped because none could be. */
  evicted = 0
  tableFullDrops = 0
  /** Most entries at any time. */
  peakCount = 0

  readonly #sysctls: Sysctls
  readonly #key: TupleKey
  readonly #tcp: TcpTracker
  readonly #udp: UdpTracker
  readonly #sctp: SctpTracker
  readonly #timeouts: SimpleTimeouts
  readonly #quoted = new Int32Array(PACKET_INTS)
  readonly #gre: GreKey = { trackable: true, destination: 0, payload: 0 }
  #nowNs = 0

  /** @param seed of the table's hash: any integer; it shows in no result */
  constructor(sysctls: Sysctls, seed: number) {
    this.#sysctls = sysctls
    this.#key = new TupleKey(seed)
    this.#tcp = new TcpTracker(this.table, sysctls, this.finding)
    this.#udp = new UdpTracker(this.table, sysctls, this.finding)
    this.#sctp = new SctpTracker(this.table, sysctls, this.finding)
    this.#timeouts = simpleTimeouts(sysctls)
  }

  /**
   * Looks a datagram up and moves its connection on.
   * @param verifyChecksum whether a bad transport checksum makes it INVALID (the kernel: at PREROUTING only)
   * @param nowNs the replay's clock; must not run backwards
   * @param frame number of the frame, for the reasons of later packets
   * @returns TRACKED, TRACKER_DROPPED or TRACKER_CANNOT_TELL
   */
  track(
    bytes: Uint8Array,
    fields: Int32Array,
    base: number,
    verifyChecksum: boolean,
    nowNs: number,
    frame: number,
  ): number {
    this.connection = NO_ENTRY
    this.info = CT_INVALID
    this.connectionNumber = 0
    this.finding.clear()
    this.#nowNs = nowNs
    const protocol = fields[base + P_PROTOCOL]
    if (protocol < 0 || (protocol === PROTO_NO_NEXT_HEADER && fields[base + P_FAMILY] === IP_V6)) {
      return this.#invalid(REASON_HEADER_CHAIN, 0, 0)
    }
    if ((fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return this.#invalid(REASON_FRAGMENT, 0, 0)
    const at = fields[base + P_L4_OFFSET]
    const held = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - at

    if (protocol === PROTO_TCP) {
      const length = fields[base + P_L4_LENGTH]
      if (length < TCP_HEADER_BYTES) return this.#invalid(REASON_SHORT, length, TCP_HEADER_BYTES)
      if (held < TCP_HEADER_BYTES) return TRACKER_CANNOT_TELL
      return this.#trackTcp(bytes, fields, base, verifyChecksum, nowNs, frame)
    }
    const needed = headerBytes(protocol)
    if (held < needed && held < fields[base + P_L4_LENGTH]) return TRACKER_CANNOT_TELL
    switch (protocol) {
      case PROTO_UDP:
        if (fields[base + P_L4_LENGTH] < PORTS_BYTES) return this.#invalid(REASON_SHORT, fields[base + P_L4_LENGTH], 8)
        if (!this.#udp.headerIsValid(bytes, at, fields, base)) return TRACKED
        break
      case PROTO_UDPLITE:
        if (!this.#udp.liteHeaderIsValid(bytes, at, fields, base)) return TRACKED
        break
      case PROTO_ICMP:
        if (fields[base + P_FAMILY] === IP_V6) return this.#invalid(REASON_WRONG_FAMILY, 0, 0)
        return this.#trackIcmp(bytes, fields, base, verifyChecksum)
      case PROTO_ICMPV6:
        if (fields[base + P_FAMILY] !== IP_V6) return this.#invalid(REASON_WRONG_FAMILY, 0, 0)
        return this.#trackIcmpv6(bytes, fields, base, verifyChecksum)
      case PROTO_SCTP:
        if (fields[base + P_L4_LENGTH] < SCTP_HEADER_BYTES) {
          return this.#invalid(REASON_SHORT, fields[base + P_L4_LENGTH], SCTP_HEADER_BYTES)
        }
        break
      case PROTO_GRE:
        readGreKey(bytes, at, fields, base, this.#gre)
        if (!this.#gre.trackable) return this.#invalid(REASON_GRE_PAYLOAD, this.#gre.payload, 0)
        break
    }
    if (verifyChecksum && verifyTransportChecksum(bytes, fields, base) === CHECKSUM_BAD) {
      return this.#invalid(REASON_CHECKSUM, 0, 0)
    }
    if (!this.#key.fill(fields, base, 0, 0, protocol === PROTO_GRE ? this.#gre.destination : 0)) {
      return this.#invalid(REASON_HEADER_CHAIN, 0, 0)
    }
    if (!this.#resolve()) return TRACKER_DROPPED
    if (protocol === PROTO_UDP) this.#udp.track(this.connection, nowNs)
    else if (protocol === PROTO_UDPLITE) this.#udp.trackLite(this.connection, nowNs)
    else if (protocol === PROTO_GRE) this.#trackGre()
    else if (protocol === PROTO_SCTP) {
      const decision = this.#sctp.track(bytes, fields, base, this.connection, this.#direction(), nowNs)
      if (decision === TRACK_INVALID) return this.#detach()
    } else this.#refresh(this.#timeouts.genericNs)
    this.#noteReply()
    return TRACKED
  }

  /** The packet went all its way: a connection that it opened becomes findable. Returns whether it did open one. */
  confirm(): boolean {
    if (this.connection === NO_ENTRY) return false
    const status = this.table.entries[this.connection * ENTRY_INTS + E_STATUS]
    if ((status & IPS_CONFIRMED) !== 0) return false
    this.table.entries[this.connection * ENTRY_INTS + E_STATUS] = status | IPS_CONFIRMED
    this.table.insert(this.connection)
    if (this.table.count > this.peakCount) this.peakCount = this.table.count
    return true
  }

  /** The packet was dropped, or is INVALID: a connection that it would have opened is forgotten. */
  drop(): void {
    if (this.connection === NO_ENTRY) return
    if ((this.table.entries[this.connection * ENTRY_INTS + E_STATUS] & IPS_CONFIRMED) === 0) {
      this.table.free(this.connection)
    }
  }

  /** No packet is current: the next one is not tracked at all. */
  forget(): void {
    this.connection = NO_ENTRY
    this.info = CT_UNTRACKED
    this.connectionNumber = 0
    this.finding.clear()
  }

  /** REJECT with a TCP reset closes the current packet's connection. */
  closeByReset(): void {
    if (this.connection !== NO_ENTRY) this.#tcp.close(this.connection, this.#nowNs)
  }

  #trackTcp(
    bytes: Uint8Array,
    fields: Int32Array,
    base: number,
    verifyChecksum: boolean,
    nowNs: number,
    frame: number,
  ): number {
    const headerLength = (fields[base + P_TCP_FLAGS_WINDOW] >>> 28) << 2
    if (headerLength < TCP_HEADER_BYTES || headerLength > fields[base + P_L4_LENGTH]) {
      return this.#invalid(REASON_TCP_HEADER_LENGTH, headerLength, fields[base + P_L4_LENGTH])
    }
    if (verifyChecksum && verifyTransportChecksum(bytes, fields, base) === CHECKSUM_BAD) {
      return this.#invalid(REASON_CHECKSUM, 0, 0)
    }
    if (!this.#tcp.flagsAreValid(fields, base)) return TRACKED
    this.#key.fill(fields, base, 0, 0, 0)
    for (;;) {
      if (!this.#resolve()) return TRACKER_DROPPED
      const decision = this.#tcp.track(fields, base, this.connection, this.#direction(), nowNs, frame)
      if (decision === TRACK_ACCEPT) {
        this.#noteReply()
        return TRACKED
      }
      if (decision === TRACK_INVALID) return this.#detach()
      this.table.remove(this.connection)
      if (decision === TRACK_ACCEPT_AND_REMOVE) return TRACKED
      if (decision === TRACK_REOPEN) this.finding.clear()
    }
  }

  #trackGre(): void {
    const e = this.connection * ENTRY_INTS
    if ((this.table.entries[e + E_STATUS] & IPS_SEEN_REPLY) !== 0) {
      this.table.entries[e + E_STATUS] |= IPS_ASSURED
      this.#refresh(this.#timeouts.greStreamNs)
    } else {
      this.#refresh(this.#timeouts.greNs)
    }
  }

  #trackIcmp(bytes: Uint8Array, fields: Int32Array, base: number, verifyChecksum: boolean): number {
    if (fields[base + P_L4_LENGTH] < ICMP_HEADER_BYTES) {
      return this.#invalid(REASON_SHORT, fields[base + P_L4_LENGTH], ICMP_HEADER_BYTES)
    }
    if (verifyChecksum && verifyTransportChecksum(bytes, fields, base) === CHECKSUM_BAD) {
      return this.#invalid(REASON_CHECKSUM, 0, 0)
    }
    const type = fields[base + P_PORTS] >>> 24
    if (type > ICMP_TYPE_MAX) return this.#invalid(REASON_ICMP_TYPE_UNKNOWN, type, 0)
    if (isIcmpError(type))
      return this.#trackIcmpError(bytes, fields, base, fields[base + P_L4_OFFSET] + ICMP_HEADER_BYTES)
    return this.#trackIcmpQuery(fields, base, isIcmpRequest(type), this.#timeouts.icmpNs)
  }

  #trackIcmpv6(bytes: Uint8Array, fields: Int32Array, base: number, verifyChecksum: boolean): number {
    if (fields[base + P_L4_LENGTH] < ICMP_HEADER_BYTES) {
      return this.#invalid(REASON_SHORT, fields[base + P_L4_LENGTH], ICMP_HEADER_BYTES)
    }
    if (verifyChecksum && verifyTransportChecksum(bytes, fields, base) === CHECKSUM_BAD) {
      return this.#invalid(REASON_CHECKSUM, 0, 0)
    }
    const type = fields[base + P_PORTS] >>> 24
    if (isIcmpv6Untracked(type)) {
      this.info = CT_UNTRACKED
      return TRACKED
    }
    if (type === ICMPV6_REDIRECT) {
      const quoted = findRedirectedPacket(bytes, fields, base)
      if (quoted < 0) return this.#invalid(REASON_ICMP_REDIRECT, 0, 0)
      return this.#trackIcmpError(bytes, fields, base, quoted)
    }
    if (isIcmpv6Error(type))
      return this.#trackIcmpError(bytes, fields, base, fields[base + P_L4_OFFSET] + ICMP_HEADER_BYTES)
    return this.#trackIcmpQuery(fields, base, isIcmpv6Request(type), this.#timeouts.icmpv6Ns)
  }

  #trackIcmpQuery(fields: Int32Array, base: number, isRequest: boolean, timeoutNs: number): number {
    const type = fields[base + P_PORTS] >>> 24
    const code = (fields[base + P_PORTS] >>> 16) & 0xff
    if (!this.#key.fill(fields, base, 0, 0, 0)) return this.#invalid(REASON_ICMP_CANNOT_OPEN, type, code)
    const id = this.table.find(this.#key, this.#nowNs)
    if (id === NO_ENTRY && !isRequest) return this.#invalid(REASON_ICMP_CANNOT_OPEN, type, code)
    if (!this.#attach(id)) return TRACKER_DROPPED
    this.#refresh(timeoutNs)
    this.#noteReply()
    return TRACKED
  }

  /** An error is RELATED to the connection of the packet that it quotes, in the direction opposite to that packet's. */
  #trackIcmpError(bytes: Uint8Array, fields: Int32Array, base: number, quotedAt: number): number {
    const type = fields[base + P_PORTS] >>> 24
    const l3 = fields[base + P_L3_OFFSET]
    const capturedEnd = l3 + fields[base + P_L3_CAPTURED]
    const end = fields[base + P_L4_OFFSET] + fields[base + P_L4_LENGTH]
    const quoted = this.#quoted
    const readableEnd = Math.min(capturedEnd, end)
    if (!readQuotedTuple(bytes, quotedAt, readableEnd, fields[base + P_FAMILY], quoted, 0)) {
      return capturedEnd < end ? TRACKER_CANNOT_TELL : this.#invalid(REASON_ICMP_QUOTE, type, 0)
    }
    let greKey = 0
    if (quoted[P_PROTOCOL] === PROTO_GRE) {
      readGreKey(bytes, quoted[P_L4_OFFSET], quoted, 0, this.#gre)
      if (!this.#gre.trackable) return this.#invalid(REASON_ICMP_QUOTE, type, 0)
      greKey = this.#gre.destination
    }
    if (!this.#key.fill(quoted, 0, 0, 0, greKey)) return this.#invalid(REASON_ICMP_QUOTE, type, 0)
    const id = this.table.find(this.#key, this.#nowNs)
    if (id === NO_ENTRY) return this.#invalid(REASON_ICMP_QUOTE_UNTRACKED, type, 0)
    if (fields[base + P_FAMILY] === IP_V6) {
      for (let i = 0; i < 4; i++) {
        if (fields[base + P_DST + i] !== quoted[P_SRC + i]) return this.#invalid(REASON_ICMP_WRONG_WAY_V6, 0, 0)
      }
    } else if (fields[base + P_DST] !== quoted[P_SRC]) {
      return this.#invalid(REASON_ICMP_WRONG_WAY, fields[base + P_DST], quoted[P_SRC])
    }
    const e = id * ENTRY_INTS
    const quotedFromB = this.#key.swapped
    const originalFromB = (this.table.entries[e + E_STATUS] & ENTRY_ORIGINAL_FROM_B) !== 0
    this.connection = id
    this.connectionNumber = this.table.entries[e + E_NUMBER]
    this.info = this.#key.symmetric || quotedFromB === originalFromB ? CT_RELATED_REPLY : CT_RELATED
    return TRACKED
  }

  /** Finds or makes the entry of the key. False when the table is full. */
  #resolve(): boolean {
    return this.#attach(this.table.find(this.#key, this.#nowNs))
  }

  #attach(found: number): boolean {
    if (found === NO_ENTRY) {
      const max = this.#sysctls.nf_conntrack_max
      if (max > 0 && this.table.count >= max && !this.#makeRoom()) return false
      this.table.sweep(SWEEP_STEPS, this.#nowNs)
      this.connection = this.table.allocate(this.#key)
      this.info = CT_NEW
      this.connectionNumber = this.table.created
      return true
    }
    const e = found * ENTRY_INTS
    const status = this.table.entries[e + E_STATUS]
    this.connection = found
    this.connectionNumber = this.table.entries[e + E_NUMBER]
    if (this.#key.symmetric || this.#key.swapped !== ((status & ENTRY_ORIGINAL_FROM_B) !== 0)) {
      this.info = CT_ESTABLISHED_REPLY
    } else if ((status & IPS_SEEN_REPLY) !== 0) this.info = CT_ESTABLISHED
    else this.info = (status & IPS_EXPECTED) !== 0 ? CT_RELATED : CT_NEW
    return true
  }

  /** A full table: what has expired goes first, then one entry that is not assured, from near the packet's place. */
  #makeRoom(): boolean {
    if (this.table.removeExpired(this.#nowNs) > 0) return true
    if (this.table.evictNear(this.#key.hash)) {
      this.evicted++
      return true
    }
    this.tableFullDrops++
    this.finding.set(REASON_TABLE_FULL, this.table.count, 0, 0)
    return false
  }

  #direction(): number {
    return this.info === CT_ESTABLISHED_REPLY ? 1 : 0
  }

  #refresh(timeoutNs: number): void {
    this.table.times[(this.connection * ENTRY_INTS + E_EXPIRY) >> 1] = this.#nowNs + timeoutNs
  }

  /** The entry is answered from now on: the packet's own tracker still saw it unanswered. */
  #noteReply(): void {
    if (this.info === CT_ESTABLISHED_REPLY)
      this.table.entries[this.connection * ENTRY_INTS + E_STATUS] |= IPS_SEEN_REPLY
  }

  #invalid(reason: number, a: number, b: number): number {
    this.finding.set(reason, a, b, 0)
    return TRACKED
  }

  /** The protocol's tracker refused the packet: it is INVALID, and an entry made for it is given back. */
  #detach(): number {
    this.drop()
    this.connection = NO_ENTRY
    this.connectionNumber = 0
    this.info = CT_INVALID
    return TRACKED
  }
}

/** Bytes of the transport header that the tracker reads. */
function headerBytes(protocol: number): number {
  switch (protocol) {
    case PROTO_SCTP:
      return SCTP_HEADER_BYTES
    case PROTO_UDP:
    case PROTO_UDPLITE:
    case PROTO_ICMP:
    case PROTO_ICMPV6:
    case PROTO_GRE:
      return 8
    default:
      return 0
  }
}
