import { P_L3_CAPTURED, P_L3_OFFSET, P_L4_LENGTH, P_L4_OFFSET, P_TCP_FLAGS_WINDOW } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import type { TargetExtension } from '../extension.ts'
import { changeWord, PART_TCP_OPTIONS } from '../packet/packet-edits.ts'
import { type RulePacket, VERDICT_DROP } from '../packet/rule-packet.ts'
import { numberOf } from '../text/numbers.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

const HEADER = 20
const SUM = 16
const NOP = 1
const NAMES: ReadonlyMap<string, number> = new Map([
  ['mss', 2],
  ['wscale', 3],
  ['sack-permitted', 4],
  ['sack', 5],
  ['timestamp', 8],
  ['md5', 19],
])

/** Writes NOP over TCP options. */
export const tcpoptstrip: TargetExtension = {
  name: 'TCPOPTSTRIP',
  tables: ['mangle'],
  protocols: [PROTO_TCP],
  options: [{ name: 'strip-options' }],
  parse(options) {
    const token = options.value('strip-options')
    const kinds = token ? parseKinds(token) : new Set<number>()
    const list = [...kinds].sort((one, other) => one - other).join(',')
    return {
      print: () => (list === '' ? '' : `--strip-options ${list}`),
      action: { kind: 'edit', parts: PART_TCP_OPTIONS, edit: (packet) => strip(packet, kinds) },
    }
  },
}

function parseKinds(token: Token): Set<number> {
  const kinds = new Set<number>()
  for (const word of token.text.split(',')) {
    const number = NAMES.get(word) ?? numberOf(word)
    if (number === null || number < 2 || number > 255) {
      const names = [...NAMES.keys()].join(', ')
      throw new Refusal(token, `"${word}" is not a TCP option to strip; write 2 to 255 or one of ${names}, with commas`)
    }
    if (kinds.has(number)) throw new Refusal(token, `the option ${word} is there twice; keep one`)
    kinds.add(number)
  }
  return kinds
}

function strip(packet: RulePacket, kinds: ReadonlySet<number>): number {
  const { fields, base, edits } = packet
  const start = fields[base + P_L4_OFFSET]
  if (fields[base + P_L4_LENGTH] < HEADER) return VERDICT_DROP
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED]
  if (start + HEADER > captured) {
    edits.uncertain |= PART_TCP_OPTIONS
    return 0
  }
  const header = 4 * (fields[base + P_TCP_FLAGS_WINDOW] >>> 28)
  if (header < HEADER || header > fields[base + P_L4_LENGTH]) return VERDICT_DROP
  const end = start + header
  for (let at = start + HEADER; at < end - 1; ) {
    if (at + 1 >= captured) {
      edits.uncertain |= PART_TCP_OPTIONS
      return 0
    }
    const { bytes } = packet
    const length = bytes[at] < 2 ? 1 : bytes[at + 1] || 1
    if (at + length > end) break
    if (kinds.has(bytes[at])) blank(packet, at, Math.min(length, captured - at), start)
    at += length
  }
  return 0
}

function blank(packet: RulePacket, at: number, length: number, start: number): void {
  packet.edits.willChange(packet, PART_TCP_OPTIONS)
  const bytes = packet.edits.ownBytes(packet)
  for (let index = at; index < at + length; index++) {
    const even = index - ((index - start) & 1)
    const word = even === index ? (NOP << 8) | bytes[even + 1] : (bytes[even] << 8) | NOP
    changeWord(bytes, even, word, start + SUM)
  }
}
