import type { Family } from '../packet/rule-environment.ts'
import {
  masked,
  parseIpv4,
  parseIpv6,
  parseShortenedIpv4,
  prefixLength,
  prefixMask,
  printAddress,
} from '../text/addresses.ts'
import { type NumberRange, parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { type ElementScope, EXPANSION_MAX, tooMany } from './element-scope.ts'
import type { SetType } from './set-definition.ts'

/** `address/length` and `from-to`; an address may stand in brackets. */
const PREFIX = /^(\[[^\]]*\]|[^/[]+)\/(.*)$/
const RANGE = /^(\[[^\]]*\]|[^-[/]+)-(.+)$/
const ADDRESSES = 2 ** 32
/** The kernel compares addresses of a range by the sign of their difference. */
const SIGNED_MAX = 2 ** 31
/** Types that cannot hold the address 0.0.0.0 or `::`. */
const WITHOUT_ZERO: ReadonlySet<SetType> = new Set(['hash:ip', 'hash:ip,port'])
/** Types that cannot hold a network with prefix length 0. */
const WITHOUT_ALL: ReadonlySet<SetType> = new Set(['hash:net', 'hash:net,port', 'hash:ip,port,net'])

/** The parts of `address`, `address/length` or `from-to`. */
interface AddressForm {
  readonly address: string
  /** After the slash. */
  readonly length: string | null
  /** After the dash. */
  readonly to: string | null
}

function formOf(text: string): AddressForm {
  const prefix = text.includes('/') ? PREFIX.exec(text) : null
  if (prefix) return { address: prefix[1], length: prefix[2], to: null }
  const range = text.includes('-') ? RANGE.exec(text) : null
  return range ? { address: range[1], length: null, to: range[2] } : { address: text, length: null, to: null }
}

/** null if the text is not an address. Unlike inet_aton(3), ipset takes no hexadecimal parts. */
export function addressOf(text: string, family: Family | null): readonly number[] | null {
  if (family === 'ipv6') return parseIpv6(text)
  return /^[0-9.]+$/.test(text) ? (parseIpv4(text) ?? parseShortenedIpv4(text)) : null
}

function parseWords(token: Token, text: string, family: Family | null): readonly number[] {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text
  const words = addressOf(bare, family)
  if (words) return words
  throw new Refusal(token, `"${text}" is not an ${family === 'ipv6' ? 'IPv6' : 'IPv4'} address; write it in numbers`)
}

function parseLength(token: Token, text: string, bits: number): number {
  return parseNumber(token, 0, bits, 'prefix length', text)
}

/** A single address, for parts of an element where networks and ranges are not allowed. */
export function parseSingle(token: Token, text: string, { family, addressMask }: ElementScope): readonly number[] {
  const { length, to } = formOf(text)
  if (length !== null || (to !== null && family !== 'ipv6')) {
    throw new Refusal(token, `"${text}" stands for several addresses; write a single one here`)
  }
  return masked(parseWords(token, text, family), addressMask)
}

/** Single addresses. An IPv4 network or range stands for every address in it. */
export function parseHosts(token: Token, text: string, scope: ElementScope): readonly (readonly number[])[] {
  const { type, family, addressMask } = scope
  const form = formOf(text)
  const { length, to } = form
  const hasRanges = family !== 'ipv6'
  const first = masked(parseWords(token, to !== null && !hasRanges ? text : form.address, family), addressMask)
  refuseZero(token, text, first, type)
  // A range may be written backwards, and then its second address is the lowest.
  if (type === 'hash:ip' && to !== null && hasRanges) refuseZero(token, text, parseWords(token, to, family), type)
  if (length === null && to === null) return [first]
  if (hasRanges) return hostsOf(token, text, form, scope)
  if (parseLength(token, length ?? '', 128) === 128) return [first]
  throw new Refusal(token, `"${text}" is a network; this type of set holds single IPv6 addresses`)
}

/** The addresses of an IPv4 network or range; with `netmask`, one for each network of that size. */
function hostsOf(token: Token, text: string, form: AddressForm, scope: ElementScope): number[][] {
  const { type, addressMask } = scope
  if (form.length !== null && parseLength(token, form.length, 32) === 0) throw allAddresses(token, text, type)
  const [mask] = addressMask
  const step = prefixLength(addressMask) < 0 ? 1 : (~mask >>> 0) + 1
  const isBitmap = type === 'bitmap:ip'
  // A bitmap masks every address. A hash masks only the address that is written first, even in a backward range.
  const { low, high } = isBitmap ? rangeOf(token, form) : maskedRange(token, form, addressMask)
  const start = type === 'hash:ip,port' ? Math.ceil(low / step) * step : low
  if (high - start >= EXPANSION_MAX * step) throw tooMany(token, text, EXPANSION_MAX)
  const hosts: number[][] = []
  for (let word = start; word <= high; word += step) hosts.push([isBitmap ? (word & mask) >>> 0 : word])
  return hosts
}

function maskedRange(token: Token, form: AddressForm, mask: readonly number[]): NumberRange {
  const first = masked(parseWords(token, form.address, 'ipv4'), mask)
  return rangeOf(token, { ...form, address: printAddress(first) })
}

/** Checks the first address as it is written, before its prefix length is applied. */
function refuseZero(token: Token, text: string, address: readonly number[], type: SetType): void {
  if (!WITHOUT_ZERO.has(type) || address.some((word) => word !== 0)) return
  throw new Refusal(token, `"${text}" begins with the address of zeros, which ${type} cannot hold; take it out`)
}

function allAddresses(token: Token, text: string, type: SetType): Refusal {
  return new Refusal(token, `"${text}" is all addresses, which ${type} cannot hold; write two halves, as 0.0.0.0/1`)
}

/** The addresses of an IPv4 address, network or range. A range may be written backwards. */
export function ipv4Range(token: Token, text: string): NumberRange {
  return rangeOf(token, formOf(text))
}

function rangeOf(token: Token, { address, length, to }: AddressForm): NumberRange {
  const from = parseWords(token, address, 'ipv4')[0]
  if (to !== null) {
    const other = parseWords(token, to, 'ipv4')[0]
    return { low: Math.min(from, other), high: Math.max(from, other) }
  }
  const bits = length === null ? 32 : parseLength(token, length, 32)
  const low = (from & prefixMask(bits, 'ipv4')[0]) >>> 0
  return { low, high: low + 2 ** (32 - bits) - 1 }
}

/** Networks. An IPv4 range is split into networks as ipset splits it. */
export function parseNetworks(token: Token, text: string, { type, family, addressMask }: ElementScope): number[][] {
  const { address, length: written, to } = formOf(text)
  if (to !== null && family !== 'ipv6') {
    const range = ipv4Range(token, text)
    if (range.high - range.low === ADDRESSES - 1) throw allAddresses(token, text, type)
    return networksOf(token, text, range)
  }
  const bits = family === 'ipv6' ? 128 : 32
  const length = written === null ? bits : parseLength(token, written, bits)
  if (length === 0 && WITHOUT_ALL.has(type)) throw allAddresses(token, text, type)
  const words = parseWords(token, written === null ? text : address, family)
  return [[...masked(masked(words, prefixMask(length, family ?? 'ipv4')), addressMask), length]]
}

function networksOf(token: Token, text: string, { low, high }: NumberRange): number[][] {
  const networks: number[][] = []
  for (let word = low; word <= high; ) {
    let size = word === 0 ? SIGNED_MAX : 2 ** (31 - Math.clz32(word & -word))
    while (word + size - 1 > high) size /= 2
    if (high - (word + size - 1) >= SIGNED_MAX) size = 1
    networks.push([word, 32 - Math.log2(size)])
    if (networks.length > EXPANSION_MAX) throw tooMany(token, text, EXPANSION_MAX)
    word += size
  }
  return networks
}
