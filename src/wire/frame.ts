import { decodeEthernet } from './ethernet.ts'
import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { decodeLinkLayer, LINKTYPE_ETHERNET } from './link-layer.ts'
import { LINK_UNKNOWN, NOTE_MALFORMED, P_LINK, P_MAC_OFFSET, P_VLAN } from './packet-fields.ts'
import { refuse } from './refuse.ts'

/** Stands for the frame length of a reassembled datagram, which has no frame: more than any IP length. */
const NO_FRAME = 0x20000

/**
 * Decodes one frame into the row of PACKET_INTS integers at `base`; every field of it is set anew, except the words
 * 1 to 3 of IPv4 addresses. Never throws, and never reads outside bytes[offset … offset + captured).
 *
 * @param captured bytes of the frame in the capture
 * @param wireLength bytes the frame had on the wire; lengths in the headers are held against this one
 * @param linkType LINKTYPE_ value (https://www.tcpdump.org/linktypes.html)
 */
export function decodeFrame(
  bytes: Uint8Array,
  offset: number,
  captured: number,
  wireLength: number,
  linkType: number,
  fields: Int32Array,
  base: number,
): void {
  const end = offset + captured
  const wireEnd = wireLength > captured ? offset + wireLength : end
  fields[base + P_LINK] = LINK_UNKNOWN
  fields[base + P_MAC_OFFSET] = -1
  fields[base + P_VLAN] = -1
  if (linkType === LINKTYPE_ETHERNET) decodeEthernet(bytes, offset, end, wireEnd, fields, base)
  else decodeLinkLayer(linkType, bytes, offset, end, wireEnd, fields, base)
}

/**
 * Decodes an IPv4 or IPv6 datagram put together from fragments, of which bytes[offset … offset + captured) is known.
 * Sets every field except those of the link layer (P_LINK, P_MAC_OFFSET, P_VLAN), which stay as they are.
 */
export function decodeDatagram(
  bytes: Uint8Array,
  offset: number,
  captured: number,
  fields: Int32Array,
  base: number,
): void {
  const end = offset + captured
  const version = captured > 0 ? bytes[offset] >>> 4 : 0
  if (version === 4) decodeIpv4(bytes, offset, end, offset + NO_FRAME, fields, base)
  else if (version === 6) decodeIpv6(bytes, offset, end, offset + NO_FRAME, fields, base, true)
  else refuse(fields, base, NOTE_MALFORMED)
}
