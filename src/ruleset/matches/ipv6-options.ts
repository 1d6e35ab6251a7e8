import { PROTO_DESTINATION, PROTO_HOP_BY_HOP } from '../../wire/protocols.ts'
import { NO, UNKNOWN } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { MASK_ALL, parseNumber, wholeNumberOf } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { askExtension, headerLength } from './extension-chain.ts'
import { capturedEnd, wireEnd } from './header-bytes.ts'

/** One less than the kernel has room for: iptables takes no more. */
const OPTIONS_MAX = 15
/** Stands for any length. */
const ANY = 255

interface AskedOption {
  readonly type: number
  readonly length: number
}

export const hbh: MatchExtension = optionsHeader('hbh', PROTO_HOP_BY_HOP, 'hop-by-hop options')
export const dst: MatchExtension = optionsHeader('dst', PROTO_DESTINATION, 'destination options')

/** The hop-by-hop and the destination options header are alike. */
function optionsHeader(name: string, protocol: number, label: string): MatchExtension {
  return {
    name,
    family: 'ipv6',
    options: [
      { name: `${name}-len`, negatable: true },
      { name: `${name}-opts` },
      { name: `${name}-not-strict`, values: 0 },
    ],
    parse(options) {
      const notStrict = options.get(`${name}-not-strict`)
      if (notStrict) throw new Refusal(notStrict.at, `--${name}-not-strict is not known to the kernel; take it out`)
      const lengthToken = options.value(`${name}-len`)
      const length = lengthToken ? parseNumber(lengthToken, 0, MASK_ALL, 'length') : 0
      const negated = options.negated(`${name}-len`)
      const listToken = options.value(`${name}-opts`)
      const list = listToken ? parseList(listToken) : null
      const words = [
        lengthToken ? printOption(`${name}-len`, `${length}`, negated) : '',
        list ? `--${name}-opts ${list.map(printAsked).join(',')}` : '',
      ]
      return {
        print: () => words.filter((word) => word !== '').join(' '),
        conditions: () =>
          askExtension(protocol, label, 2, (packet, at) => {
            const whole = headerLength(protocol, packet.bytes, at)
            if (wireEnd(packet) - at < whole) return NO
            if (lengthToken && (whole === length) === negated) return NO
            return list ? hasOptions(packet, list, at + 2, whole - 2) : 1
          }),
      }
    },
  }
}

function parseList(token: Token): AskedOption[] {
  const parts = token.text.split(',')
  if (parts.length > OPTIONS_MAX) throw new Refusal(token, `${parts.length} options are too many; write ${OPTIONS_MAX}`)
  return parts.map((part) => {
    const [type, length, more] = part.split(':')
    if (more !== undefined) throw new Refusal(token, `"${part}" is not understood; write TYPE or TYPE:LENGTH`)
    const kind = lowByte(token, type)
    if (kind === 0 && length !== undefined) {
      throw new Refusal(token, `"${part}": option 0 (Pad1) has no length; take it away`)
    }
    return { type: kind, length: length === undefined ? ANY : lowByte(token, length) }
  })
}

/** iptables keeps the low eight bits of larger numbers, and of negative ones. */
function lowByte(token: Token, text: string): number {
  const magnitude = wholeNumberOf(text.replace(/^ *-/, ''))
  if (magnitude === null || magnitude > 0xffff_ffff_ffff_ffffn) {
    throw new Refusal(token, `"${text}" is not an option type or length; write a number from 0 to 255`)
  }
  return Number(BigInt.asUintN(8, text.includes('-') ? -magnitude : magnitude))
}

function printAsked({ type, length }: AskedOption): string {
  return length === ANY ? `${type}` : `${type}:${length}`
}

/** The options stand at the beginning, in this order; only the last may be longer than what is left of the header. */
function hasOptions(packet: RulePacket, list: readonly AskedOption[], from: number, room: number): number {
  const { bytes } = packet
  const end = wireEnd(packet)
  const captured = capturedEnd(packet)
  let at = from
  let left = room
  for (let index = 0; index < list.length; index++) {
    if (left < 1) return NO
    if (at >= captured) return at >= end ? NO : UNKNOWN
    if (bytes[at] !== list[index].type) return NO
    let size = 1
    if (bytes[at] !== 0) {
      if (left < 2) return NO
      if (at + 1 >= captured) return at + 1 >= end ? NO : UNKNOWN
      if (list[index].length !== ANY && list[index].length !== bytes[at + 1]) return NO
      size = bytes[at + 1] + 2
    }
    if (index < list.length - 1 && (at > end - size || left < size)) return NO
    at += size
    left -= size
  }
  return 1
}
