import { meantBy } from './closest.ts'
import { numberOf } from './numbers.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** IANA protocol numbers by the names of Debian's netbase (/etc/protocols). */
const PROTOCOLS: readonly (readonly [number, string])[] = [
  [0, 'hopopt'],
  [1, 'icmp'],
  [2, 'igmp'],
  [3, 'ggp'],
  [4, 'ipencap'],
  [5, 'st'],
  [6, 'tcp'],
  [8, 'egp'],
  [9, 'igp'],
  [12, 'pup'],
  [17, 'udp'],
  [20, 'hmp'],
  [22, 'xns-idp'],
  [27, 'rdp'],
  [29, 'iso-tp4'],
  [33, 'dccp'],
  [36, 'xtp'],
  [37, 'ddp'],
  [38, 'idpr-cmtp'],
  [41, 'ipv6'],
  [43, 'ipv6-route'],
  [44, 'ipv6-frag'],
  [45, 'idrp'],
  [46, 'rsvp'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [57, 'skip'],
  [58, 'ipv6-icmp'],
  [59, 'ipv6-nonxt'],
  [60, 'ipv6-opts'],
  [73, 'rspf'],
  [81, 'vmtp'],
  [88, 'eigrp'],
  [89, 'ospf'],
  [93, 'ax.25'],
  [94, 'ipip'],
  [97, 'etherip'],
  [98, 'encap'],
  [103, 'pim'],
  [108, 'ipcomp'],
  [112, 'vrrp'],
  [115, 'l2tp'],
  [124, 'isis'],
  [132, 'sctp'],
  [133, 'fc'],
  [135, 'mobility-header'],
  [136, 'udplite'],
  [137, 'mpls-in-ip'],
  [138, 'manet'],
  [139, 'hip'],
  [140, 'shim6'],
  [141, 'wesp'],
  [142, 'rohc'],
  [143, 'ethernet'],
]

/** Further names that iptables knows, and common spellings. */
const ALIASES: ReadonlyMap<string, number> = new Map([
  ['all', 0],
  ['ip', 0],
  ['icmpv6', 58],
  ['icmp6', 58],
  ['ipv6-mh', 135],
  ['mh', 135],
  ['ospfigp', 89],
  ['ipsec-esp', 50],
  ['ipsec-ah', 51],
])

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...PROTOCOLS.map(([number, name]) => [name, number] as const),
  ...ALIASES,
])
const NAMES: ReadonlyMap<number, string> = new Map(PROTOCOLS)

/**
 * A protocol by name or number, 0 to 255.
 * @param anyCase whether upper and lower case are the same in names, as after -p
 */
export function parseProtocol(token: Token, anyCase = true): number {
  const number = NUMBERS.get(anyCase ? token.text.toLowerCase() : token.text) ?? numberOf(token.text)
  if (number !== null && number <= 255) return number
  const several = token.text.split(/[/,|+:]/)
  if (several.length > 1 && several.every((name) => NUMBERS.has(name.toLowerCase()))) {
    throw new Refusal(token, `"${token.text}" is not a protocol that is known; write a rule for each`)
  }
  const instead = meantBy(token.text, NUMBERS.keys(), 'write its number, 0 to 255')
  throw new Refusal(token, `"${token.text}" is not a protocol that is known; ${instead}`)
}

/** Its name, or the number where there is none. */
export function printProtocol(number: number): string {
  return NAMES.get(number) ?? `${number}`
}
