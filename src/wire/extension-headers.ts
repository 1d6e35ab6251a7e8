import { viewOf } from './byte-view.ts'
import { IPV6_HEADER } from './header-lengths.ts'
import {
  EXTENSION_AUTH,
  EXTENSION_DESTINATION,
  EXTENSION_FRAGMENT,
  EXTENSION_HOP_BY_HOP,
  EXTENSION_MOBILITY,
  EXTENSION_ROUTING,
  FRAGMENT_HEADER,
  FRAGMENT_MORE,
  FRAGMENT_OFFSET_MASK,
  P_FRAGMENT,
  P_IP_ID,
  P_IP_OPTIONS,
  P_L3_LENGTH,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PROTOCOL,
} from './packet-fields.ts'
import {
  PROTO_AH,
  PROTO_DESTINATION,
  PROTO_FRAGMENT,
  PROTO_HOP_BY_HOP,
  PROTO_MOBILITY,
  PROTO_NO_NEXT_HEADER,
  PROTO_ROUTING,
} from './protocols.ts'
import { clearTransport } from './refuse.ts'
import { decodeTransport } from './transport.ts'

export const FRAGMENT_HEADER_LENGTH = 8
/** Bytes of a fragment header up to the end of its offset. */
const FRAGMENT_OFFSET_END = 4

/** The headers that Linux' tracker skips on its way to the transport header. Mobility and ESP are not among them. */
export function isExtensionHeader(protocol: number): boolean {
  return (
    protocol === PROTO_HOP_BY_HOP ||
    protocol === PROTO_ROUTING ||
    protocol === PROTO_FRAGMENT ||
    protocol === PROTO_AH ||
    protocol === PROTO_DESTINATION
  )
}

/** Bytes of an extension header, from its own length field; of a fragment header always eight. */
export function extensionLength(protocol: number, lengthField: number): number {
  if (protocol === PROTO_FRAGMENT) return FRAGMENT_HEADER_LENGTH
  return protocol === PROTO_AH ? (lengthField + 2) << 2 : (lengthField + 1) << 3
}

/**
 * Walks the chain after the IPv6 header at `at`, whose row is otherwise filled, and reads the transport header after
 * it. `end` is where the captured datagram ends. False when the capture cut the chain or what is needed after it.
 */
export function decodeExtensionHeaders(
  bytes: Uint8Array,
  at: number,
  end: number,
  fields: Int32Array,
  base: number,
): boolean {
  const datagramEnd = at + fields[base + P_L3_LENGTH]
  let protocol = fields[base + P_PROTOCOL]
  let p = at + IPV6_HEADER
  let met = 0
  let piece = false
  while (isExtensionHeader(protocol)) {
    const needed = protocol === PROTO_FRAGMENT ? FRAGMENT_HEADER_LENGTH : 2
    met |= extensionBit(protocol)
    if (p + needed > end) {
      // A chain that goes beyond the datagram is unusable; in a first fragment it continues in the next one.
      const unusable = p + needed > datagramEnd
      let next = -1
      if (unusable && protocol === PROTO_FRAGMENT && p <= datagramEnd && datagramEnd > at + IPV6_HEADER) {
        // Linux drops a cut fragment header unless it holds the offset and that is 0: then it reads on past the
        // datagram.
        const isFirst = p + FRAGMENT_OFFSET_END <= end && (bytes[p + 2] | (bytes[p + 3] & 0xf8)) === 0
        if (isFirst) next = isExtensionHeader(bytes[p]) ? -1 : bytes[p]
        else fields[base + P_FRAGMENT] |= FRAGMENT_HEADER
        if (next >= 0) p += FRAGMENT_HEADER_LENGTH
      }
      finish(fields, base, next, p, datagramEnd, met)
      clearTransport(fields, base)
      return unusable || piece
    }
    const header = p
    const current = protocol
    protocol = bytes[header]
    p = header + extensionLength(current, bytes[header + 1])
    if (current === PROTO_FRAGMENT) {
      const offsetAndFlags = (bytes[header + 2] << 8) | bytes[header + 3]
      const offset = offsetAndFlags >>> 3
      const more = (offsetAndFlags & 1) !== 0
      // If there are several fragment headers, defragmentation takes off the first.
      if (fields[base + P_FRAGMENT] === 0) {
        fields[base + P_FRAGMENT] = FRAGMENT_HEADER | (more ? FRAGMENT_MORE : 0) | (offset & FRAGMENT_OFFSET_MASK)
        fields[base + P_IP_ID] = viewOf(bytes).getInt32(header + 4)
        piece = more || offset !== 0
      }
      if (offset !== 0) {
        // The fragment header of a later fragment after one of a first fragment makes the chain unusable. So does another
        // extension header after it, for rules that get to see it because defragmentation took off one before.
        const isSecond = (fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) === 0
        finish(fields, base, isSecond || isExtensionHeader(protocol) ? -1 : protocol, p, datagramEnd, met)
        clearTransport(fields, base)
        return true
      }
    }
  }
  finish(fields, base, protocol, p, datagramEnd, protocol === PROTO_MOBILITY ? met | EXTENSION_MOBILITY : met)
  // The last header may claim to reach beyond the datagram: then nothing is missing, there is no transport header.
  if (protocol === PROTO_NO_NEXT_HEADER || p > datagramEnd) {
    clearTransport(fields, base)
    return true
  }
  return decodeTransport(protocol, bytes, p, end, fields[base + P_L4_LENGTH], fields, base) || piece
}

function finish(fields: Int32Array, base: number, protocol: number, p: number, datagramEnd: number, met: number): void {
  fields[base + P_PROTOCOL] = protocol
  fields[base + P_L4_OFFSET] = p
  fields[base + P_L4_LENGTH] = p < datagramEnd ? datagramEnd - p : 0
  fields[base + P_IP_OPTIONS] = met
}

function extensionBit(protocol: number): number {
  switch (protocol) {
    case PROTO_HOP_BY_HOP:
      return EXTENSION_HOP_BY_HOP
    case PROTO_ROUTING:
      return EXTENSION_ROUTING
    case PROTO_FRAGMENT:
      return EXTENSION_FRAGMENT
    case PROTO_AH:
      return EXTENSION_AUTH
    default:
      return EXTENSION_DESTINATION
  }
}
