/**
 * The header fields of one packet, as a row of 32 integers in an Int32Array.
 *
 * This is the only form in which packets travel: decoding fills a row, defragmentation replaces it, the tracker and
 * the compiled rules read it. Unsigned 32-bit values come out of the Int32Array signed; use `>>> 0` where order
 * matters. Addresses are big-endian words: 10.0.0.1 is 0x0a000001 in P_SRC; an IPv6 address takes four words.
 */
export const PACKET_INTS = 32

/**
 * IP_NONE, IP_V4 or IP_V6. IP_NONE: the frame carries nothing that netfilter would see; P_NOTE says why. See
 * P_REFUSED_FAMILY.
 */
export const P_FAMILY = 0
/** NOTE_ code; NOTE_NONE for a usable datagram. */
export const P_NOTE = 1
/** Offset of the IP header in the bytes. */
export const P_L3_OFFSET = 2
/** Bytes of the datagram as the IP header says, header included. */
export const P_L3_LENGTH = 3
/** Bytes of the datagram that the capture holds, at most P_L3_LENGTH. */
export const P_L3_CAPTURED = 4
/** Offset of the transport header in the bytes; IPv6: after the extension headers. */
export const P_L4_OFFSET = 5
/** Bytes from the transport header to the end of the datagram, as the IP header says (not as captured). */
export const P_L4_LENGTH = 6
/**
 * Transport protocol number; IPv6: after the extension headers. -1 when the IPv6 header chain is unusable. IPv6 "no
 * next header" stays 59, as ip6tables' `-p` sees it, although the tracker refuses it like an unusable chain. Of an IPv6
 * fragment that is not the first: the next header of its fragment header. (A fragment with an offset that gets past
 * defragmentation is INVALID to the tracker.)
 */
export const P_PROTOCOL = 7
/** TTL or hop limit. */
export const P_TTL = 8
/** TOS octet or traffic class. */
export const P_TOS = 9
/** FRAGMENT_ bits and the fragment offset in 8-byte units (low 13 bits); 0 for a whole datagram without DF. */
export const P_FRAGMENT = 10
/** IP identification; IPv6: of the fragment header, else 0. */
export const P_IP_ID = 11
/**
 * IP_NONE rows: the family of the addresses that could be read all the same, for reports; IP_NONE where there are none.
 */
export const P_REFUSED_FAMILY = P_IP_ID
/** Source address: one word (IPv4; the other three are stale) or four (IPv6). */
export const P_SRC = 12
/** Destination address: one word (IPv4; the other three are stale) or four (IPv6). */
export const P_DST = 16
/**
 * TCP, UDP, UDP-Lite, SCTP, DCCP: source port << 16 | destination port. ICMP, ICMPv6: type << 24 | code << 16 |
 * identifier.
 */
export const P_PORTS = 20
export const P_TCP_SEQ = 21
/** UDP: its length field, as far as captured. */
export const P_UDP_LENGTH = P_TCP_SEQ
export const P_TCP_ACK = 22
/** TCP: data offset in words << 28 | nine flag bits (NS CWR ECE URG ACK PSH RST SYN FIN) << 16 | window, unscaled. */
export const P_TCP_FLAGS_WINDOW = 23
/** TCP: the highest right edge of a SACK block above the ACK number, else the ACK number. */
export const P_TCP_SACK = 24
/** TCP: TCP_OPTION_ bits; low 8 bits the window scale as sent; bits 16 to 31 the MSS. */
export const P_TCP_OPTIONS = 25
/** CHECKSUM_ state of the transport checksum. */
export const P_CHECKSUM = 26
/** LINK_ packet type: how the frame reached or left the capturing machine, as far as the link layer tells. */
export const P_LINK = 27
/** Offset of the Ethernet header in the bytes, or of a source without the rest of it (mac.ts); -1 where there is none. */
export const P_MAC_OFFSET = 28
/** Outermost VLAN identifier, -1 for none. */
export const P_VLAN = 29
/** IP_OPTION_ bits (IPv4 options) or EXTENSION_ bits (IPv6 extension headers met). */
export const P_IP_OPTIONS = 30
/**
 * Hash of the canonical tuple, in batches; NO_HASH where it takes more than that to find a connection (flow-hash.ts).
 */
export const P_HASH = 31

export const IP_NONE = 0
export const IP_V4 = 4
export const IP_V6 = 6

/** Why a frame is not handed to netfilter, or handed over late. The names of `note` in the output: see NOTE_NAMES. */
export const NOTE_NONE = 0
/** ARP, LLDP, … or an upper protocol that no IP rule sees. */
export const NOTE_NOT_IP = 1
/** The link type is not supported. */
export const NOTE_LINK_TYPE = 2
/**
 * Shorter on the wire than its headers need, wrong version, header length below 20, total length below header length.
 */
