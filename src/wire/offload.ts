import { halvesOf, UDP_CHECKSUM } from './checksum.ts'
import {
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_SRC,
} from './packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from './protocols.ts'

const TCP_CHECKSUM = 16

/**
 * Whether the transport checksum is only the sum of the pseudo header, which a sender's network stack leaves for the
 * network card to complete. Such a frame was captured on the machine that sent it, and was good on the wire. The same
 * holds for a frame that the card was still to cut into segments, whatever its sum.
 */
export function isChecksumLeftToCard(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
  const protocol = fields[base + P_PROTOCOL]
  if (protocol !== PROTO_TCP && protocol !== PROTO_UDP) return false
  if (isCutByCard(bytes, fields, base)) return true
  const words = fields[base + P_FAMILY] === IP_V6 ? 4 : 1
  const length = fields[base + P_L4_LENGTH]
  let sum = protocol + (length & 0xffff) + (length >>> 16)
  for (let i = 0; i < words; i++) {
    sum += halvesOf(fields[base + P_SRC + i]) + halvesOf(fields[base + P_DST + i])
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  const at = fields[base + P_L4_OFFSET] + (protocol === PROTO_TCP ? TCP_CHECKSUM : UDP_CHECKSUM)
  return ((bytes[at] << 8) | bytes[at + 1]) === sum
}

/** IPv4 total length 0: segmentation offload. */
function isCutByCard(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
  if (fields[base + P_FAMILY] !== IP_V4) return false
  const l3 = fields[base + P_L3_OFFSET]
  return bytes[l3 + 2] === 0 && bytes[l3 + 3] === 0
}
