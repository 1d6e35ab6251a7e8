import { extensionLength, FRAGMENT_HEADER_LENGTH, isExtensionHeader } from '../wire/extension-headers.ts'
import { IPV6_HEADER } from '../wire/header-lengths.ts'
import { FRAGMENT_OFFSET_MASK, P_FRAGMENT, P_L4_LENGTH, P_PROTOCOL } from '../wire/packet-fields.ts'
import { PROTO_FRAGMENT, PROTO_ICMPV6, PROTO_NO_NEXT_HEADER, PROTO_TCP, PROTO_UDP } from '../wire/protocols.ts'

const NEXT_HEADER = 6

/** Offset of the fragment header of the datagram in bytes[l3 … end); -1 when there is none or it is cut short. */
export function locateFragmentHeader(bytes: Uint8Array, l3: number, end: number): number {
  let protocol = bytes[l3 + NEXT_HEADER]
  let header = l3 + IPV6_HEADER
  while (protocol !== PROTO_FRAGMENT) {
    if (!isExtensionHeader(protocol) || header + 2 > end) return -1
    const length = extensionLength(protocol, bytes[header + 1])
    protocol = bytes[header]
    header += length
  }
  return header + FRAGMENT_HEADER_LENGTH > end ? -1 : header
}

/** Position of the "next header" byte that names the header at `at`, in headers that begin at 0. */
export function nextHeaderPlace(headers: Uint8Array, at: number): number {
  let place = NEXT_HEADER
  let header = IPV6_HEADER
  while (header < at) {
    const length = extensionLength(headers[place], headers[header + 1])
    place = header
    header += length
  }
  return place
}

/**
 * RFC 8200, 4.5: a first fragment must hold all headers, the transport header included. Linux does not queue one that
 * does not. A chain that is itself unusable does not count as too short.
 */
export function isFirstTooShort(fields: Int32Array, base: number): boolean {
  const protocol = fields[base + P_PROTOCOL]
  if ((fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return false
  if (protocol < 0 || protocol === PROTO_NO_NEXT_HEADER) return false
  return fields[base + P_L4_LENGTH] < transportHeader(protocol)
}

function transportHeader(protocol: number): number {
  if (protocol === PROTO_TCP) return 20
  return protocol === PROTO_UDP || protocol === PROTO_ICMPV6 ? 8 : 1
}