export const NOTE_MALFORMED = 3
/**
 * Bad IPv4 header checksum: the kernel refuses it before any hook. The sum may be wrong only because the capturing
 * machine's network card was to fill it in, so the row is whole and P_FAMILY is IP_V4: the machine decides.
 */
export const NOTE_IP_CHECKSUM = 4
/** The capture cut the frame (snap length) inside a header that the tracker must read, so nothing can be said. */
export const NOTE_CUT = 5
/** Kept by defragmentation until the datagram is whole. */
export const NOTE_FRAGMENT_QUEUED = 6
/** A fragment thrown away: duplicate, overlap, too long, or timed out. */
export const NOTE_FRAGMENT_DROPPED = 7
/** Seen by PREROUTING, then refused by routing (TTL, multicast, martian addresses, source routes). */
export const NOTE_NOT_ROUTED = 8
/** Host mode: neither address is of this machine, so its netfilter never saw the frame. */
export const NOTE_NOT_SEEN = 9

/**
 * IPv6 with a loopback address, or a group of the interface-local or the reserved scope: the kernel sends it, but
 * refuses it before any hook where it comes in by another than a loopback interface. The row is whole and P_FAMILY is
 * IP_V6: the machine decides.
 */
export const NOTE_LOOPBACK_ONLY = 10
/** The packet of an earlier frame once more: on another device of the machine, or on its way out. */
export const NOTE_COPY = 11

/** Indexed by NOTE_ code. */
export const NOTE_NAMES = [
  null,
  'not-ip',
  'link-type',
  'malformed',
  'ip-checksum',
  'cut',
  'fragment-queued',
  'fragment-dropped',
  'not-routed',
  'not-seen',
  'loopback-only',
  'copy',
] as const

export const FRAGMENT_OFFSET_MASK = 0x1fff
export const FRAGMENT_MORE = 0x2000
export const FRAGMENT_DONT = 0x4000
/** IPv6: a fragment header is present, be it of an atomic fragment. IPv4: never set. */
export const FRAGMENT_HEADER = 0x10000
/** Set on the row of a datagram that was put together from fragments. */
export const FRAGMENT_REASSEMBLED = 0x20000
/** The datagram is a piece of a larger one: (P_FRAGMENT & FRAGMENT_PIECE) !== 0. */
export const FRAGMENT_PIECE = FRAGMENT_OFFSET_MASK | FRAGMENT_MORE
/** The datagram goes through defragmentation: (P_FRAGMENT & FRAGMENT_DEFRAG) !== 0. Atomic IPv6 fragments do, too. */
export const FRAGMENT_DEFRAG = FRAGMENT_PIECE | FRAGMENT_HEADER

export const TCP_FIN = 0x01
export const TCP_SYN = 0x02
export const TCP_RST = 0x04
export const TCP_PSH = 0x08
export const TCP_ACK = 0x10
export const TCP_URG = 0x20
export const TCP_ECE = 0x40
export const TCP_CWR = 0x80

/** P_TCP_OPTIONS: a window scale option is present (its value, unclamped, in the low 8 bits). */
export const TCP_OPTION_WSCALE = 0x100
export const TCP_OPTION_SACK_PERMITTED = 0x200
/** P_TCP_OPTIONS: an MSS option is present (its value in bits 16 to 31). */
export const TCP_OPTION_MSS = 0x400
/** The capture holds less than the TCP header; options unknown. */
export const TCP_OPTION_CUT = 0x800
/** Fewer bytes on the wire than a TCP header, or a data offset outside the segment: the other TCP fields may be 0. */
export const TCP_OPTION_MALFORMED = 0x1000

export const CHECKSUM_UNVERIFIED = 0
export const CHECKSUM_GOOD = 1
export const CHECKSUM_BAD = 2
/** The payload was cut by the snap length, or the protocol has no checksum we know: cannot be verified. */
export const CHECKSUM_UNKNOWN = 3

/** P_LINK, the kernel's packet types (`-m pkttype`), -1 when the link layer does not tell. */
export const LINK_UNKNOWN = -1
export const LINK_HOST = 0
export const LINK_BROADCAST = 1
export const LINK_MULTICAST = 2
export const LINK_OTHERHOST = 3
export const LINK_OUTGOING = 4

/** P_IP_OPTIONS, IPv4: any option at all. */
export const IP_OPTION_ANY = 1
/** Loose or strict source route. */
export const IP_OPTION_SOURCE_ROUTE = 2
export const IP_OPTION_ROUTER_ALERT = 4
/** Options that the kernel refuses (bad length or contents). */
export const IP_OPTION_BAD = 8
/** P_IP_OPTIONS, IPv6 extension headers met on the way to the transport header. */
export const EXTENSION_HOP_BY_HOP = 0x100
export const EXTENSION_ROUTING = 0x200
export const EXTENSION_FRAGMENT = 0x400
export const EXTENSION_DESTINATION = 0x800
export const EXTENSION_AUTH = 0x1000
export const EXTENSION_MOBILITY = 0x2000
