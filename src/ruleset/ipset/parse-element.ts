import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { parseHosts, parseNetworks, parseSingle } from './element-addresses.ts'
import { numbers, parsePlainPorts, parseProtocolPorts } from './element-ports.ts'
import { type ElementScope, EXPANSION_MAX, tooMany } from './element-scope.ts'
import { type Dimension, SET_TYPES } from './set-definition.ts'

const MARK_MAX = 0xffff_ffff

/**
 * All keys that an element stands for: several if a part of it is a range.
 * @param most how many keys are allowed
 */
export function parseElement(token: Token, text: string, scope: ElementScope, most = EXPANSION_MAX): number[][] {
  const dimensions: readonly Dimension[] = SET_TYPES[scope.type]
  const parts = text.split(',')
  if (parts.length !== dimensions.length) {
    throw new Refusal(token, `"${text}" does not have the form of a set of the type ${scope.type}`)
  }
  const limit = Math.min(most, EXPANSION_MAX)
  let keys: number[][] = [[]]
  dimensions.forEach((dimension, index) => {
    const words = parsePart(token, parts[index], dimension, index, scope)
    if (keys.length * words.length > limit) throw tooMany(token, text, limit)
    keys = keys.flatMap((key) => words.map((more) => [...key, ...more]))
  })
  return keys
}

/** The words that one part of an element can stand for. */
function parsePart(
  token: Token,
  text: string,
  dimension: Dimension,
  index: number,
  scope: ElementScope,
): readonly (readonly number[])[] {
  switch (dimension) {
    case 'ip':
      // Only the first address of an element may be a range, and not if a MAC follows.
      return index > 0 || scope.type === 'bitmap:ip,mac'
        ? [parseSingle(token, text, scope)]
        : parseHosts(token, text, scope)
    case 'net':
      return parseNetworks(token, text, scope)
    case 'port':
      return parseProtocolPorts(token, text, scope)
    case 'plain-port':
      return numbers(parsePlainPorts(token, text)).map((port) => [port])
    case 'mac':
      return [parseMac(token, text)]
    case 'mark':
      return [[(parseNumber(token, 0, MARK_MAX, 'mark', text) & scope.markMask) >>> 0]]
    case 'iface':
      return [[scope.interfaceNumber(token, text)]]
  }
}

/** Two words of three bytes. A byte that is left out is 0. */
export function parseMac(token: Token, text: string): number[] {
  if (!/^([0-9a-f]{0,2}:){5}[0-9a-f]{0,2}$/i.test(text)) {
    throw new Refusal(token, `"${text}" is not a MAC address; write it as 02:00:00:00:00:01`)
  }
  const octets = text.split(':').map((octet) => Number.parseInt(octet || '0', 16))
  const word = (at: number): number => (octets[at] << 16) | (octets[at + 1] << 8) | octets[at + 2]
  return [word(0), word(3)]
}
