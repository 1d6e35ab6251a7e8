import { P_L4_LENGTH, P_L4_OFFSET } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { type Condition, hotdropWhen, isBetween, NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import { PART_TCP_OPTIONS } from '../packet/packet-edits.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { type NumberRange, parseRange, printRange } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import type { Token } from '../text/tokens.ts'
import { ask, capturedEnd, OPTIONS_LOST } from './header-bytes.ts'
import { dataOffsetBytes, headerOf } from './tcp.ts'

const HEADER = 20
const KIND = 2
const LENGTH = 4

/** The MSS option's value; without the option only the negation holds. */
export const tcpmss: MatchExtension = {
  name: 'tcpmss',
  protocols: [PROTO_TCP],
  options: [{ name: 'mss', negatable: true }],
  parse(options) {
    const range = parseMss(options.required('mss'))
    const negated = options.negated('mss')
    return {
      print: () => printOption('mss', printRange(range), negated),
      conditions: (): Condition[] => [
        headerOf(HEADER),
        hotdropWhen(isBetween('tcpDataOffset', { low: 0, high: 4 })),
        hotdropWhen(
          ask('TCP options reach beyond the segment', (packet) =>
            Number(dataOffsetBytes(packet) > packet.fields[packet.base + P_L4_LENGTH]),
          ),
        ),
        ask('MSS', (packet) => mssIn(packet, range), negated, OPTIONS_LOST),
      ],
    }
  },
}

function mssIn(packet: RulePacket, { low, high }: NumberRange): number {
  const { bytes, fields, base } = packet
  if (packet.edits.uncertain & PART_TCP_OPTIONS) return UNKNOWN
  const end = fields[base + P_L4_OFFSET] + dataOffsetBytes(packet)
  const captured = capturedEnd(packet)
  for (let at = fields[base + P_L4_OFFSET] + HEADER; at < end; ) {
    if (at >= captured) return UNKNOWN
    const kind = bytes[at]
    if (kind < 2) {
      at++
      continue
    }
    if (kind === KIND && end - at >= LENGTH) {
      if (at + LENGTH > captured) return UNKNOWN
      if (bytes[at + 1] === LENGTH) {
        const mss = (bytes[at + 2] << 8) | bytes[at + 3]
        return mss >= low && mss <= high ? YES : NO
      }
    }
    if (at + 1 >= captured && at + 1 < end) return UNKNOWN
    at += (at + 1 < end ? bytes[at + 1] : 0) || 1
  }
  return NO
}

/** An empty word is 0. */
function parseMss(token: Token): NumberRange {
  return parseRange(token.text === '' ? { ...token, text: '0' } : token, 0, 65535, 'MSS')
}
