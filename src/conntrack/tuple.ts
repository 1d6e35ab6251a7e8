import { KIND_IPV6, mixIn, tupleHash } from '../wire/flow-hash.ts'
import { IP_V6, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC } from '../wire/packet-fields.ts'
import {
  PROTO_GRE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../wire/protocols.ts'
import { KIND_ZONE_SHIFT } from './entry.ts'

/** ICMP type -> the type of the request it belongs to, -1 where a type has no counterpart and cannot be tracked. */
const ICMP_REQUEST = requestTypes(19, [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
])
const ICMPV6_REQUEST = requestTypes(141, [
  [128, 129],
  [139, 140],
])

function requestTypes(length: number, pairs: readonly (readonly [number, number])[]): Int16Array {
  const table = new Int16Array(length).fill(-1)
  for (const [request, reply] of pairs) {
    table[request] = request
    table[reply] = request
  }
  return table
}

/**
 * The canonical key of a packet's tuple: the same for both directions of a connection.
 *
 * The two ends are sorted by (address, port); ICMP queries always run from the host that asks to the host that answers.
 * `swapped` says that the packet's source is end B. One instance is filled anew for each packet.
 */
export class TupleKey {
  a0 = 0
  a1 = 0
  a2 = 0
  a3 = 0
  b0 = 0
  b1 = 0
  b2 = 0
  b3 = 0
  ports = 0
  kind = 0
  swapped = false
  /** Both ends have the same address and port: the tuple is its own inverse. */
  symmetric = false
  hash = 0
  /** Seed of the hash; must be FLOW_SEED to look up rows by their P_HASH. It affects no output. */
  readonly seed: number

  constructor(seed: number) {
    this.seed = seed | 0
  }

  /**
   * Fills the key from a row of header fields.
   * @param keySource, @param keyDestination GRE keys in place of ports (protocol 47), else ignored
   * ICMP must have a counterpart (`hasIcmpCounterpart`).
   */
  fill(fields: Int32Array, base: number, zone: number, keySource: number, keyDestination: number): void {
    const protocol = fields[base + P_PROTOCOL]
    const ports = fields[base + P_PORTS]
    const v6 = fields[base + P_FAMILY] === IP_V6
    this.kind = protocol | (v6 ? KIND_IPV6 : 0) | (zone << KIND_ZONE_SHIFT)
    let source = 0
    let destination = 0
    if (hasPorts(protocol)) {
      source = ports >>> 16
      destination = ports & 0xffff
    } else if (protocol === (v6 ? PROTO_ICMPV6 : PROTO_ICMP)) {
      this.#fillIcmp(fields, base, ports, v6)
      return
    } else if (protocol === PROTO_GRE) {
      source = keySource
      destination = keyDestination
    }
    this.#sort(fields, base, v6, source, destination)
    this.rehash()
  }

  /** Puts the lower of the two ends first. */
  #sort(fields: Int32Array, base: number, v6: boolean, source: number, destination: number): void {
    let order = (fields[base + P_SRC] >>> 0) - (fields[base + P_DST] >>> 0)
    if (v6) {
      for (let i = 1; order === 0 && i < 4; i++)
        order = (fields[base + P_SRC + i] >>> 0) - (fields[base + P_DST + i] >>> 0)
    }
    if (order === 0) {
      order = source - destination
      this.symmetric = order === 0
    } else {
      this.symmetric = false
    }
    this.swapped = order > 0
    this.ports = order > 0 ? (destination << 16) | source : (source << 16) | destination
    this.#fillAddresses(fields, base, v6)
  }

  /** The same as `fill`, in zone 0, for TCP and UDP, where the hash is known. @param hash as `flowHash` makes it */
  refill(fields: Int32Array, base: number, hash: number): void {
    const v6 = fields[base + P_FAMILY] === IP_V6
    const ports = fields[base + P_PORTS]
    this.kind = fields[base + P_PROTOCOL] | (v6 ? KIND_IPV6 : 0)
    this.#sort(fields, base, v6, ports >>> 16, ports & 0xffff)
    this.hash = hash
  }

  #fillIcmp(fields: Int32Array, base: number, typeCodeId: number, v6: boolean): void {
    const type = typeCodeId >>> 24
    const request = v6 ? ICMPV6_REQUEST[type] : ICMP_REQUEST[type]
    this.swapped = request !== type
    this.symmetric = false
    this.ports = ((typeCodeId & 0xffff) << 16) | (request << 8) | ((typeCodeId >>> 16) & 0xff)
    this.#fillAddresses(fields, base, v6)
    this.rehash()
  }

  /** Turns the key of an ICMP request into that of its reply with the same addresses. */
  turnIcmpRequestIntoReply(): void {
    const { a0, a1, a2, a3 } = this
    this.a0 = this.b0
    this.a1 = this.b1
    this.a2 = this.b2
    this.a3 = this.b3
    this.b0 = a0
    this.b1 = a1
    this.b2 = a2
    this.b3 = a3
    this.swapped = true
    this.rehash()
  }

  /** Computes the hash again after `kind`, `ports` or an address were changed from outside. */
  rehash(): void {
    let a = mixIn(this.seed, this.a0)
    let b = mixIn(this.seed, this.b0)
    if ((this.kind & KIND_IPV6) !== 0) {
      a = mixIn(mixIn(mixIn(a, this.a1), this.a2), this.a3)
      b = mixIn(mixIn(mixIn(b, this.b1), this.b2), this.b3)
    }
    this.hash = tupleHash(a, b, this.ports, this.kind)
  }

  #fillAddresses(fields: Int32Array, base: number, v6: boolean): void {
    const a = base + (this.swapped ? P_DST : P_SRC)
    const b = base + (this.swapped ? P_SRC : P_DST)
    this.a0 = fields[a]
    this.b0 = fields[b]
    if (v6) {
      this.a1 = fields[a + 1]
      this.a2 = fields[a + 2]
      this.a3 = fields[a + 3]
      this.b1 = fields[b + 1]
      this.b2 = fields[b + 2]
      this.b3 = fields[b + 3]
    }
  }
}

/** Protocols whose ports the tracker reads. It knows none of DCCP (oracle: random combinations). */
export function hasPorts(protocol: number): boolean {
  return protocol === PROTO_TCP || protocol === PROTO_UDP || protocol === PROTO_SCTP || protocol === PROTO_UDPLITE
}

/** False for ICMP types that neither ask nor answer: their tuple has no inverse, so they cannot be tracked. */
export function hasIcmpCounterpart(fields: Int32Array, base: number): boolean {
  const protocol = fields[base + P_PROTOCOL]
  if (protocol !== PROTO_ICMP && protocol !== PROTO_ICMPV6) return true
  const isV6 = fields[base + P_FAMILY] === IP_V6
  if ((protocol === PROTO_ICMPV6) !== isV6) return false
  const type = fields[base + P_PORTS] >>> 24
  const requests = isV6 ? ICMPV6_REQUEST : ICMP_REQUEST
  return type < requests.length && requests[type] >= 0
}
