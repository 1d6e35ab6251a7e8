import { extensionLength, isExtensionHeader } from '../wire/extension-headers.ts'
import { PROTO_FRAGMENT } from '../wire/protocols.ts'

export { FRAGMENT_HEADER_LENGTH } from '../wire/extension-headers.ts'

const IPV6_HEADER = 40
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
  return header + 8 > end ? -1 : header
}

/** Where, in headers that begin at 0, the number of the header at `at` stands. */
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
