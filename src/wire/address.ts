import { isIPv4, isIPv6 } from 'node:net'
import { IP_V4, IP_V6 } from './packet-fields.ts'

/** An address as packets carry it: one big-endian word (IPv4) or four (IPv6). */
export interface Address {
  family: typeof IP_V4 | typeof IP_V6
  words: readonly number[]
}

/** A network: its address with the host bits cleared, and its length in bits. */
export interface Prefix extends Address {
  length: number
}

/** The address at fields[at …]: dotted quad, or RFC 5952 text. Empty for IP_NONE. */
export function addressText(fields: ArrayLike<number>, at: number, family: number): string {
  if (family === IP_V4) return ipv4Text(fields[at])
  if (family === IP_V6) return ipv6Text(fields, at)
  return ''
}

function ipv4Text(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
}

/** RFC 5952: small letters, no leading zeros, the first longest run of zero groups (two or more) shortened to "::". */
function ipv6Text(fields: ArrayLike<number>, at: number): string {
  const mapped = fields[at] === 0 && fields[at + 1] === 0 && fields[at + 2] >>> 0 === 0xffff
  if (mapped) return `::ffff:${ipv4Text(fields[at + 3])}`
  const groups: number[] = []
  for (let word = at; word < at + 4; word++) groups.push(fields[word] >>> 16, fields[word] & 0xffff)
  let runStart = 0
  let runLength = 0
  for (let start = 0; start < 8; start++) {
    let stop = start
    while (stop < 8 && groups[stop] === 0) stop++
    if (stop - start > runLength) {
      runStart = start
      runLength = stop - start
    }
  }
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':')
  return runLength < 2 ? text(0, 8) : `${text(0, runStart)}::${text(runStart + runLength, 8)}`
}

/** Reads an IPv4 or IPv6 address. Throws an Error that says what is wrong with the text. */
export function parseAddress(text: string): Address {
  if (isIPv4(text)) return { family: IP_V4, words: [ipv4Word(text)] }
  if (isIPv6(text) && !text.includes('%')) return { family: IP_V6, words: ipv6Words(text) }
  throw new Error(`'${text}' is not an IP address: give one like 10.0.0.1 or 2001:db8::1`)
}

/**
 * Reads an address with an optional prefix length ("10.0.0.0/8", "2001:db8::/32", "10.0.0.1") or IPv4 netmask
 * ("10.0.0.0/255.0.0.0"); host bits are cleared. Throws an Error that says what is wrong with the text.
 */
export function parsePrefix(text: string): Prefix {
  const slash = text.indexOf('/')
  const { family, words } = parseAddress(slash < 0 ? text : text.slice(0, slash))
  const bits = family === IP_V4 ? 32 : 128
  const length = slash < 0 ? bits : prefixLength(text.slice(slash + 1), family)
  if (length < 0) {
    throw new Error(`'${text}' is not a network: the length after the slash must be a number from 0 to ${bits}`)
  }
  return { family, words: words.map((word, index) => word & maskWord(length - 32 * index)), length }
}

function prefixLength(text: string, family: number): number {
  const bits = family === IP_V4 ? 32 : 128
  if (/^\d{1,3}$/.test(text)) return Number(text) <= bits ? Number(text) : -1
  if (family !== IP_V4 || !isIPv4(text)) return -1
  const mask = ipv4Word(text)
  const length = Math.clz32(~mask)
  return maskWord(length) === mask ? length : -1
}

/** A word whose first `bits` bits are set; bits may be out of range. */
export function maskWord(bits: number): number {
  if (bits <= 0) return 0
  return bits >= 32 ? -1 : -1 << (32 - bits)
}

/** True when the address at fields[at …], of the prefix's family, lies in the prefix. */
export function prefixContains(prefix: Prefix, fields: ArrayLike<number>, at: number): boolean {
  return prefix.words.every((word, index) => ((fields[at + index] ^ word) & maskWord(prefix.length - 32 * index)) === 0)
}

function ipv4Word(text: string): number {
  return text.split('.').reduce((word, octet) => (word << 8) | Number(octet), 0)
}

function ipv6Words(text: string): number[] {
  const dotted = text.lastIndexOf(':') + 1
  if (text.includes('.')) {
    const word = ipv4Word(text.slice(dotted)) >>> 0
    text = `${text.slice(0, dotted)}${(word >>> 16).toString(16)}:${(word & 0xffff).toString(16)}`
  }
  const [head, tail] = text.split('::').map((part) => (part === '' ? [] : part.split(':')))
  const missing = 8 - head.length - (tail?.length ?? 0)
  const groups = [...head, ...Array<string>(missing).fill('0'), ...(tail ?? [])].map((group) =>
    Number.parseInt(group, 16),
  )
  return [0, 2, 4, 6].map((index) => (groups[index] << 16) | groups[index + 1])
}
