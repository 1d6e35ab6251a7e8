import { parseNumber } from '../text/numbers.ts'
import type { OptionUse } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'

/** RFC 2474, 2597, 3246 */
const CLASSES: readonly (readonly [string, number])[] = [
  ['CS0', 0x00],
  ['CS1', 0x08],
  ['CS2', 0x10],
  ['CS3', 0x18],
  ['CS4', 0x20],
  ['CS5', 0x28],
  ['CS6', 0x30],
  ['CS7', 0x38],
  ['BE', 0x00],
  ['AF11', 0x0a],
  ['AF12', 0x0c],
  ['AF13', 0x0e],
  ['AF21', 0x12],
  ['AF22', 0x14],
  ['AF23', 0x16],
  ['AF31', 0x1a],
  ['AF32', 0x1c],
  ['AF33', 0x1e],
  ['AF41', 0x22],
  ['AF42', 0x24],
  ['AF43', 0x26],
  ['EF', 0x2e],
]
const DSCP_MAX = 0x3f

/** The value of `--…dscp N` or `--…dscp-class NAME`. */
export function parseDscp(use: OptionUse): number {
  const [token] = use.values
  if (!use.spec.name.endsWith('-class')) return parseNumber(token, 0, DSCP_MAX, 'DSCP')
  const named = CLASSES.find(([name]) => name === token.text.toUpperCase())
  if (named) return named[1]
  const names = CLASSES.map(([name]) => name).join(', ')
  throw new Refusal(token, `"${token.text}" is not a DSCP class; write one of ${names}`)
}

export function printDscp(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`
}
