import type { Family } from '../rule-environment.ts'
import { parseIpv4, parseIpv6, prefixMask } from '../text/addresses.ts'
import { type NumberRange, parseNumber } from '../text/numbers.ts'
import { parsePort } from '../text/ports.ts'
import { PROTOCOL_TCP, parseProtocol } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import type { Dimension } from './set-definition.ts'

/** More elements than this out of one range are taken for a mistake. */
export const EXPANSION_MAX = 1 << 20
const ICMP = 1
const ICMPV6 = 58
const ICMP_NAMES: Readonly<Record<string, number>> = {
  'echo-reply': 0x0000,
  pong: 0x0000,
  'network-unreachable': 0x0300,
  'host-unreachable': 0x0301,
  'protocol-unreachable': 0x0302,
  'port-unreachable': 0x0303,
  'fragmentation-needed': 0x0304,
  'source-route-failed': 0x0305,
  'network-unknown': 0x0306,
  'host-unknown': 0x0307,
  'network-prohibited': 0x0309,
  'host-prohibited': 0x030a,
  'TOS-network-unreachable': 0x030b,
  'TOS-host-unreachable': 0x030c,
  'communication-prohibited': 0x030d,
  'host-precedence-violation': 0x030e,
  'precedence-cutoff': 0x030f,
  'source-quench': 0x0400,
  'network-redirect': 0x0500,
  'host-redirect': 0x0501,
  'TOS-network-redirect': 0x0502,
  'TOS-host-redirect': 0x0503,
  'echo-request': 0x0800,
  ping: 0x0800,
  'router-advertisement': 0x0900,
  'router-solicitation': 0x0a00,
  'ttl-zero-during-transit': 0x0b00,
  'ttl-zero-during-reassembly': 0x0b01,
  'ip-header-bad': 0x0c00,
  'required-option-missing': 0x0c01,
  'timestamp-request': 0x0d00,
  'timestamp-reply': 0x0e00,
  'address-mask-request': 0x1100,
  'address-mask-reply': 0x1200,
}
const ICMPV6_NAMES: Readonly<Record<string, number>> = {
  'no-route': 0x0100,
  'communication-prohibited': 0x0101,
  'beyond-scope': 0x0102,
  'address-unreachable': 0x0103,
  'port-unreachable': 0x0104,
  'failed-policy': 0x0105,
  'reject-route': 0x0106,
  'packet-too-big': 0x0200,
  'ttl-zero-during-transit': 0x0300,
  'ttl-zero-during-reassembly': 0x0301,
  'bad-header': 0x0400,
  'unknown-header-type': 0x0401,
  'unknown-option': 0x0402,
  'echo-request': 0x8000,
  ping: 0x8000,
  'echo-reply': 0x8100,
  pong: 0x8100,
  'router-solicitation': 0x8500,
  'router-advertisement': 0x8600,
  'neighbour-solicitation': 0x8700,
  'neigbour-solicitation': 0x8700,
  'neighbour-advertisement': 0x8800,
  'neigbour-advertisement': 0x8800,
  redirect: 0x8900,
}

/** What an element is read with. */
export interface ElementScope {
  /** null for types that hold no addresses. */
  readonly family: Family | null
  readonly addressMask: readonly number[]
  readonly markMask: number
  /** The number of an interface name, with `wildcard` for a prefix. */
  interfaceNumber(name: string): number
}

/** The words that one part of an element can stand for: several where it is a range. */
export function parsePart(token: Token, text: string, dimension: Dimension, scope: ElementScope): number[][] {
  switch (dimension) {
    case 'ip':
      return parseHosts(token, text, scope)
    case 'net':
      return parseNetworks(token, text, scope)
    case 'port':
      return parseProtocolPorts(token, text, scope.family)
    case 'plain-port':
      // A protocol before the port says only where its name is looked up.
      return numbers(portRange(token, text.replace(/^tcp:/, ''), 'tcp')).map((port) => [port])
    case 'mac':
      return [parseMac(token, text)]
    case 'mark':
      return [[(parseNumber(token, 0, 0xffff_ffff, 'mark', text) & scope.markMask) >>> 0]]
    case 'iface':
      return [[scope.interfaceNumber(text)]]
  }
}

function words(token: Token, text: string, family: Family | null): readonly number[] {
  const address = family === 'ipv6' ? parseIpv6(text) : parseIpv4(text)
  if (address) return address
  throw new Refusal(token, `"${text}" is not an ${family === 'ipv6' ? 'IPv6' : 'IPv4'} address; write it in numbers`)
}

function prefixOf(token: Token, text: string, bits: number): { address: string; length: number } {
  const slash = text.indexOf('/')
  if (slash < 0) return { address: text, length: bits }
  const length = parseNumber(token, 0, bits, 'prefix length', text.slice(slash + 1))
  return { address: text.slice(0, slash), length }
}

function masked(address: readonly number[], mask: readonly number[]): number[] {
  return address.map((word, index) => (word & mask[index]) >>> 0)
}

