import { IPV6_HEADER } from '../../wire/header-lengths.ts'
import { P_L3_OFFSET } from '../../wire/packet-fields.ts'
import {
  PROTO_AH,
  PROTO_DESTINATION,
  PROTO_ESP,
  PROTO_FRAGMENT,
  PROTO_HOP_BY_HOP,
  PROTO_NO_NEXT_HEADER,
  PROTO_ROUTING,
} from '../../wire/protocols.ts'
import { NO, UNKNOWN } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { partOf } from '../text/part-of.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { headerLength } from './extension-chain.ts'
import { ask, capturedEnd, wireEnd } from './header-bytes.ts'

/** Names as they are printed, their short forms and numbers, and the bit of struct ip6t_ipv6header_info. */
const HEADERS: readonly (readonly [string, readonly string[], number, number])[] = [
  ['hop-by-hop', ['hop', '0'], PROTO_HOP_BY_HOP, 0x80],
  ['ipv6-opts', ['dst', '60'], PROTO_DESTINATION, 0x40],
  ['ipv6-route', ['route', '43'], PROTO_ROUTING, 0x20],
  ['ipv6-frag', ['frag', '44'], PROTO_FRAGMENT, 0x10],
  ['ah', ['auth', '51'], PROTO_AH, 0x08],
  ['esp', ['50'], PROTO_ESP, 0x04],
  ['ipv6-nonxt', ['none', '59'], PROTO_NO_NEXT_HEADER, 0x02],
  ['protocol', ['prot', '255'], -1, 0x01],
]
const PAYLOAD = 0x01

/** Which extension headers a packet has: exactly these, or with `--soft` these among others. */
export const ipv6header: MatchExtension = {
  name: 'ipv6header',
  family: 'ipv6',
  options: [
    { name: 'header', negatable: true },
    { name: 'soft', values: 0 },
  ],
  parse(options) {
    const wanted = parseHeaders(options.required('header'))
    const negated = options.negated('header')
    const soft = options.has('soft')
    const names = HEADERS.filter(([, , , bit]) => wanted & bit).map(([name]) => name)
    return {
      print: () => `${negated ? '! ' : ''}--header ${names.join(',')}${soft ? ' --soft' : ''}`,
      conditions: () => [
        ask('extension headers', (packet) => {
          const found = headersOf(packet)
          if (found < 0) return found === CUT ? UNKNOWN : NO
          if (!soft) return Number((found === wanted) !== negated)
          return Number(((found ^ wanted ^ (negated ? 0xff : 0)) & wanted) === 0)
        }),
      ],
    }
  },
}

function parseHeaders(token: Token): number {
  let bits = 0
  for (const word of token.text.replace(/,+$/, '').split(',')) {
    const header = HEADERS.find(([name, others]) => name === word || others.includes(word))
    if (!header) {
      const names = HEADERS.map(([name]) => name).join(', ')
      throw new Refusal(
        partOf(token, word),
        `"${word}" is not an extension header; write one or more of ${names}, with commas`,
      )
    }
    bits |= header[3]
  }
  return bits
}

const SHORT = -1
const CUT = -2

/** Bits of the headers, SHORT for a packet that ends inside its chain, CUT where the capture does. */
function headersOf(packet: RulePacket): number {
  const { bytes, fields, base } = packet
  const start = fields[base + P_L3_OFFSET]
  const end = wireEnd(packet)
  const captured = capturedEnd(packet)
  let bits = 0
  let protocol = bytes[start + 6]
  for (let at = start + IPV6_HEADER; ; ) {
    const header = HEADERS.find(([, , number]) => number === protocol)
    if (!header) return bits | PAYLOAD
    if (protocol === PROTO_NO_NEXT_HEADER) return bits | header[3]
    if (at + 2 > end) return SHORT
    if (protocol === PROTO_ESP) return bits | header[3]
    if (at + 2 > captured) return CUT
    bits |= header[3]
    const next = bytes[at]
    at += headerLength(protocol, bytes, at)
    protocol = next
    if (at > end) return protocol === PROTO_NO_NEXT_HEADER || protocol === PROTO_ESP ? bits : bits | PAYLOAD
  }
}
