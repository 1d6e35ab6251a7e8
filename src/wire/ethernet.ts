import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { ETHERNET_HEADER } from './mac.ts'
import { decodeMpls } from './mpls.ts'
import {
  LINK_BROADCAST,
  LINK_MULTICAST,
  NOTE_MALFORMED,
  NOTE_NOT_IP,
  P_LINK,
  P_MAC_OFFSET,
  P_VLAN,
} from './packet-fields.ts'
import { decodePpp } from './ppp.ts'
import { refuse, refuseShort } from './refuse.ts'

const TYPE_IPV4 = 0x0800
const TYPE_VLAN = 0x8100
const TYPE_IPV6 = 0x86dd
const TYPE_MPLS_UNICAST = 0x8847
const TYPE_MPLS_MULTICAST = 0x8848
const TYPE_PPPOE_SESSION = 0x8864
const TYPE_SERVICE_VLAN = 0x88a8
const TYPE_OLD_SERVICE_VLAN = 0x9100
/** Up to here the type field is the length of an 802.3 frame, whose payload begins with an LLC header. */
const LENGTH_MAX = 1500
/** Linux cooked captures give this instead of the length of an 802.3 frame. */
const TYPE_LLC = 0x0004

/** Fills the whole row, from the Ethernet header at `at`. */
export function decodeEthernet(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + ETHERNET_HEADER > end) {
    refuseShort(fields, base, at + ETHERNET_HEADER, wireEnd)
    return
  }
  fields[base + P_MAC_OFFSET] = at
  if ((bytes[at] & 1) !== 0) {
    const all = bytes[at] & bytes[at + 1] & bytes[at + 2] & bytes[at + 3] & bytes[at + 4] & bytes[at + 5]
    fields[base + P_LINK] = all === 0xff ? LINK_BROADCAST : LINK_MULTICAST
  }
  const type = (bytes[at + 12] << 8) | bytes[at + 13]
  if (type === TYPE_IPV4) decodeIpv4(bytes, at + ETHERNET_HEADER, end, wireEnd, fields, base)
  else decodeEtherType(type, bytes, at + ETHERNET_HEADER, end, wireEnd, fields, base)
}

/**
 * Skips what may stand between an Ethernet type and the IP header: any number of VLAN tags, MPLS, PPPoE, LLC with SNAP.
 */
export function decodeEtherType(
  type: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  while (type === TYPE_VLAN || type === TYPE_SERVICE_VLAN || type === TYPE_OLD_SERVICE_VLAN) {
    if (at + 4 > end) {
      refuseShort(fields, base, at + 4, wireEnd)
      return
    }
    if (fields[base + P_VLAN] === -1) fields[base + P_VLAN] = ((bytes[at] & 0x0f) << 8) | bytes[at + 1]
    type = (bytes[at + 2] << 8) | bytes[at + 3]
    at += 4
  }
  if (type === TYPE_IPV4) decodeIpv4(bytes, at, end, wireEnd, fields, base)
  else if (type === TYPE_IPV6) decodeIpv6(bytes, at, end, wireEnd, fields, base)
  else if (type === TYPE_MPLS_UNICAST || type === TYPE_MPLS_MULTICAST) {
    decodeMpls(bytes, at, end, wireEnd, fields, base)
  } else if (type === TYPE_PPPOE_SESSION) decodePppoe(bytes, at, end, wireEnd, fields, base)
  else if (type <= LENGTH_MAX && type !== 0 && at + 8 <= end && isSnap(bytes, at)) {
    const frameEnd = type === TYPE_LLC || at + type > wireEnd ? wireEnd : at + type
    const inner = (bytes[at + 6] << 8) | bytes[at + 7]
    // The type in a SNAP header is never a length here, so this recursion goes one level deep.
    if (inner > LENGTH_MAX) decodeEtherType(inner, bytes, at + 8, Math.min(end, frameEnd), frameEnd, fields, base)
    else refuse(fields, base, NOTE_NOT_IP)
  } else refuse(fields, base, NOTE_NOT_IP)
}

/** LLC for SNAP with the organization code of Ethernet types (RFC 1042). */
function isSnap(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0xaa &&
    bytes[at + 1] === 0xaa &&
    bytes[at + 2] === 0x03 &&
    bytes[at + 3] === 0 &&
    bytes[at + 4] === 0 &&
    bytes[at + 5] === 0
  )
}

/** RFC 2516. Bytes beyond the length in the session header are padding. */
export function decodePppoe(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + 6 > end) {
    refuseShort(fields, base, at + 6, wireEnd)
    return
  }
  const payloadEnd = at + 6 + ((bytes[at + 4] << 8) | bytes[at + 5])
  if (bytes[at] !== 0x11 || payloadEnd > wireEnd) refuse(fields, base, NOTE_MALFORMED)
  else if (bytes[at + 1] !== 0) refuse(fields, base, NOTE_NOT_IP)
  else decodePpp(bytes, at + 6, Math.min(end, payloadEnd), payloadEnd, fields, base)
}
