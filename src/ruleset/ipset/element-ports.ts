import { PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, PROTO_UDPLITE } from '../../wire/protocols.ts'
import { type NumberRange, numberOf } from '../text/numbers.ts'
import { parsePort } from '../text/ports.ts'
import { parseProtocol } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import type { ElementScope } from './element-scope.ts'
import { ICMP_NAMES, ICMPV6_NAMES } from './icmp-names.ts'

/** Protocols with ports, and the names under which their services are looked up. */
const SERVICES_OF: ReadonlyMap<number, string> = new Map([
  [PROTO_TCP, 'tcp'],
  [PROTO_UDP, 'udp'],
  [PROTO_SCTP, 'sctp'],
  [PROTO_UDPLITE, 'udplite'],
])
const PROTOCOL_MAX = 255
/** Protocol names that iptables knows but /etc/protocols does not. */
const FOREIGN: ReadonlySet<string> = new Set([
  'all',
  'ip',
  'icmp6',
  'ipv6-mh',
  'mh',
  'ospfigp',
  'ipsec-esp',
  'ipsec-ah',
])
/** Aliases in /etc/protocols that are not simply the name in capitals. */
const SECOND_NAMES: ReadonlyMap<string, string> = new Map([
  ['IP-ENCAP', 'ipencap'],
  ['IPv6', 'ipv6'],
  ['IPv6-Route', 'ipv6-route'],
  ['IPv6-Frag', 'ipv6-frag'],
  ['IPSEC-ESP', 'esp'],
  ['IPSEC-AH', 'ah'],
  ['IPv6-ICMP', 'ipv6-icmp'],
  ['IPv6-NoNxt', 'ipv6-nonxt'],
  ['IPv6-Opts', 'ipv6-opts'],
  ['CPHB', 'rspf'],
  ['OSPFIGP', 'ospf'],
  ['Mobility-Header', 'mobility-header'],
  ['UDPLite', 'udplite'],
  ['MPLS-in-IP', 'mpls-in-ip'],
  ['Shim6', 'shim6'],
  ['Ethernet', 'ethernet'],
])
/** Names in capitals that are no aliases, because /etc/protocols has another alias instead. */
const WITHOUT_CAPITALS: ReadonlySet<string> = new Set(
  [...SECOND_NAMES.values(), 'manet'].map((name) => name.toUpperCase()),
)
/** `from-to`. A service with a dash in its name must be in brackets, unless it is the last. */
const RANGE = /^(\[[^\]]*\]|[^-[]+)-(.+)$/

/**
 * Reads `80`, `tcp:80`, `udp:53-60`, `icmp:8/0`, `icmp:echo-request` or `gre:0`. Each result is one word,
 * protocol << 16 | port.
 */
export function parseProtocolPorts(token: Token, text: string, scope: ElementScope): number[][] {
  const { protocol, rest } = splitProtocol(token, text)
  const service = SERVICES_OF.get(protocol)
  if (service !== undefined) return numbers(portRange(token, rest, service)).map((port) => [(protocol << 16) | port])
  if (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) {
    return [[(protocol << 16) | icmpCode(token, rest, protocol, scope)]]
  }
  if (rest === '0') return [[protocol << 16]]
  throw new Refusal(token, `"${text}" has a port, but its protocol has none; write :0 after the protocol`)
}

/** Ports that count for both TCP and UDP: the protocol before them is only used to look up service names. */
export function parsePlainPorts(token: Token, text: string): NumberRange {
  const { protocol, rest } = splitProtocol(token, text)
  const service = SERVICES_OF.get(protocol)
  if (protocol === PROTO_TCP || protocol === PROTO_UDP) return portRange(token, rest, service ?? '')
  throw new Refusal(token, `"${text}" has another protocol than this type of set holds; write tcp, udp or none`)
}

function splitProtocol(token: Token, text: string): { protocol: number; rest: string } {
  const colon = text.indexOf(':')
  if (colon < 0) return { protocol: PROTO_TCP, rest: text }
  return { protocol: protocolOf(token, text.slice(0, colon)), rest: text.slice(colon + 1) }
}

/** The number of a protocol. Names must be spelt as in /etc/protocols, including upper and lower case. */
function protocolOf(token: Token, name: string): number {
  const number = numberOf(name)
  if (number !== null) {
    if (number > 0 && number <= PROTOCOL_MAX) return number
    throw notAProtocol(token, name)
  }
  const hasCapitals = name === name.toUpperCase() && !WITHOUT_CAPITALS.has(name)
  const first = SECOND_NAMES.get(name) ?? (hasCapitals ? name.toLowerCase() : name)
  const protocol = FOREIGN.has(first) ? 0 : parseProtocol({ ...token, text: first }, false)
  if (protocol > 0) return protocol
  throw notAProtocol(token, name)
}

function notAProtocol(token: Token, name: string): Refusal {
  return new Refusal(token, `"${name}" is not a protocol of a set; write its number, 1 to ${PROTOCOL_MAX}`)
}

/** ICMP type << 8 | code, written as a name, which may be shortened, or as `type/code`. */
function icmpCode(token: Token, text: string, protocol: number, { family }: ElementScope): number {
  const isIpv6 = family === 'ipv6'
  if (isIpv6 !== (protocol === PROTO_ICMPV6)) {
    throw new Refusal(
      token,
      `${isIpv6 ? 'icmp' : 'icmpv6'} is not of the set's family; write ${isIpv6 ? 'icmpv6' : 'icmp'}`,
    )
  }
  const start = text.toLowerCase()
  const named = (isIpv6 ? ICMPV6_NAMES : ICMP_NAMES).find(
    ([name]) => start !== '' && name.toLowerCase().startsWith(start),
  )
  if (named) return named[1]
  const [type, code, more] = text.split('/').map((part) => numberOf(part))
  if (isByte(type) && isByte(code) && more === undefined) return (type << 8) | code
  throw new Refusal(token, `"${text}" is not an ICMP type; write TYPE/CODE as 8/0, or a name as echo-request`)
}

function isByte(number: number | null | undefined): number is number {
  return number !== null && number !== undefined && number <= 255
}

/** A port or a range of ports, which may be written backwards. @param protocol for service names */
function portRange(token: Token, text: string, protocol: string): NumberRange {
  const range = text.includes('-') ? RANGE.exec(text) : null
  const from = parseOnePort(token, range?.[1] ?? text, protocol)
  const to = range ? parseOnePort(token, range[2], protocol) : from
  return { low: Math.min(from, to), high: Math.max(from, to) }
}

export function parseOnePort(token: Token, text: string, protocol: string): number {
  const inside = /^\[(.*)\]$/.exec(text)?.[1]
  // Only names may be in brackets, not numbers.
  return parsePort(token, protocol, inside !== undefined && numberOf(inside) === null ? inside : text)
}

export function numbers({ low, high }: NumberRange): number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => low + index)
}
