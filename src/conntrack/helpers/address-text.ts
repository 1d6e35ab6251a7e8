import { IP_V6 } from '../../wire/packet-fields.ts'
import { wordsOf } from './ipv6-text.ts'

const IPV4_TEXT = /\d+\.\d+\.\d+\.\d+/y
const IPV6_TEXT = /[0-9a-f:.]+/iy

/** An address in a text, and where it ends. */
export interface AddressRead {
  readonly words: readonly number[]
  readonly end: number
}

export function isSameAddress(one: readonly number[], other: readonly number[]): boolean {
  return one.every((word, i) => word === other[i])
}

/**
 * Reads an address of the family at `from`, up to the first character that cannot belong to one. Null when there is
 * none.
 * @param limit the text ends here
 */
export function readAddress(text: string, from: number, limit: number, family: number): AddressRead | null {
  const pattern = family === IP_V6 ? IPV6_TEXT : IPV4_TEXT
  pattern.lastIndex = from
  const match = pattern.exec(text)?.[0].slice(0, Math.max(0, limit - from))
  if (match === undefined) return null
  const end = from + match.length
  const words = family === IP_V6 ? wordsOf(match) : ipv4Words(match, text.slice(end, Math.min(end + 1, limit)))
  return words === null ? null : { words, end }
}

/** @param next the character after the address; must be neither a dot nor a hexadecimal digit */
function ipv4Words(text: string, next: string): readonly number[] | null {
  const octets = text.split('.').map(Number)
  if (octets.length !== 4 || text.endsWith('.') || octets.some((octet) => octet > 255)) return null
  if (/[.a-f]/i.test(next)) return null
  return [octets.reduce((word, octet) => (word << 8) | octet, 0)]
}
