import { addressText } from '../wire/address.ts'
import { protocolName } from '../wire/protocols.ts'
import { HELPERS } from './helpers/registry.ts'
import { SEGMENT_NAMES, TCP_STATE_NAMES } from './protocols/tcp-states.ts'

/**
 * Why a packet is INVALID, or was let through without touching its connection. A reason travels as a code with two
 * integer operands and the frame that set the bound; it becomes text only where a report asks for it.
 */
export const REASON_NONE = 0
export const REASON_HEADER_CHAIN = 1
export const REASON_SHORT = 2
export const REASON_TCP_HEADER_LENGTH = 3
export const REASON_CHECKSUM = 4
export const REASON_TCP_FLAGS = 5
export const REASON_TCP_CANNOT_OPEN = 6
export const REASON_TCP_NOT_LOOSE = 7
export const REASON_TCP_STATE = 8
export const REASON_TCP_IGNORED = 9
export const REASON_TCP_CHALLENGE_ACK = 10
export const REASON_TCP_RST_BELOW = 11
export const REASON_TCP_SEQ_OVER = 12
export const REASON_TCP_ACK_OVER = 13
export const REASON_TCP_SEQ_UNDER = 14
export const REASON_TCP_ACK_UNDER = 15
export const REASON_TCP_OVERSHOT = 16
export const REASON_UDP_LENGTH = 17
export const REASON_UDPLITE_COVERAGE = 18
export const REASON_UDPLITE_CHECKSUM_MISSING = 19
export const REASON_ICMP_TYPE_UNKNOWN = 20
export const REASON_ICMP_CANNOT_OPEN = 21
export const REASON_ICMP_QUOTE = 22
export const REASON_ICMP_QUOTE_UNTRACKED = 23
export const REASON_ICMP_WRONG_WAY = 24
export const REASON_ICMP_WRONG_WAY_V6 = 25
export const REASON_ICMP_REDIRECT = 26
export const REASON_GRE_PAYLOAD = 27
export const REASON_SCTP_CHUNKS = 28
export const REASON_SCTP_CANNOT_OPEN = 29
export const REASON_SCTP_TAG = 30
export const REASON_SCTP_STATE = 31
export const REASON_WRONG_FAMILY = 32
export const REASON_FRAGMENT = 33
export const REASON_TABLE_FULL = 34
export const REASON_HELPER_DROP = 35
export const REASON_NAT_QUOTE = 36
export const REASON_NAT_REDIRECT = 37
export const REASON_NAT_CLASH = 38
export const REASON_NAT_CHECKSUM = 39

interface Reason {
  /** A few words, the same for all packets with this reason, for tables. */
  readonly title: string
  /** The packet keeps the label of its connection, but the tracker ignored it. */
  readonly ignored?: true
  text(a: number, b: number): string
}

const u = (n: number) => String(n >>> 0)
const hex = (n: number) => (n >>> 0).toString(16)
const ipv4 = (word: number) => addressText(Int32Array.of(word), 0, 4)
const FLAG_LETTERS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'NS']

/** Names of TCP flags: `SYN+FIN`, or `none`. */
function flagNames(flags: number): string {
  return FLAG_LETTERS.filter((_, bit) => flags & (1 << bit)).join('+') || 'none'
}

/** Operand a of REASON_TCP_STATE and _IGNORED: segment class | direction << 4. */
function segmentInState(a: number, b: number): string {
  return `${SEGMENT_NAMES[a & 15]} from the ${a >> 4 ? 'server' : 'client'} in state ${TCP_STATE_NAMES[b]}`
}

/** By HELP_ code. */
const WHAT_HELPERS_DROP = [
  null,
  'what it can read only in part',
  'what announces a connection that cannot be expected',
  'what announces a connection for which NAT finds no free port',
  'what NAT cannot rewrite',
]

