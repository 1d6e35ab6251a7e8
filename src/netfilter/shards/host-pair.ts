import { ICMPV6_REDIRECT, isIcmpError, isIcmpv6Error } from '../../conntrack/protocols/icmp-types.ts'
import { networkWord } from '../../wire/byte-view.ts'
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
} from '../../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../../wire/protocols.ts'

const ICMP_HEADER_BYTES = 8
/** An ICMPv6 redirect, and the head of the option that holds the redirected packet (RFC 4861, 4.5 and 4.6.3). */
const REDIRECT_HEADER_BYTES = 48
const NO_QUOTE = -1

/**
 * Which of `shards` a datagram belongs to: determined by its two hosts, in either order. For an ICMP error, by the
 * hosts of the packet that it quotes, since it is RELATED to that connection. An unreadable quote belongs to no
 * connection.
 */
export function shardOf(bytes: Uint8Array, fields: Int32Array, base: number, shards: number): number {
  const protocol = fields[base + P_PROTOCOL]
  const isIcmp = protocol === PROTO_ICMP || protocol === PROTO_ICMPV6
  const quote = isIcmp ? quoteAt(fields, base) : NO_QUOTE
  const hash = quote === NO_QUOTE ? ownHash(fields, base) : quotedHash(bytes, quote, fields[base + P_FAMILY])
  return ((hash >>> 16) * shards) >>> 16
}

/** Offset of the addresses of the quoted packet; NO_QUOTE where they are missing. */
function quoteAt(fields: Int32Array, base: number): number {
  const isV6 = fields[base + P_FAMILY] === IP_V6
  const type = fields[base + P_PORTS] >>> 24
  if (isV6 ? !isIcmpv6Error(type) && type !== ICMPV6_REDIRECT : !isIcmpError(type)) return NO_QUOTE
  const l4 = fields[base + P_L4_OFFSET]
  const at = l4 + (isV6 && type === ICMPV6_REDIRECT ? REDIRECT_HEADER_BYTES : ICMP_HEADER_BYTES)
  const end = Math.min(l4 + fields[base + P_L4_LENGTH], fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED])
  return at + (isV6 ? 40 : 20) > end ? NO_QUOTE : at + (isV6 ? 8 : 12)
}

function ownHash(fields: Int32Array, base: number): number {
  if (fields[base + P_FAMILY] !== IP_V6) return mixed(pairOf(fields[base + P_SRC], fields[base + P_DST]))
  let source = 0
  let destination = 0
  for (let i = 0; i < 4; i++) {
    source = Math.imul(source, 31) + fields[base + P_SRC + i]
    destination = Math.imul(destination, 31) + fields[base + P_DST + i]
  }
  return mixed(pairOf(source | 0, destination | 0))
}

function quotedHash(bytes: Uint8Array, at: number, family: number): number {
  if (family !== IP_V6) return mixed(pairOf(networkWord(bytes, at), networkWord(bytes, at + 4)))
  let source = 0
  let destination = 0
  for (let i = 0; i < 4; i++) {
    source = Math.imul(source, 31) + networkWord(bytes, at + i * 4)
    destination = Math.imul(destination, 31) + networkWord(bytes, at + 16 + i * 4)
  }
  return mixed(pairOf(source | 0, destination | 0))
}

/** The same in either order. */
function pairOf(a: number, b: number): number {
  return (Math.imul(a ^ b, 0x9e3779b1) + Math.imul(a + b, 0x85ebca6b)) | 0
}

function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13) ^ (hash << 9)
}
