import { decodeByVersion } from './bare-ip.ts'
import { decodeEtherType, decodePppoe } from './ethernet.ts'
import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { setMacSource } from './mac.ts'
import { decodeNflog } from './nflog.ts'
import { LINK_OUTGOING, LINK_UNKNOWN, NOTE_LINK_TYPE, NOTE_NOT_IP, P_LINK } from './packet-fields.ts'
import { decodePpp, decodePppWithDirection } from './ppp.ts'
import { refuse, refuseShort } from './refuse.ts'

/** https://www.tcpdump.org/linktypes.html */
const LINKTYPE_NULL = 0
export const LINKTYPE_ETHERNET = 1
const LINKTYPE_PPP = 9
/** DLT_RAW, which BSDs number 12 or 14, sometimes found in files. */
const LINKTYPE_RAW_BSD = 12
const LINKTYPE_RAW_OPENBSD = 14
const LINKTYPE_PPP_HDLC = 50
const LINKTYPE_PPP_ETHER = 51
const LINKTYPE_RAW = 101
const LINKTYPE_C_HDLC = 104
const LINKTYPE_LOOP = 108
export const LINKTYPE_LINUX_SLL = 113
const LINKTYPE_PPP_PPPD = 166
const LINKTYPE_IPV4 = 228
const LINKTYPE_IPV6 = 229
const LINKTYPE_NFLOG = 239
export const LINKTYPE_LINUX_SLL2 = 276

/** AF_INET6 differs between systems: NetBSD and OpenBSD, FreeBSD, Darwin, Windows, Linux. */
const AF_INET6_VALUES: readonly number[] = [24, 28, 30, 23, 10]
const AF_INET = 2
const ARPHRD_ETHER = 1
/** In cooked captures of netlink devices a netlink family stands in the place of the Ethernet type. */
const ARPHRD_NETLINK = 824

/**
 * Fills the row from a frame of any link type other than Ethernet; P_LINK, P_MAC_OFFSET, P_VLAN come preset to "none".
 */
export function decodeLinkLayer(
  linkType: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  switch (linkType) {
    case LINKTYPE_RAW:
    case LINKTYPE_RAW_BSD:
    case LINKTYPE_RAW_OPENBSD:
      decodeByVersion(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_IPV4:
      decodeIpv4(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_IPV6:
      decodeIpv6(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_NULL:
    case LINKTYPE_LOOP:
      decodeLoopback(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_LINUX_SLL:
      decodeCooked(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_LINUX_SLL2:
      decodeCooked2(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_PPP:
    case LINKTYPE_PPP_HDLC:
      // Cisco HDLC begins with 0x0f (unicast) or 0x8f (multicast) where PPP has 0xff.
      if (at + 4 <= end && (bytes[at] === 0x0f || bytes[at] === 0x8f) && bytes[at + 1] === 0) {
        decodeEtherType((bytes[at + 2] << 8) | bytes[at + 3], bytes, at + 4, end, wireEnd, fields, base)
      } else decodePpp(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_C_HDLC:
      if (at + 4 > end) refuseShort(fields, base, at + 4, wireEnd)
      else decodeEtherType((bytes[at + 2] << 8) | bytes[at + 3], bytes, at + 4, end, wireEnd, fields, base)
      return
    case LINKTYPE_PPP_ETHER:
      decodePppoe(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_PPP_PPPD:
      decodePppWithDirection(bytes, at, end, wireEnd, fields, base)
      return
    case LINKTYPE_NFLOG:
      decodeNflog(bytes, at, end, wireEnd, fields, base)
      return
    default:
      refuse(fields, base, NOTE_LINK_TYPE)
  }
}

/** BSD loopback: the address family in four bytes, in the byte order of the machine that captured. */
function decodeLoopback(
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
  const bigEndian = bytes[at] === 0 && bytes[at + 1] === 0
  const family = bigEndian ? (bytes[at + 2] << 8) | bytes[at + 3] : (bytes[at + 1] << 8) | bytes[at]
  if (family === AF_INET) decodeIpv4(bytes, at + 4, end, wireEnd, fields, base)
  else if (AF_INET6_VALUES.includes(family)) decodeIpv6(bytes, at + 4, end, wireEnd, fields, base)
  else refuse(fields, base, NOTE_NOT_IP)
}

/** Linux cooked capture: packet type, hardware type, address length, address (8), protocol; two bytes each. */
function decodeCooked(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + 16 > end) {
    refuseShort(fields, base, at + 16, wireEnd)
    return
  }
  fields[base + P_LINK] = packetType((bytes[at] << 8) | bytes[at + 1])
  const hardware = (bytes[at + 2] << 8) | bytes[at + 3]
  if (tellsSender(hardware, (bytes[at + 4] << 8) | bytes[at + 5], fields[base + P_LINK])) {
    setMacSource(fields, base, at + 6)
  }
  const protocol = (bytes[at + 14] << 8) | bytes[at + 15]
  if (hardware === ARPHRD_NETLINK) refuse(fields, base, NOTE_NOT_IP)
  else decodeEtherType(protocol, bytes, at + 16, end, wireEnd, fields, base)
}

/**
 * Linux cooked capture v2: protocol (2), reserved (2), interface (4), hardware type (2), packet type (1), address
 * (1 + 8).
 */
function decodeCooked2(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + 20 > end) {
    refuseShort(fields, base, at + 20, wireEnd)
    return
  }
  fields[base + P_LINK] = packetType(bytes[at + 10])
  const hardware = (bytes[at + 8] << 8) | bytes[at + 9]
  if (tellsSender(hardware, bytes[at + 11], fields[base + P_LINK])) setMacSource(fields, base, at + 12)
  if (hardware === ARPHRD_NETLINK) refuse(fields, base, NOTE_NOT_IP)
  else decodeEtherType((bytes[at] << 8) | bytes[at + 1], bytes, at + 20, end, wireEnd, fields, base)
}

/** Whether the link-layer address in a cooked header is the Ethernet address of the neighbour that sent the frame. */
function tellsSender(hardware: number, addressLength: number, link: number): boolean {
  return hardware === ARPHRD_ETHER && addressLength === 6 && link !== LINK_UNKNOWN && link !== LINK_OUTGOING
}

/** Cooked captures number packet types as the kernel does, and so do the LINK_ constants. */
function packetType(type: number): number {
  return type <= LINK_OUTGOING ? type : LINK_UNKNOWN
}
