import type { Family } from '../packet/rule-environment.ts'
import { numberOf } from './numbers.ts'
import { maskOf, partOf } from './part-of.ts'
import { OtherFamilyRefusal, Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** One word (IPv4) or four (IPv6), unsigned, most significant first. */
export type Words = readonly number[]

export interface AddressMask {
  /** Already ANDed with the mask. */
  readonly address: Words
  readonly mask: Words
}

/**
 * `a.b.c.d`, octets also octal (010) or hexadecimal (0xa), or with `short` also the leading octets of a network: `10`.
 */
export function parseIpv4(text: string, short = false): Words | null {
  const plain = plainIpv4(text)
  if (plain >= 0) return [plain]
  const parts = text.split('.')
  if (parts.length > 4 || (parts.length < 4 && !short)) return null
  let word = 0
  for (let index = 0; index < 4; index++) {
    const part = parts[index]
    const octet = part === undefined ? 0 : numberOf(part)
    if (octet === null || octet > 255) return null
    word = word * 256 + octet
  }
  return [word]
}

const DOT = 0x2e
const DIGIT_0 = 0x30

/** The fast way for the usual form: four decimal octets without leading zeros; -1 for anything else. */
function plainIpv4(text: string): number {
  let word = 0
  let octet = -1
  let dots = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === DOT) {
      if (octet < 0 || ++dots > 3) return -1
      word = word * 256 + octet
      octet = -1
    } else {
      const digit = char - DIGIT_0
      if (digit < 0 || digit > 9 || octet === 0) return -1
      octet = octet < 0 ? digit : octet * 10 + digit
      if (octet > 255) return -1
    }
  }
  return dots === 3 && octet >= 0 ? word * 256 + octet : -1
}

/** Four decimal octets, as inet_pton(3) reads them. */
function parseDottedIpv4(text: string): Words | null {
  return /^(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){3}$/.test(text) ? parseIpv4(text) : null
}

/**
 * As inet_aton(3) reads it: with fewer than four parts the last one fills the remaining bytes, so that `1.5` is
 * 1.0.0.5.
 */
export function parseShortenedIpv4(text: string): Words | null {
  const parts = text.split('.').map((part) => (/^[0-9]/.test(part) ? numberOf(part) : null))
  const last = parts.pop() ?? null
  if (parts.length > 3 || last === null || last >= 2 ** (8 * (4 - parts.length))) return null
  let word = last
  for (const [index, part] of parts.entries()) {
    if (part === null || part > 255) return null
    word += part * 2 ** (24 - 8 * index)
  }
  return [word]
}

export function parseIpv6(text: string): Words | null {
  let source = text
  const groups: number[] = []
  const dotted = /^(.*:)([0-9]+\.[0-9.]+)$/.exec(source)
  if (dotted) {
    const low = parseDottedIpv4(dotted[2])
    if (!low) return null
    source = `${dotted[1]}${(low[0] >>> 16).toString(16)}:${(low[0] & 0xffff).toString(16)}`
  }
  const halves = source.split('::')
  if (halves.length > 2) return null
  const sides = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - sides.reduce((sum, side) => sum + side.length, 0)
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null
  for (const side of sides) {
    if (side === sides[1]) for (let index = 0; index < missing; index++) groups.push(0)
    for (const group of side) {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null
      groups.push(Number.parseInt(group, 16))
    }
  }
  return [0, 2, 4, 6].map((index) => groups[index] * 65536 + groups[index + 1])
}

function printIpv4(words: Words): string {
  const word = words[0]
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** RFC 5952. */
export function printIpv6(words: Words): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff])
  if (words[0] === 0 && words[1] === 0 && (words[2] === 0xffff || (words[2] === 0 && words[3] > 0xffff))) {
    return `::${words[2] === 0 ? '' : 'ffff:'}${printIpv4([words[3]])}`
  }
  let best = 0
  let bestAt = -1
  for (let at = 0; at < 8; at++) {
    let end = at
    while (end < 8 && groups[end] === 0) end++
    if (end - at > best && end - at > 1) {
      best = end - at
      bestAt = at
    }
  }
  const text = groups.map((group) => group.toString(16))
  if (bestAt < 0) return text.join(':')
  return `${text.slice(0, bestAt).join(':')}::${text.slice(bestAt + best).join(':')}`
}

function wordCount(family: Family): number {
  return family === 'ipv4' ? 1 : 4
}

/** As inet_pton(3) reads it. */
export function parseAddress(token: Token, family: Family, text = token.text): Words {
  const words = family === 'ipv4' ? parseDottedIpv4(text) : parseIpv6(text)
  if (words) return words
  throw notAnAddress(token, family, text)
}

export function notAnAddress(token: Token, family: Family, text: string): Refusal {
  const kind = family === 'ipv4' ? 'IPv4' : 'IPv6'
  if (family === 'ipv4' ? parseIpv6(text) : parseIpv4(text)) {
    return new OtherFamilyRefusal(
      partOf(token, text),
      `"${text}" is not an ${kind} address; put it into a ruleset of its own family`,
    )
  }
  if (/^(?:any|all|anywhere|\*)$/i.test(text)) {
    const all = family === 'ipv4' ? '0.0.0.0/0' : '::/0'
    return new Refusal(
      partOf(token, text),
      `"${text}" is not an ${kind} address; leave the option out, or write ${all}`,
    )
  }
  if (/[a-z]/i.test(text.replace(/^[0-9a-f:]+$/i, ''))) {
    return new Refusal(
      partOf(token, text),
      `"${text}" is a name, and names are not looked up; write the ${kind} address that it stood for`,
    )
  }
  return new Refusal(partOf(token, text), `"${text}" is not an ${kind} address; ${insteadOfAddress(text, family)}`)
}

