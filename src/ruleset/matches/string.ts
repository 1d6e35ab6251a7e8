import { P_L3_LENGTH, P_L3_OFFSET } from '../../wire/packet-fields.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { ask, capturedEnd } from './header-bytes.ts'
import { parsePattern, printPattern } from './string-pattern.ts'

const ALGORITHMS = ['bm', 'kmp']
/** The default of `--to`, which is not printed. */
const TO_MAX = 65535

/**
 * Searches the datagram, IP header included, for bytes. Only an occurrence that lies wholly in [from, to) counts. (The
 * kernel's bm does not find one that spans two pages of a large packet, which a capture does not show.)
 */
export const string: MatchExtension = {
  name: 'string',
  options: [
    { name: 'from' },
    { name: 'to' },
    { name: 'algo' },
    { name: 'string', negatable: true },
    { name: 'hex-string', negatable: true },
    { name: 'icase', values: 0 },
  ],
  parse(options) {
    const use = options.oneOf(['string', 'hex-string'])
    if (!use) throw new Refusal(options.at, 'string needs --string or --hex-string')
    const pattern = parsePattern(use.values[0], use.spec.name === 'hex-string')
    const algorithm = options.required('algo')
    if (!ALGORITHMS.includes(algorithm.text)) {
      throw new Refusal(algorithm, `"${algorithm.text}" is not a way to search; write bm or kmp`)
    }
    const number = (name: string, otherwise: number): number => {
      const token = options.value(name)
      return token ? parseNumber(token, 0, TO_MAX, `--${name}`) : otherwise
    }
    const from = number('from', 0)
    const to = number('to', TO_MAX)
    if (from > to) throw new Refusal(options.value('from') ?? options.at, `--from ${from} lies after --to ${to}`)
    const ignoreCase = options.has('icase')
    const words = [
      printPattern(pattern, use.negated),
      `--algo ${algorithm.text}`,
      from === 0 ? '' : `--from ${from}`,
      to === TO_MAX ? '' : `--to ${to}`,
      ignoreCase ? '--icase' : '',
    ]
    const search = new Search(pattern, ignoreCase)
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      conditions: () => [ask('string', (packet) => search.isIn(packet, from, to), use.negated)],
    }
  },
}

/** Horspool's search algorithm. */
class Search {
  readonly #pattern: Uint8Array
  readonly #shifts = new Uint8Array(256)
  /** By byte: the byte it is compared as, for searches that ignore case. */
  readonly #fold = new Uint8Array(256)

  constructor(pattern: Uint8Array, ignoreCase: boolean) {
    for (let byte = 0; byte < 256; byte++) this.#fold[byte] = ignoreCase ? upperCase(byte) : byte
    this.#pattern = pattern.map((byte) => this.#fold[byte])
    this.#shifts.fill(pattern.length)
    for (let at = 0; at < pattern.length - 1; at++) this.#shifts[this.#pattern[at]] = pattern.length - 1 - at
  }

  isIn(packet: RulePacket, from: number, to: number): number {
    const bytes = packet.edits.visibleBytes(packet)
    const start = packet.fields[packet.base + P_L3_OFFSET]
    const length = packet.fields[packet.base + P_L3_LENGTH]
    const window = start + Math.min(to, length)
    const captured = capturedEnd(packet)
    const pattern = this.#pattern
    const fold = this.#fold
    const last = pattern.length - 1
    const end = Math.min(window, captured)
    for (let at = start + from; at + last < end; at += this.#shifts[fold[bytes[at + last]]]) {
      let index = last
      while (index >= 0 && fold[bytes[at + index]] === pattern[index]) index--
      if (index < 0) return packet.edits.isUncertain(packet, at, at + last + 1) ? UNKNOWN : YES
    }
    if (packet.edits.isUncertain(packet, start + from, end)) return UNKNOWN
    return window > captured && start + from + last < window ? UNKNOWN : NO
  }
}

/** toupper() of the kernel, which is of Latin-1, with the odd ones at its end. */
function upperCase(byte: number): number {
  const isLower = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte !== 0xf7)
  return isLower ? byte - 0x20 : byte
}
