import { type MaskedValue, parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** RFC 1349, with the mask that the names stand for. */
const NAMES: readonly (readonly [string, number])[] = [
  ['Minimize-Delay', 0x10],
  ['Maximize-Throughput', 0x08],
  ['Maximize-Reliability', 0x04],
  ['Minimize-Cost', 0x02],
  ['Normal-Service', 0x00],
]
const NAME_MASK = 0x3f

/** `value[/mask]` or a name. */
export function parseTos(token: Token): MaskedValue {
  const named = NAMES.find(([name]) => name.toLowerCase() === token.text.toLowerCase())
  if (named) return { value: named[1], mask: NAME_MASK }
  const [value, mask, more] = token.text.split('/')
  if (more !== undefined) throw new Refusal(token, `"${token.text}" is not a TOS; write VALUE or VALUE/MASK`)
  return {
    value: parseNumber(token, 0, 255, 'TOS', value),
    mask: mask === undefined ? 0xff : parseNumber(token, 0, 255, 'mask of the TOS', mask),
  }
}

export function printTos({ value, mask }: MaskedValue): string {
  const hex = (byte: number): string => `0x${byte.toString(16).padStart(2, '0')}`
  return `${hex(value)}/${hex(mask)}`
}
