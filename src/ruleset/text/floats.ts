/** A number at the beginning of a word, and what follows it. */
interface LeadingFloat {
  readonly value: number
  readonly rest: string
}

const DECIMAL = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?/i
const HEXADECIMAL = /^0x(?:([0-9a-f]+)\.?([0-9a-f]*)|\.([0-9a-f]+))(?:p([-+]?[0-9]{1,6}))?/i
const INFINITY = /^inf(?:inity)?/i
const NOT_A_NUMBER = /^nan(?:\([0-9a-z_]*\))?/i

/**
 * As the C library's strtod reads it: after spaces, with a sign; decimal, hexadecimal, infinity or NaN. null where
 * there is none.
 */
export function leadingFloat(text: string): LeadingFloat | null {
  const [space, sign] = /^[ \t\n\v\f\r]*([-+]?)/.exec(text) as RegExpExecArray
  const digits = text.slice(space.length)
  const found = magnitude(digits)
  if (found === null) return null
  const value = sign === '-' ? -found.value : found.value
  return { value, rest: digits.slice(found.length) }
}

function magnitude(text: string): { value: number; length: number } | null {
  const hexadecimal = HEXADECIMAL.exec(text)
  if (hexadecimal) {
    const [all, whole = '', after = '', only = '', exponent = '0'] = hexadecimal
    const fraction = after + only
    const value = Number(`0x0${whole}${fraction}`) * 2 ** (Number(exponent) - 4 * fraction.length)
    return { value, length: all.length }
  }
  const decimal = DECIMAL.exec(text)
  if (decimal) return { value: Number.parseFloat(decimal[0]), length: decimal[0].length }
  const infinite = INFINITY.exec(text)
  if (infinite) return { value: Number.POSITIVE_INFINITY, length: infinite[0].length }
  const none = NOT_A_NUMBER.exec(text)
  return none && { value: Number.NaN, length: none[0].length }
}

/** The low 32 bits of the integer part; 0 where that does not fit into 64 bits, or is NaN. */
export function lowWord(value: number): number {
  return Math.abs(value) < 2 ** 63 ? Number(BigInt.asUintN(32, BigInt(Math.trunc(value)))) : 0
}
