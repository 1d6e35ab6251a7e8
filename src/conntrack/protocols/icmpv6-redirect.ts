import {
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_SRC,
  P_TTL,
} from '../../wire/packet-fields.ts'

const REDIRECT_HEADER_BYTES = 40
const OPTION_REDIRECTED_HEADER = 4
const OPTION_HEADER_BYTES = 8

/**
 * Offset of the packet that an ICMPv6 redirect is about (RFC 4861, sections 4.5 and 8.1): the redirect must come from
 * a link-local address over no router (hop limit 255, code 0), and its first option must be the redirected header: the
 * kernel looks no further. -1 otherwise.
 */
export function findRedirectedPacket(bytes: Uint8Array, fields: Int32Array, base: number): number {
  if (fields[base + P_TTL] !== 255) return -1
  if (((fields[base + P_PORTS] >>> 16) & 0xff) !== 0) return -1
  if (fields[base + P_SRC] >>> 22 !== 0xfe80 >>> 6) return -1
  const at = fields[base + P_L4_OFFSET]
  const end = Math.min(at + fields[base + P_L4_LENGTH], fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED])
  const option = at + REDIRECT_HEADER_BYTES
  if (option + 2 > end || bytes[option + 1] === 0 || bytes[option] !== OPTION_REDIRECTED_HEADER) return -1
  return option + OPTION_HEADER_BYTES
}
