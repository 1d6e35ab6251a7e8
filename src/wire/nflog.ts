import { decodeByVersion } from './bare-ip.ts'
import { IPV6_HEADER } from './header-lengths.ts'
import { setMacSource } from './mac.ts'
import { LINK_HOST, LINK_OUTGOING, NOTE_MALFORMED, NOTE_NOT_IP, P_LINK } from './packet-fields.ts'
import { refuse, refuseShort } from './refuse.ts'

const AF_INET = 2
const AF_INET6 = 10
/** Attributes of <linux/netfilter/nfnetlink_log.h>. */
const ATTRIBUTE_PACKET_HEADER = 1
const ATTRIBUTE_HARDWARE_ADDRESS = 8
const ATTRIBUTE_PAYLOAD = 9
const MAC_BYTES = 6
/** netfilter's hook numbers in the packet header attribute. */
const HOOK_INPUT = 1
const HOOK_FORWARD = 2

/**
 * A packet that an NFLOG rule sent to user space: family, version, group, then attributes. Rules may copy only the
 * first bytes of a packet and do not record its length, so the length in the IP header is believed.
 */
export function decodeNflog(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + 4 > end) {
    refuseShort(fields, base, at + 4, wireEnd)
    return
  }
  const family = bytes[at]
  if (bytes[at + 1] !== 0 || (family !== AF_INET && family !== AF_INET6)) {
    refuse(fields, base, NOTE_NOT_IP)
    return
  }
  let attribute = at + 4
  while (attribute + 4 <= end) {
    const length = nativeShort(bytes, attribute, end)
    const type = bytes[attribute + 2] | bytes[attribute + 3]
    if (length < 4) break
    if (type === ATTRIBUTE_PACKET_HEADER && length >= 8 && attribute + 8 <= end) {
      const hook = bytes[attribute + 6]
      if (hook <= HOOK_INPUT) fields[base + P_LINK] = LINK_HOST
      else if (hook > HOOK_FORWARD) fields[base + P_LINK] = LINK_OUTGOING
    } else if (type === ATTRIBUTE_HARDWARE_ADDRESS && length >= 8 + MAC_BYTES && attribute + 8 + MAC_BYTES <= end) {
      // The length of the address in network byte order, two bytes of padding, the address.
      if (bytes[attribute + 4] === 0 && bytes[attribute + 5] === MAC_BYTES) setMacSource(fields, base, attribute + 8)
    } else if (type === ATTRIBUTE_PAYLOAD) {
      const payloadEnd = attribute + length
      decodePayload(bytes, attribute + 4, Math.min(payloadEnd, end), fields, base)
      return
    }
    attribute += (length + 3) & ~3
  }
  if (end < wireEnd) refuseShort(fields, base, end + 1, wireEnd)
  else refuse(fields, base, NOTE_MALFORMED)
}

/** Lengths are in the byte order of the capturing machine. In the wrong order they mostly point beyond the frame. */
function nativeShort(bytes: Uint8Array, at: number, end: number): number {
  const little = (bytes[at + 1] << 8) | bytes[at]
  const big = (bytes[at] << 8) | bytes[at + 1]
  return at + little <= end || little < big ? little : big
}

function decodePayload(bytes: Uint8Array, at: number, end: number, fields: Int32Array, base: number): void {
  let length = end - at
  if (length >= 6) {
    const said =
      bytes[at] >>> 4 === 4
        ? (bytes[at + 2] << 8) | bytes[at + 3]
        : IPV6_HEADER + ((bytes[at + 4] << 8) | bytes[at + 5])
    if (said > length) length = said
  }
  decodeByVersion(bytes, at, end, at + length, fields, base)
}
