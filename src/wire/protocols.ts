/** IP protocol numbers that the packet's way depends on (IANA protocol-numbers). */
export const PROTO_HOP_BY_HOP = 0
export const PROTO_ICMP = 1
export const PROTO_IGMP = 2
const PROTO_IPIP = 4
export const PROTO_TCP = 6
export const PROTO_UDP = 17
export const PROTO_DCCP = 33
const PROTO_IPV6 = 41
export const PROTO_ROUTING = 43
export const PROTO_FRAGMENT = 44
export const PROTO_GRE = 47
export const PROTO_ESP = 50
export const PROTO_AH = 51
export const PROTO_ICMPV6 = 58
export const PROTO_NO_NEXT_HEADER = 59
export const PROTO_DESTINATION = 60
export const PROTO_IPCOMP = 108
export const PROTO_SCTP = 132
export const PROTO_MOBILITY = 135
export const PROTO_UDPLITE = 136

const NAMES = new Map<number, string>([
  [PROTO_HOP_BY_HOP, 'hopopt'],
  [PROTO_ICMP, 'icmp'],
  [PROTO_IGMP, 'igmp'],
  [PROTO_IPIP, 'ipencap'],
  [PROTO_TCP, 'tcp'],
  [8, 'egp'],
  [9, 'igp'],
  [PROTO_UDP, 'udp'],
  [PROTO_DCCP, 'dccp'],
  [PROTO_IPV6, 'ipv6'],
  [PROTO_ROUTING, 'ipv6-route'],
  [PROTO_FRAGMENT, 'ipv6-frag'],
  [46, 'rsvp'],
  [PROTO_GRE, 'gre'],
  [PROTO_ESP, 'esp'],
  [PROTO_AH, 'ah'],
  [PROTO_ICMPV6, 'icmpv6'],
  [PROTO_NO_NEXT_HEADER, 'ipv6-nonxt'],
  [PROTO_DESTINATION, 'ipv6-opts'],
  [88, 'eigrp'],
  [89, 'ospf'],
  [97, 'etherip'],
  [103, 'pim'],
  [PROTO_IPCOMP, 'ipcomp'],
  [112, 'vrrp'],
  [115, 'l2tp'],
  [PROTO_SCTP, 'sctp'],
  [PROTO_MOBILITY, 'mobility-header'],
  [PROTO_UDPLITE, 'udplite'],
  [137, 'mpls-in-ip'],
  [262, 'mptcp'],
])

/**
 * The usual name (/etc/protocols, in small letters), else the number; 'unknown' for the -1 of an unusable header chain.
 */
export function protocolName(protocol: number): string {
  return NAMES.get(protocol) ?? (protocol < 0 ? 'unknown' : String(protocol))
}