/** Single addresses; of a network or a range in IPv4 every one. */
function parseHosts(token: Token, text: string, { family, addressMask }: ElementScope): number[][] {
  if (family === 'ipv6') {
    const { address, length } = prefixOf(token, text, 128)
    if (length !== 128) throw new Refusal(token, `"${text}" is a network; this type of set holds single IPv6 addresses`)
    return [masked(words(token, address, family), addressMask)]
  }
  const step = addressMask[0] === 0 ? 2 ** 32 : (~addressMask[0] >>> 0) + 1
  const range = ipv4Range(token, text)
  if (range.high - range.low >= EXPANSION_MAX * step) throw tooMany(token, text, EXPANSION_MAX)
  const hosts: number[][] = []
  for (let word = (range.low & addressMask[0]) >>> 0; word <= range.high; word += step) hosts.push([word])
  return hosts
}

export function ipv4Range(token: Token, text: string): NumberRange {
  const [from, to] = text.split('-')
  if (to !== undefined) {
    const low = words(token, from, 'ipv4')[0]
    const high = words(token, to, 'ipv4')[0]
    if (low > high) throw new Refusal(token, `"${text}" runs backwards; write the smaller address first`)
    return { low, high }
  }
  const { address, length } = prefixOf(token, text, 32)
  const low = (words(token, address, 'ipv4')[0] & prefixMask(length, 'ipv4')[0]) >>> 0
  return { low, high: low + 2 ** (32 - length) - 1 }
}

/** Networks; a range of addresses as the fewest networks that make it up. */
function parseNetworks(token: Token, text: string, { family, addressMask }: ElementScope): number[][] {
  if (text.includes('-') && family !== 'ipv6') return networksOf(ipv4Range(token, text))
  const { address, length } = prefixOf(token, text, family === 'ipv6' ? 128 : 32)
  const network = masked(words(token, address, family), prefixMask(length, family ?? 'ipv4'))
  return [[...masked(network, addressMask), length]]
}

function networksOf({ low, high }: NumberRange): number[][] {
  const networks: number[][] = []
  for (let word = low; word <= high; ) {
    let size = word === 0 ? 2 ** 32 : 2 ** Math.min(31, 31 - Math.clz32(word & -word))
    while (word + size - 1 > high) size /= 2
    networks.push([word, 32 - Math.log2(size)])
    word += size
  }
  return networks
}

/** `80`, `tcp:80`, `udp:53-60`, `icmp:8/0`, `icmp:echo-request`, `gre:0`: protocol << 16 | port. */
function parseProtocolPorts(token: Token, text: string, family: Family | null): number[][] {
  const colon = text.indexOf(':')
  const name = colon < 0 ? 'tcp' : text.slice(0, colon)
  const rest = text.slice(colon + 1)
  const protocol = colon < 0 ? PROTOCOL_TCP : parseProtocol({ ...token, text: name })
  if (protocol === ICMP || protocol === ICMPV6) return [[(protocol << 16) | icmpCode(token, rest, family)]]
  return numbers(portRange(token, rest, name)).map((port) => [(protocol << 16) | port])
}

function icmpCode(token: Token, text: string, family: Family | null): number {
  const named = (family === 'ipv6' ? ICMPV6_NAMES : ICMP_NAMES)[text]
  if (named !== undefined) return named
  const [type, code] = text.split('/')
  return (parseNumber(token, 0, 255, 'ICMP type', type) << 8) | parseNumber(token, 0, 255, 'ICMP code', code ?? '0')
}

export function portRange(token: Token, text: string, protocol: string): NumberRange {
  const dash = text.lastIndexOf('-')
  if (dash > 0 && /^[0-9]+-[0-9]+$/.test(text)) {
    const low = parsePort(token, protocol, text.slice(0, dash))
    const high = parsePort(token, protocol, text.slice(dash + 1))
    if (low <= high) return { low, high }
    throw new Refusal(token, `the ports ${text} run backwards; write the smaller one first`)
  }
  const port = parsePort(token, protocol, text)
  return { low: port, high: port }
}

/** @param most elements that one line may stand for, or that the set holds (maxelem) */
export function tooMany(token: Token, text: string, most: number): Refusal {
  return new Refusal(
    token,
    `"${text}" stands for more than ${most} elements; raise maxelem, or use a set of a net type`,
  )
}

function numbers({ low, high }: NumberRange): number[] {
  return Array.from({ length: high - low + 1 }, (_, index) => low + index)
}

/** Two words of three bytes. */
export function parseMac(token: Token, text: string): number[] {
  if (!/^([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}$/i.test(text)) {
    throw new Refusal(token, `"${text}" is not a MAC address; write it as 02:00:00:00:00:01`)
  }
  const octets = text.split(':').map((octet) => Number.parseInt(octet, 16))
  const word = (at: number): number => (octets[at] << 16) | (octets[at + 1] << 8) | octets[at + 2]
  return [word(0), word(3)]
}