const REASONS: Readonly<Record<number, Reason>> = {
  [REASON_HEADER_CHAIN]: {
    title: 'unusable IP header chain',
    text: () => 'no transport header can be found behind the IP headers',
  },
  [REASON_SHORT]: {
    title: 'transport header cut short',
    text: (a, b) => `transport header cut short: ${a} bytes of at least ${b}`,
  },
  [REASON_TCP_HEADER_LENGTH]: {
    title: 'TCP header length impossible',
    text: (a, b) => `TCP header length impossible: ${a} bytes in a segment of ${b}`,
  },
  [REASON_CHECKSUM]: { title: 'bad transport checksum', text: (a) => `bad ${protocolName(a)} checksum` },
  [REASON_TCP_FLAGS]: { title: 'impossible TCP flags', text: (a) => `impossible TCP flags: ${flagNames(a)}` },
  [REASON_TCP_CANNOT_OPEN]: {
    title: 'no connection that it could belong to',
    text: (a) => `no connection known, and ${SEGMENT_NAMES[a]} cannot start one`,
  },
  [REASON_TCP_NOT_LOOSE]: {
    title: 'pick-up forbidden',
    text: () => 'no connection known, and nf_conntrack_tcp_loose=0 forbids to pick one up',
  },
  [REASON_TCP_STATE]: {
    title: 'segment impossible in this state',
    text: (a, b) => `${segmentInState(a, b)} is impossible`,
  },
  [REASON_TCP_IGNORED]: {
    title: 'segment ignored in this state',
    ignored: true,
    text: (a, b) => `${segmentInState(a, b)} is ignored`,
  },
  [REASON_TCP_CHALLENGE_ACK]: {
    title: 'challenge ACK ignored',
    ignored: true,
    text: () => 'ACK taken as the answer to a stray SYN, not to the FIN: ignored',
  },
  [REASON_TCP_RST_BELOW]: {
    title: 'RST below what was acknowledged',
    text: (a, b) => `RST below the acknowledged data: SEQ ${u(a)} < ${u(b)}`,
  },
  [REASON_TCP_SEQ_OVER]: { title: 'SEQ over upper bound', text: (a, b) => `SEQ over upper bound: ${u(a)} >= ${u(b)}` },
  [REASON_TCP_ACK_OVER]: {
    title: 'ACK over upper bound',
    text: (a, b) => `ACK over upper bound (of data not seen): ${u(a)} >= ${u(b)}`,
  },
  [REASON_TCP_SEQ_UNDER]: {
    title: 'SEQ under lower bound',
    ignored: true,
    text: (a, b) => `SEQ under lower bound (old data sent again): end ${u(a)} <= ${u(b)}`,
  },
  [REASON_TCP_ACK_UNDER]: {
    title: 'ACK under lower bound',
    ignored: true,
    text: (a, b) => `ACK under lower bound (much delayed): ${u(a)} <= ${u(b)}`,
  },
  [REASON_TCP_OVERSHOT]: {
    title: 'more data than the window allows',
    ignored: true,
    text: (a, b) => `${u(a)} bytes more than the window allows (up to ${u(b)})`,
  },
  [REASON_UDP_LENGTH]: {
    title: 'UDP length impossible',
    text: (a, b) => `UDP length impossible: ${a} in a datagram of ${b}`,
  },
  [REASON_UDPLITE_COVERAGE]: {
    title: 'UDP-Lite coverage impossible',
    text: (a, b) => `UDP-Lite checksum coverage impossible: ${a} in a datagram of ${b}`,
  },
  [REASON_UDPLITE_CHECKSUM_MISSING]: { title: 'UDP-Lite checksum missing', text: () => 'UDP-Lite without a checksum' },
  [REASON_ICMP_TYPE_UNKNOWN]: { title: 'unknown ICMP type', text: (a) => `unknown ICMP type ${a}` },
  [REASON_ICMP_CANNOT_OPEN]: {
    title: 'ICMP without a request',
    text: (a, b) => `ICMP type ${a} code ${b} answers no request that was seen, and is none itself`,
  },
  [REASON_ICMP_QUOTE]: {
    title: 'ICMP error quoting too little',
    text: (a) => `ICMP error type ${a}: the packet that it quotes cannot be read`,
  },
  [REASON_ICMP_QUOTE_UNTRACKED]: {
    title: 'ICMP error about no known connection',
    text: (a) => `ICMP error type ${a}: the packet that it quotes belongs to no known connection`,
  },
  [REASON_ICMP_WRONG_WAY]: {
    title: 'ICMP error sent to the wrong host',
    text: (a, b) => `ICMP error sent to ${ipv4(a)}, but the packet that it quotes came from ${ipv4(b)}`,
  },
  [REASON_ICMP_WRONG_WAY_V6]: {
    title: 'ICMP error sent to the wrong host',
    text: () => 'ICMPv6 error sent to another host than the packet that it quotes came from',
  },
  [REASON_ICMP_REDIRECT]: {
    title: 'unacceptable ICMPv6 redirect',
    text: () => 'ICMPv6 redirect that no router on this link may send',
  },
  [REASON_GRE_PAYLOAD]: {
    title: 'GRE version 1 without PPP',
    text: (a) => `GRE version 1 carries 0x${a.toString(16)}, not PPP`,
  },
  [REASON_SCTP_CHUNKS]: {
    title: 'SCTP chunks malformed',
    text: () => 'SCTP chunks malformed, or chunks together that must stand alone',
  },
  [REASON_SCTP_CANNOT_OPEN]: {
    title: 'SCTP chunk that opens nothing',
    text: (a) => `no association known, and SCTP chunk type ${a} cannot start one`,
  },
  [REASON_SCTP_TAG]: {
    title: 'SCTP verification tag wrong',
    text: (a, b) => `SCTP verification tag 0x${hex(a)} where 0x${hex(b)} is due`,
  },
  [REASON_SCTP_STATE]: {
    title: 'SCTP chunk impossible in this state',
    text: (a, b) => `SCTP chunk type ${a} is impossible in state ${b}`,
  },
  [REASON_WRONG_FAMILY]: { title: 'ICMP of the other IP version', text: () => 'ICMP in IPv6, or ICMPv6 in IPv4' },
  [REASON_FRAGMENT]: { title: 'fragment', text: () => 'a fragment that was not put together' },
  [REASON_HELPER_DROP]: {
    title: 'dropped by a connection tracking helper',
    text: (a, b) => `the kernel's ${HELPERS[a].name} helper drops ${WHAT_HELPERS_DROP[b]}`,
  },
  [REASON_NAT_QUOTE]: {
    title: 'dropped by NAT: ICMP error quoting too little',
    text: (a) =>
      `NAT drops the ICMP error: it must translate the quoted packet, of which only ${a} transport bytes are there`,
  },
  [REASON_NAT_CHECKSUM]: {
    title: 'dropped by NAT: ICMP error with a bad checksum',
    text: () => 'NAT drops the ICMP error: its checksum is bad',
  },
  [REASON_NAT_REDIRECT]: {
    title: 'dropped by NAT: ICMP redirect',
    text: () => 'NAT drops the ICMP redirect: it is about a translated connection, or one with no binding yet',
  },
  [REASON_NAT_CLASH]: {
    title: 'dropped: two connections would get the same answers',
    text: () => 'the connection is not accepted: answers to it would belong to another one, and NAT found no free port',
  },
  [REASON_TABLE_FULL]: {
    title: 'connection table full',
    text: (a) => `connection table full: ${a} entries (nf_conntrack_max); the kernel drops what would need a new one`,
  },
}

/** The whole reason as a sentence without a full stop, naming the frame that set the bound where there is one. */
export function reasonText(code: number, a: number, b: number, frame: number): string | null {
  const reason = REASONS[code]
  if (reason === undefined) return null
  return frame > 0 ? `${reason.text(a, b)}; bound set by frame ${frame}` : reason.text(a, b)
}

/** The reason in a few words without operands; null for REASON_NONE. */
export function reasonTitle(code: number): string | null {
  return REASONS[code]?.title ?? null
}

/** True for reasons of packets that keep their connection's label. */
export function reasonIsIgnored(code: number): boolean {
  return REASONS[code]?.ignored === true
}
