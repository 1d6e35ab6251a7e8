import {
  FRAGMENT_OFFSET_MASK,
  IP_NONE,
  IP_V4,
  IP_V6,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_REFUSED_FAMILY,
} from '../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../wire/protocols.ts'
import { HAS_PORTS } from './protocol-names.ts'

/** What P_PORTS of a frame contains: nothing, ports, or ICMP type, code and identifier. */
const TRANSPORT_NONE = 0
export const TRANSPORT_PORTS = 1
export const TRANSPORT_ICMP = 2

/** Family of the addresses that a frame shows, even where netfilter would see no packet; IP_NONE without any. */
export function addressFamily(fields: Int32Array, base: number): number {
  const family = fields[base + P_FAMILY]
  return family === IP_NONE ? fields[base + P_REFUSED_FAMILY] : family
}

/**
 * Whether a frame shows ports or an ICMP header: later fragments, datagrams of fewer than four transport bytes and
 * frames cut before them show neither. Cheap enough for every packet.
 */
export function transportKind(fields: Int32Array, base: number): number {
  const protocol = fields[base + P_PROTOCOL]
  const family = fields[base + P_FAMILY]
  if (family === IP_NONE) return TRANSPORT_NONE
  const kind =
    HAS_PORTS[protocol] === 1
      ? TRANSPORT_PORTS
      : (protocol === PROTO_ICMP && family === IP_V4) || (protocol === PROTO_ICMPV6 && family === IP_V6)
        ? TRANSPORT_ICMP
        : TRANSPORT_NONE
  if (kind === TRANSPORT_NONE || (fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return TRANSPORT_NONE
  if (fields[base + P_L4_LENGTH] < 4) return TRANSPORT_NONE
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - fields[base + P_L4_OFFSET]
  return captured < 4 ? TRANSPORT_NONE : kind
}

/** Indexed by ICMP type: 1 where the message carries an identifier (RFC 792, RFC 950). */
const ICMP_QUERY = new Uint8Array(256)
for (const type of [0, 8, 13, 14, 15, 16, 17, 18]) ICMP_QUERY[type] = 1

/** True when the message is a query or its answer, so that the low half of P_PORTS is its identifier. */
export function icmpHasIdentifier(fields: Int32Array, base: number): boolean {
  const type = fields[base + P_PORTS] >>> 24
  const query = fields[base + P_FAMILY] === IP_V4 ? ICMP_QUERY[type] === 1 : type === 128 || type === 129
  return query && fields[base + P_L4_LENGTH] >= 8
}
