import { type Condition, equals, isBetween } from '../evaluate/condition.ts'
import { meantBy } from '../text/closest.ts'
import { numberOf } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** A name, a type, and a code or null for all codes. */
export type NamedType = readonly [string, number, number | null]

interface IcmpType {
  readonly type: number
  /** null: every code */
  readonly code: number | null
}

/** `type`, `type/code`, or a name; names may be shortened as long as one name is left. */
export function parseIcmpType(token: Token, names: readonly NamedType[]): IcmpType {
  const text = token.text.toLowerCase()
  const fitting = names.filter(([name]) => name.startsWith(text))
  const named = fitting.find(([name]) => name === text) ?? (fitting.length === 1 ? fitting[0] : undefined)
  if (named) return { type: named[1], code: named[2] }
  const [type, code, more] = token.text.split('/').map(numberOf)
  const typeFits = type !== null && type !== undefined && type <= 255
  if (!typeFits || code === null || (code ?? 0) > 255 || more !== undefined) {
    const written = 'write TYPE, TYPE/CODE or a name as echo-request'
    const instead = meantBy(
      token.text,
      names.map(([name]) => name),
      written,
    )
    throw new Refusal(token, `"${token.text}" is not an ICMP type; ${instead}`)
  }
  return { type, code: code ?? null }
}

export function icmpTypeCondition({ type, code }: IcmpType, negated: boolean): Condition {
  if (code === null) return equals('icmpType', type, negated)
  return equals('icmpTypeCode', type * 256 + code, negated)
}

/** Every type there is: the test can still fail when it is negated. */
export function anyIcmpType(negated: boolean): Condition {
  return isBetween('icmpType', { low: 0, high: 255 }, negated)
}