function insteadOfAddress(text: string, family: Family): string {
  if (/^[^-]+-[^-]+[.:][^-]*$/.test(text)) return 'for a range use -m iprange'
  const [network, host] = family === 'ipv4' ? ['192.0.2.0/24', '192.0.2.1'] : ['2001:db8::/32', '2001:db8::1']
  return text.includes('*') ? `write a network as ${network}` : `write one as ${host}`
}

/** Masks by prefix length, made once: thousands of addresses share a few. */
const MASKS = { ipv4: masksOf('ipv4'), ipv6: masksOf('ipv6') } as const

function masksOf(family: Family): readonly Words[] {
  const count = wordCount(family)
  return Array.from({ length: 32 * count + 1 }, (_, length) =>
    Array.from({ length: count }, (_, index) => wordMask(Math.min(32, Math.max(0, length - 32 * index)))),
  )
}

function wordMask(bits: number): number {
  return bits === 0 ? 0 : (0xffff_ffff << (32 - bits)) >>> 0
}

/** The mask of a prefix length. */
export function prefixMask(length: number, family: Family): Words {
  return MASKS[family][Math.min(length, 32 * wordCount(family))]
}

/** Bits of a contiguous mask, or -1. */
export function prefixLength(mask: Words): number {
  let length = 0
  for (const word of mask) length += Math.clz32(~word)
  const family = mask.length === 1 ? 'ipv4' : 'ipv6'
  return prefixMask(length, family).every((word, index) => word === mask[index] >>> 0) ? length : -1
}

/** The zone that getaddrinfo(3) accepts after a link-local address, and that iptables ignores. */
const ZONE = /^(fe[89ab][0-9a-f]:.*|ff[0-9a-f]2:.*)%[^%]+$/i

function withoutZone(text: string): string {
  return ZONE.exec(text)?.[1] ?? text
}

/** `address[/prefix length or mask]` of `-s` and `-d`, one of a comma separated list. `10` is the network 10.0.0.0. */
export function parseAddressMask(token: Token, family: Family, text = token.text): AddressMask {
  const slash = text.indexOf('/')
  const addressText = slash < 0 ? text : text.slice(0, slash)
  const words =
    family === 'ipv4'
      ? (parseIpv4(addressText, true) ?? parseShortenedIpv4(addressText))
      : parseIpv6(withoutZone(addressText))
  if (!words) throw notAnAddress(token, family, addressText)
  const mask = slash < 0 ? prefixMask(128, family) : parseMask(token, family, text.slice(slash + 1))
  return { address: masked(words, mask), mask }
}

function parseMask(token: Token, family: Family, text: string): Words {
  const bits = 32 * wordCount(family)
  const length = numberOf(text)
  if (length !== null && length <= bits) return prefixMask(length, family)
  const words = family === 'ipv4' ? parseIpv4(text) : parseIpv6(text)
  if (!words) throw new Refusal(maskOf(token, text), `"${text}" is not a mask; write a prefix length from 0 to ${bits}`)
  return words
}

/** The value of an option that is a single address. */
export function parseHost(token: Token, family: Family, text = token.text): Words {
  const words = family === 'ipv4' ? parseShortenedIpv4(text) : parseIpv6(withoutZone(text))
  if (words) return words
  throw notAnAddress(token, family, text)
}

/** The value of an option that is a network. The address is kept as written, including bits outside the mask. */
export function parseHostMask(token: Token, family: Family): AddressMask {
  const slash = token.text.indexOf('/')
  const address = parseHost(token, family, slash < 0 ? token.text : token.text.slice(0, slash))
  const length = slash < 0 ? 128 : parsePrefixLength(token, family, token.text.slice(slash + 1))
  return { address, mask: prefixMask(length, family) }
}

/**
 * A prefix length, or the mask of one. As in iptables a length over 32 is 32 for IPv4, and a mask with gaps counts as
 * the longest.
 */
export function parsePrefixLength(token: Token, family: Family, text = token.text): number {
  const bits = 32 * wordCount(family)
  const number = numberOf(text)
  if (number !== null && number <= (family === 'ipv4' ? 0xffff_ffff : bits)) return Math.min(number, bits)
  const words = number !== null ? null : family === 'ipv4' ? parseShortenedIpv4(text) : parseIpv6(text)
  if (!words) throw new Refusal(maskOf(token, text), `"${text}" is not a mask; write a prefix length from 0 to ${bits}`)
  const length = prefixLength(words)
  return length < 0 ? bits : length
}

/** The address with the bits outside the mask cleared. */
export function masked(address: Words, mask: Words): Words {
  return address.map((word, index) => (word & mask[index]) >>> 0)
}

/** As iptables-save prints the networks of such options: without the length where it is a single address. */
export function printHostMask({ address, mask }: AddressMask): string {
  const length = prefixLength(mask)
  return length === 32 * mask.length ? printAddress(address) : `${printAddress(address)}/${length}`
}

export function printAddress(words: Words): string {
  return words.length === 1 ? printIpv4(words) : printIpv6(words)
}

/** As iptables-save: `10.0.0.0/8`, dotted where the mask is not contiguous. */
export function printAddressMask(range: AddressMask): string {
  const length = prefixLength(range.mask)
  return `${printAddress(range.address)}/${length < 0 ? printAddress(range.mask) : length}`
}
