import { partOf } from './part-of.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

export interface NumberRange {
  readonly low: number
  readonly high: number
}

/**
 * Decimal, 0x hexadecimal or 0 octal, as the C library's strtoull(…, 0) reads it: leading spaces and a plus are
 * accepted. null when it is none.
 */
export function wholeNumberOf(text: string): bigint | null {
  const digits = text.replace(/^[ \t\n\v\f\r]*\+?/, '')
  if (/^0[xX][0-9a-fA-F]{1,64}$/.test(digits)) return BigInt(digits)
  if (/^0[0-7]{0,64}$/.test(digits)) return BigInt(`0o${digits}`)
  if (/^[1-9][0-9]{0,64}$/.test(digits)) return BigInt(digits)
  return null
}

/** The same as a double. */
export function numberOf(text: string): number | null {
  const plain = plainNumber(text)
  if (plain > 0) return plain
  const number = wholeNumberOf(text)
  return number === null ? null : Number(number)
}

const DIGIT_0 = 0x30
const PLAIN_DIGITS = 9

/** The fast way for the usual form: a decimal number without a leading 0 or anything around it; 0 for anything else. */
function plainNumber(text: string): number {
  if (text.length > PLAIN_DIGITS) return 0
  let number = 0
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - DIGIT_0
    if (digit < 0 || digit > 9 || (digit === 0 && number === 0)) return 0
    number = number * 10 + digit
  }
  return number
}

/** A number between `low` and `high`, both included. */
export function parseNumber(token: Token, low: number, high: number, what: string, text = token.text): number {
  const value = numberOf(text)
  if (value === null)
    throw new Refusal(partOf(token, text), `"${text}" is not a ${what}; write a number from ${low} to ${high}`)
  if (value < low || value > high) {
    throw new Refusal(partOf(token, text), `${what} ${text} is out of range; write a number from ${low} to ${high}`)
  }
  return value
}

/** `N`, `N:M`, `:M` or `N:` (with another separator where the option has one). */
export function parseRange(token: Token, low: number, high: number, what: string, separator = ':'): NumberRange {
  const parts = token.text.split(separator)
  if (parts.length > 2) throw new Refusal(token, `"${token.text}" is not a ${what}; write N or N${separator}M`)
  const first = parts[0] === '' && parts.length === 2 ? low : parseNumber(token, low, high, what, parts[0])
  if (parts.length === 1) return { low: first, high: first }
  const last = parts[1] === '' ? high : parseNumber(token, low, high, what, parts[1])
  if (first > last) throw new Refusal(token, `the ${what} ${token.text} runs backwards; write the smaller number first`)
  return { low: first, high: last }
}

/**
 * As `parseRange`, for options whose ranges may run backwards (nothing is in them then). An empty word is the lowest
 * number.
 */
export function parseRangeLoosely(token: Token, low: number, high: number, what: string): NumberRange {
  const [first, last, more] = token.text.split(':')
  if (more !== undefined) throw new Refusal(token, `"${token.text}" is not a ${what}; write N or N:M`)
  if (last === undefined) {
    const value = first === '' ? low : parseNumber(token, low, high, what)
    return { low: value, high: value }
  }
  return {
    low: first === '' ? low : parseNumber(token, low, high, what, first),
    high: last === '' ? high : parseNumber(token, low, high, what, last),
  }
}

/** `N` or `N:M` */
export function printRange(range: NumberRange, separator = ':'): string {
  return range.low === range.high ? `${range.low}` : `${range.low}${separator}${range.high}`
}

export interface MaskedValue {
  /** Unsigned 32 bits each. */
  readonly value: number
  readonly mask: number
}

export const MASK_ALL = 0xffff_ffff

/** `value[/mask]`, 32 bits each. */
export function parseMasked(token: Token, what: string): MaskedValue {
  const slash = token.text.indexOf('/')
  const value = slash < 0 ? token.text : token.text.slice(0, slash)
  return {
    value: parseNumber(token, 0, MASK_ALL, what, value),
    mask: slash < 0 ? MASK_ALL : parseNumber(token, 0, MASK_ALL, `mask of the ${what}`, token.text.slice(slash + 1)),
  }
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`
}

/** `0x5` or `0x5/0xff` */
export function printMasked(masked: MaskedValue): string {
  return masked.mask === MASK_ALL ? hex(masked.value) : `${hex(masked.value)}/${hex(masked.mask)}`
}
