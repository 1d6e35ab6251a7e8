import { always, type Condition, equals, isBetween, never } from '../evaluate/condition.ts'
import { meantBy } from '../text/closest.ts'
import { type NumberRange, numberOf } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** A name, a type, and a code or null for all codes. */
export type NamedType = readonly [string, number, number | null]

interface IcmpType {
  readonly type: number
  /** Where the lowest is above the highest, no code is among them. */
  readonly codes: NumberRange
}

const ALL_CODES: NumberRange = { low: 0, high: 255 }

/** `type`, `type/code`, `type/code:code`, or a name; names may be shortened as long as one name is left. */
export function parseIcmpType(token: Token, names: readonly NamedType[]): IcmpType {
  const text = token.text.toLowerCase()
  const fitting = names.filter(([name]) => name.startsWith(text))
  const named = fitting.find(([name]) => name === text) ?? (fitting.length === 1 ? fitting[0] : undefined)
  if (named) return { type: named[1], codes: named[2] === null ? ALL_CODES : { low: named[2], high: named[2] } }
  const [typeText, codeText, more] = token.text.split('/')
  const type = octetOf(typeText)
  const codes = codeText === undefined ? ALL_CODES : codesOf(codeText)
  if (type === null || codes === null || more !== undefined) {
    const written = 'write TYPE, TYPE/CODE or a name as echo-request'
    const instead = meantBy(
      token.text,
      names.map(([name]) => name),
      written,
    )
    throw new Refusal(token, `"${token.text}" is not an ICMP type; ${instead}`)
  }
  return { type, codes }
}

function codesOf(text: string): NumberRange | null {
  const [low, high, more] = text.split(':').map(octetOf)
  if (low === null || high === null || more !== undefined) return null
  return { low, high: high ?? low }
}

function octetOf(text: string): number | null {
  const number = numberOf(text)
  return number === null || number > 255 ? null : number
}

/** As iptables-save prints it: of a part of the codes only the first. `unprinted` tells such rules apart. */
export function printIcmpType({ type, codes }: IcmpType): string {
  return isEveryCode(codes) ? `${type}` : `${type}/${codes.low}`
}

export function printCodes({ codes }: IcmpType): string {
  return `${codes.low}:${codes.high}`
}

export function icmpTypeCondition({ type, codes }: IcmpType, negated: boolean): Condition {
  if (isEveryCode(codes)) return equals('icmpType', type, negated)
  if (codes.low > codes.high) return negated ? always() : never()
  return isBetween('icmpTypeCode', { low: type * 256 + codes.low, high: type * 256 + codes.high }, negated)
}

function isEveryCode({ low, high }: NumberRange): boolean {
  return low === ALL_CODES.low && high === ALL_CODES.high
}

/** Every type there is: the test can still fail when it is negated. */
export function anyIcmpType(negated: boolean): Condition {
  return isBetween('icmpType', { low: 0, high: 255 }, negated)
}
