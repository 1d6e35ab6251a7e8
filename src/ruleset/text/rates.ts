import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** Seconds. */
const UNITS: readonly (readonly [string, number])[] = [
  ['second', 1],
  ['minute', 60],
  ['hour', 3600],
  ['day', 86_400],
]
/** Largest first, under the names that iptables-save has for them. */
const PRINTED_UNITS: readonly (readonly [string, number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['min', 60],
  ['sec', 1],
]

interface CountPerUnit {
  /** 32 bits, signed, as in iptables. */
  readonly count: number
  /** Seconds. */
  readonly unit: number
}

/**
 * `10/second`: a decimal number, and a unit, which may be shortened to its first letter; a second where there is none.
 * As by iptables, anything else before the slash is ignored.
 */
export function parseCountPerUnit(token: Token, advice: string): CountPerUnit {
  const slash = token.text.indexOf('/')
  const [, digits] = /^[ \t]*([-+]?[0-9]{1,20})/.exec(slash < 0 ? token.text : token.text.slice(0, slash)) ?? []
  const count = Number(BigInt.asIntN(32, BigInt((digits ?? '0').replace('+', ''))))
  const unitText = slash < 0 ? 's' : token.text.slice(slash + 1).toLowerCase()
  const unit = unitText === '' ? undefined : UNITS.find(([name]) => name.startsWith(unitText))?.[1]
  if (unit === undefined || count === 0) throw new Refusal(token, `"${token.text}" is not a rate; ${advice}`)
  return { count, unit }
}

/**
 * The rate in the largest unit in which it is a whole number, as iptables-save chooses it; `unit` is in seconds.
 * @param interval time between two, a whole number, in units of which a second has `scale`
 */
export function printCountPerUnit(interval: number, scale: number): { readonly text: string; readonly unit: number } {
  let chosen = PRINTED_UNITS[0]
  for (const unit of PRINTED_UNITS.slice(1)) {
    const time = unit[1] * scale
    if (interval > time || Math.floor(time / interval) < time % interval) break
    chosen = unit
  }
  return { text: `${Math.floor((chosen[1] * scale) / interval)}/${chosen[0]}`, unit: chosen[1] }
}
