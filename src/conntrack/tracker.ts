import { transportChecksumState } from '../wire/checksum.ts'
import {
  CHECKSUM_BAD,
  FRAGMENT_OFFSET_MASK,
  IP_V6,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
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
import { CurrentConnection, NO_ENTRY } from './current-connection.ts'
import {
  Finding,
  TRACK_ACCEPT,
  TRACK_ACCEPT_AND_REMOVE,
  TRACK_ACCEPT_UNRENEWED,
  TRACK_INVALID,
  TRACKED,
  TRACKER_CANNOT_TELL,
  TRACKER_DROPPED,
} from './finding.ts'
import { HelperOnlooker } from './helpers/onlooker.ts'
import { HelperRunner } from './helpers/runner.ts'
import { GreKeyReader, GreTracker } from './protocols/gre.ts'
import { IcmpTracker } from './protocols/icmp.ts'
import { SctpTracker } from './protocols/sctp.ts'
import { TcpTracker } from './protocols/tcp.ts'
import { UdpTracker } from './protocols/udp.ts'
import {
  REASON_CHECKSUM,
  REASON_FRAGMENT,
  REASON_GRE_PAYLOAD,
  REASON_HEADER_CHAIN,
  REASON_SHORT,
  REASON_TCP_HEADER_LENGTH,
  REASON_WRONG_FAMILY,
} from './reasons.ts'
import type { Sysctls } from './sysctls.ts'
import { perPolicy, type TimeoutPolicies } from './timeout-policy.ts'
import { hasPorts } from './tuple.ts'

const TCP_HEADER_BYTES = 20
const SCTP_HEADER_BYTES = 12
/** Source and destination port, of all protocols that have ports. */
const PORTS_BYTES = 4
const OTHER_HEADER_BYTES = 8

/**
 * The connection tracker: gives a datagram its connection, direction and state, as nf_conntrack does at PREROUTING and
 * OUTPUT. The caller then walks the packet through the rules and ends with `confirm` or `drop`.
 *
 * The answer for the current packet stands in `current` and `finding` until the next `track`.
 */
export class Tracker {
  /** Why the packet is INVALID or was ignored. */
  readonly finding = new Finding()
  readonly current: CurrentConnection
  readonly helpers: HelperRunner
  readonly onlooker: HelperOnlooker
  readonly #tcp: TcpTracker
  readonly #udp: UdpTracker
  readonly #sctp: SctpTracker
  readonly #icmp: IcmpTracker
  readonly #greKeys = new GreKeyReader()
  readonly #gre: GreTracker
  /** By timeout policy. */
  readonly #genericNs: readonly number[]
  readonly #looksAtChecksums: boolean

  /**
   * @param seed of the table's hash: any integer; it shows in no result
   * @param policies what `current.timeoutPolicy` numbers, from 1
   */
  constructor(sysctls: Sysctls, seed: number, policies: TimeoutPolicies = []) {
    this.current = new CurrentConnection(sysctls.nf_conntrack_max, sysctls.nf_conntrack_expect_max, seed, this.finding)
    const { table } = this.current
    this.#tcp = new TcpTracker(table, sysctls, this.finding, policies)
    this.#udp = new UdpTracker(table, sysctls, this.finding, policies)
    this.#sctp = new SctpTracker(table, sysctls, this.finding, policies)
    this.#gre = new GreTracker(this.current, sysctls, policies)
    this.#icmp = new IcmpTracker(this.current, this.#greKeys, sysctls, this.finding, policies)
    this.#looksAtChecksums = sysctls.nf_conntrack_checksum !== 0
    this.#genericNs = perPolicy(sysctls, policies, (seconds) => seconds.nf_conntrack_generic_timeout * 1e9)
    this.helpers = new HelperRunner(this.current, this.current.expectations, this.#greKeys, this.finding)
    this.onlooker = new HelperOnlooker(this.current, this.finding)
    table.onFree = (id) => {
      this.helpers.forget(id)
      this.onlooker.runner.forget(id)
    }
  }

  /**
   * Looks up a datagram and advances its connection.
   * @param verifyChecksum whether a bad transport checksum makes it INVALID (the kernel: at PREROUTING only, and never
   * with nf_conntrack_checksum=0)
   * @param frame number of the frame, for the reasons of later packets
   * @returns TRACKED, TRACKER_DROPPED or TRACKER_CANNOT_TELL
   */
  track(bytes: Uint8Array, fields: Int32Array, base: number, verifyChecksum: boolean, frame: number): number {
    this.current.begin()
    const result = this.#judge(bytes, fields, base, verifyChecksum, frame)
    this.#tellWatchers()
    return result
  }

  #judge(bytes: Uint8Array, fields: Int32Array, base: number, verifyChecksum: boolean, frame: number): number {
    const current = this.current
    const protocol = fields[base + P_PROTOCOL]
    const isV6 = fields[base + P_FAMILY] === IP_V6
    if (protocol < 0 || (protocol === PROTO_NO_NEXT_HEADER && isV6)) return this.#invalid(REASON_HEADER_CHAIN, 0, 0)
    if ((fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return this.#invalid(REASON_FRAGMENT, 0, 0)
    const length = fields[base + P_L4_LENGTH]
    const needed = headerBytes(protocol)
    if (length < needed) return this.#refuse(fields, base, REASON_SHORT, length, needed)
    const at = fields[base + P_L4_OFFSET]
    const held = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - at
    if (needed > 0 && held < needed) return TRACKER_CANNOT_TELL

    switch (protocol) {
      case PROTO_TCP: {
        const headerLength = (fields[base + P_TCP_FLAGS_WINDOW] >>> 28) << 2
        if (headerLength < TCP_HEADER_BYTES || headerLength > length) {
          return this.#refuse(fields, base, REASON_TCP_HEADER_LENGTH, headerLength, length)
        }
        if (verifyChecksum && this.#hasBadChecksum(bytes, fields, base)) return this.#refused(fields, base)
        return this.#tcp.flagsAreValid(fields, base) ? this.#trackTcp(fields, base, frame) : this.#refused(fields, base)
      }
      case PROTO_UDP:
        if (!this.#udp.headerIsValid(fields, base)) return this.#refused(fields, base)
        if (verifyChecksum && this.#hasBadChecksum(bytes, fields, base)) return this.#refused(fields, base)
        if (!current.resolve(fields, base, 0, 0)) return TRACKER_DROPPED
        this.#udp.track(current.id)
        break
      case PROTO_UDPLITE:
        if (!this.#udp.liteHeaderIsValid(bytes, at, fields, base)) return this.#refused(fields, base)
        if (verifyChecksum && this.#hasBadChecksum(bytes, fields, base)) return this.#refused(fields, base)
        if (!current.resolve(fields, base, 0, 0)) return TRACKER_DROPPED
        this.#udp.trackLite(current.id)
        break
      case PROTO_ICMP:
      case PROTO_ICMPV6:
        if ((protocol === PROTO_ICMPV6) !== isV6) return this.#invalid(REASON_WRONG_FAMILY, 0, 0)
        if (verifyChecksum && this.#hasBadChecksum(bytes, fields, base)) return TRACKED
        return isV6 ? this.#icmp.trackV6(bytes, fields, base) : this.#icmp.track(bytes, fields, base)
      case PROTO_SCTP:
        if (verifyChecksum && this.#hasBadChecksum(bytes, fields, base)) return this.#refused(fields, base)
        if (!current.resolve(fields, base, 0, 0)) return TRACKER_DROPPED
        switch (this.#sctp.track(bytes, fields, base, current.id, current.direction)) {
          case TRACK_INVALID:
            current.detach()
            return TRACKED
          case TRACK_ACCEPT_UNRENEWED:
            current.renewed = false
        }
        break
      case PROTO_GRE: {
        const keys = this.#greKeys
        if (!keys.read(bytes, at, fields, base)) return this.#invalid(REASON_GRE_PAYLOAD, keys.payload, 0)
        // The tunnels of an expired control connection end with it.
        if (keys.owner >= 0 && current.table.removeIfExpired(keys.owner)) keys.read(bytes, at, fields, base)
        if (!current.resolve(fields, base, keys.source, keys.destination)) return TRACKER_DROPPED
        this.#gre.track()
        break
      }
      default:
        if (!current.resolve(fields, base, 0, 0)) return TRACKER_DROPPED
        current.refresh(this.#genericNs[current.table.timeoutPolicyOf(current.id)])
    }
    current.noteReply()
    return TRACKED
  }

  /**
   * As `track`, but faster, for an ordinary TCP or UDP packet with a good checksum whose connection is known, alive and
   * answered, or is answered by this packet. `finding` stays as it is. False, with nothing changed, where only `track`
   * can tell.
   */
  trackOrdinary(fields: Int32Array, base: number, id: number, direction: number, frame: number): boolean {
    const isOrdinary =
      fields[base + P_PROTOCOL] === PROTO_TCP
        ? this.#tcp.trackOrdinary(fields, base, id, direction, frame)
        : this.#udp.trackOrdinary(fields, base, id, direction)
    if (isOrdinary) {
      this.current.beginEstablished(id, direction)
      this.#tellWatchers()
    }
    return isOrdinary
  }

  /** NOTRACK: the packet passes without a connection. */
  untrack(): void {
    this.current.begin()
    this.current.untrack()
  }

  /** REJECT with a TCP reset closes the current packet's connection. */
  closeByReset(fields: Int32Array, base: number): void {
    if (this.current.id === NO_ENTRY) return
    this.#tcp.close(fields, base, this.current.id)
    this.#tellWatchers()
  }

  #tellWatchers(): void {
    const { table, id, refusedBy } = this.current
    if (table.watchers.isEmpty) return
    if (id !== NO_ENTRY) table.watchers.tellThatItMoved(table.entries, id)
    else if (refusedBy !== NO_ENTRY) table.watchers.tellThatItMoved(table.entries, refusedBy)
  }

  #trackTcp(fields: Int32Array, base: number, frame: number): number {
    const current = this.current
    for (;;) {
      if (!current.resolve(fields, base, 0, 0)) return TRACKER_DROPPED
      const decision = this.#tcp.track(fields, base, current.id, current.direction, frame)
      if (decision === TRACK_INVALID) {
        current.detach()
        return TRACKED
      }
      current.noteReply()
      if (decision === TRACK_ACCEPT) return TRACKED
      if (decision === TRACK_ACCEPT_UNRENEWED) {
        current.renewed = false
        return TRACKED
      }
      if (decision === TRACK_ACCEPT_AND_REMOVE) {
        current.end()
        return TRACKED
      }
      current.table.remove(current.id)
    }
  }

  #hasBadChecksum(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    if (!this.#looksAtChecksums) return false
    if (transportChecksumState(bytes, fields, base) !== CHECKSUM_BAD) return false
    this.finding.set(REASON_CHECKSUM, fields[base + P_PROTOCOL], 0, 0)
    return true
  }

  /** The packet is INVALID before Linux looks for its connection. */
  #invalid(reason: number, a: number, b: number): number {
    this.finding.set(reason, a, b, 0)
    return TRACKED
  }

  #refuse(fields: Int32Array, base: number, reason: number, a: number, b: number): number {
    this.finding.set(reason, a, b, 0)
    return this.#refused(fields, base)
  }

  /**
   * The packet is INVALID for the reason in `finding`, after Linux has looked for its connection, for which it only
   * needs the ports.
   */
  #refused(fields: Int32Array, base: number): number {
    const isLookedFor = hasPorts(fields[base + P_PROTOCOL]) && fields[base + P_L4_LENGTH] >= PORTS_BYTES
    return !isLookedFor || this.current.resolveInVain(fields, base) ? TRACKED : TRACKER_DROPPED
  }
}

/** Bytes of the transport header that the tracker reads. */
function headerBytes(protocol: number): number {
  switch (protocol) {
    case PROTO_TCP:
      return TCP_HEADER_BYTES
    case PROTO_SCTP:
      return SCTP_HEADER_BYTES
    case PROTO_UDP:
    case PROTO_UDPLITE:
    case PROTO_ICMP:
    case PROTO_ICMPV6:
      return OTHER_HEADER_BYTES
    default:
      return 0
  }
}
