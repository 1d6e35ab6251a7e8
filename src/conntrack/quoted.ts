import { networkWord } from '../wire/byte-view.ts'
import { extensionLength, isExtensionHeader } from '../wire/extension-headers.ts'
import { IPV6_HEADER } from '../wire/header-lengths.ts'
import {
  FRAGMENT_OFFSET_MASK,
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
} from '../wire/packet-fields.ts'
import { PROTO_FRAGMENT, PROTO_ICMP, PROTO_ICMPV6, PROTO_NO_NEXT_HEADER } from '../wire/protocols.ts'
import { hasPorts } from './tuple.ts'

/**
 * Reads the tuple of the packet that an ICMP error quotes into a row of header fields: family, addresses, protocol,
 * ports. Only what the tracker needs; nothing is verified beyond that, as the quote is allowed to be cut.
 *
 * @param at offset of the quoted IP header, @param end offset after the last byte there is
 * @returns false when no tuple can be read: cut too short, a fragment that is not the first, a broken header
 */
export function readQuotedTuple(
  bytes: Uint8Array,
  at: number,
  end: number,
  family: number,
  fields: Int32Array,
  base: number,
): boolean {
  const l4 = family === IP_V6 ? quotedV6(bytes, at, end, fields, base) : quotedV4(bytes, at, end, fields, base)
  if (l4 < 0) return false
  const protocol = fields[base + P_PROTOCOL]
  fields[base + P_L4_OFFSET] = l4
  fields[base + P_L4_LENGTH] = Math.max(0, end - l4)
  fields[base + P_PORTS] = 0
  if (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) {
    if (l4 + 8 > end) return false
    fields[base + P_PORTS] = (bytes[l4] << 24) | (bytes[l4 + 1] << 16) | (bytes[l4 + 4] << 8) | bytes[l4 + 5]
  } else if (hasPorts(protocol)) {
    if (l4 + 4 > end) return false
    fields[base + P_PORTS] = networkWord(bytes, l4)
  }
  return true
}

function quotedV4(bytes: Uint8Array, at: number, end: number, fields: Int32Array, base: number): number {
  if (at + 20 > end) return -1
  if ((((bytes[at + 6] << 8) | bytes[at + 7]) & FRAGMENT_OFFSET_MASK) !== 0) return -1
  const l4 = at + ((bytes[at] & 15) << 2)
  if (l4 > end) return -1
  fields[base + P_FAMILY] = IP_V4
  fields[base + P_PROTOCOL] = bytes[at + 9]
  fields[base + P_SRC] = networkWord(bytes, at + 12)
  fields[base + P_DST] = networkWord(bytes, at + 16)
  return l4
}

function quotedV6(bytes: Uint8Array, at: number, end: number, fields: Int32Array, base: number): number {
  if (at + IPV6_HEADER > end) return -1
  fields[base + P_FAMILY] = IP_V6
  for (let i = 0; i < 4; i++) {
    fields[base + P_SRC + i] = networkWord(bytes, at + 8 + i * 4)
    fields[base + P_DST + i] = networkWord(bytes, at + 24 + i * 4)
  }
  let next = bytes[at + 6]
  let offset = at + IPV6_HEADER
  while (isExtensionHeader(next)) {
    // Of a header only the two bytes are needed that lead on, of a fragment header the offset too.
    if (offset + (next === PROTO_FRAGMENT ? 4 : 2) > end) return -1
    const isLaterFragment = next === PROTO_FRAGMENT && (((bytes[offset + 2] << 8) | bytes[offset + 3]) & 0xfff8) !== 0
    if (isLaterFragment) return -1
    const length = extensionLength(next, bytes[offset + 1])
    next = bytes[offset]
    offset += length
  }
  if (next === PROTO_NO_NEXT_HEADER) return -1
  fields[base + P_PROTOCOL] = next
  return offset
}
