import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { decodeMpls } from './mpls.ts'
import { LINK_HOST, LINK_OUTGOING, NOTE_NOT_IP, P_LINK } from './packet-fields.ts'
import { refuse, refuseShort } from './refuse.ts'

const PPP_IPV4 = 0x0021
const PPP_IPV6 = 0x0057
const PPP_MPLS_UNICAST = 0x0281
const PPP_MPLS_MULTICAST = 0x0283

/** A PPP frame (RFC 1661), with or without the HDLC address and control bytes, its protocol in one or two bytes. */
export function decodePpp(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + 2 <= end && bytes[at] === 0xff && bytes[at + 1] === 0x03) at += 2
  if (at + 2 > end) {
    refuseShort(fields, base, at + 2, wireEnd)
    return
  }
  // An odd first byte is the whole protocol number, compressed (RFC 1661, 6.5).
  let protocol = bytes[at]
  if ((protocol & 1) !== 0) at += 1
  else {
    protocol = (protocol << 8) | bytes[at + 1]
    at += 2
  }
  if (protocol === PPP_IPV4) decodeIpv4(bytes, at, end, wireEnd, fields, base)
  else if (protocol === PPP_IPV6) decodeIpv6(bytes, at, end, wireEnd, fields, base)
  else if (protocol === PPP_MPLS_UNICAST || protocol === PPP_MPLS_MULTICAST) {
    decodeMpls(bytes, at, end, wireEnd, fields, base)
  } else refuse(fields, base, NOTE_NOT_IP)
}

/** LINKTYPE_PPP_PPPD: the address byte is replaced by the direction, 0 for received, 1 for sent. */
export function decodePppWithDirection(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + 2 > end) {
    refuseShort(fields, base, at + 2, wireEnd)
    return
  }
  fields[base + P_LINK] = bytes[at] === 0 ? LINK_HOST : LINK_OUTGOING
  const control = bytes[at + 1] === 0x03 ? 2 : 1
  decodePpp(bytes, at + control, end, wireEnd, fields, base)
}
