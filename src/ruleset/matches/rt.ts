import { PROTO_ROUTING } from '../../wire/protocols.ts'
import { NO, UNKNOWN } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { parseIpv6, printIpv6, type Words } from '../text/addresses.ts'
import { MASK_ALL, parseNumber, parseRangeLoosely, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { askExtension, headerLength } from './extension-chain.ts'
import { capturedEnd, readWord, wireEnd } from './header-bytes.ts'

/** IP6T_RT_HOPS */
const ADDRESSES_MAX = 16

/** The IPv6 routing header. */
export const rt: MatchExtension = {
  name: 'rt',
  family: 'ipv6',
  options: [
    { name: 'rt-type', negatable: true },
    { name: 'rt-segsleft', negatable: true },
    { name: 'rt-len', negatable: true },
    { name: 'rt-0-res', values: 0 },
    { name: 'rt-0-addrs' },
    { name: 'rt-0-not-strict', values: 0 },
  ],
  parse(options) {
    const number = (name: string, high: number): number | null => {
      const token = options.value(name)
      return token ? parseNumber(token, 0, high, name) : null
    }
    const type = number('rt-type', MASK_ALL)
    const length = number('rt-len', MASK_ALL)
    const segmentsToken = options.value('rt-segsleft')
    const segments = segmentsToken ? parseRangeLoosely(segmentsToken, 0, MASK_ALL, 'segments left') : null
    const reserved = options.get('rt-0-res')
    const listToken = options.value('rt-0-addrs')
    const loose = options.get('rt-0-not-strict')
    const typeNegated = options.negated('rt-type')
    needsBefore(options, ['rt-0-res', 'rt-0-addrs', 'rt-0-not-strict'], 'rt-type', type === 0 && !typeNegated)
    needsBefore(options, ['rt-0-not-strict'], 'rt-0-addrs', true)
    const addresses = listToken ? parseAddresses(listToken) : null
    const segmentsNegated = options.negated('rt-segsleft')
    const lengthNegated = options.negated('rt-len')
    const words = [
      type === null ? '' : printOption('rt-type', `${type}`, typeNegated),
      segments === null || isEvery(segments) ? '' : printOption('rt-segsleft', printRange(segments), segmentsNegated),
      length === null ? '' : printOption('rt-len', `${length}`, lengthNegated),
      reserved ? '--rt-0-res' : '',
      addresses ? `--rt-0-addrs ${addresses.map(printIpv6).join(',')}` : '',
      loose ? '--rt-0-not-strict' : '',
    ]
    return {
      print: () => words.filter((word) => word !== '').join(' '),
      conditions: () =>
        askExtension(PROTO_ROUTING, 'routing header', 4, (packet, at) => {
          const { bytes } = packet
          const whole = headerLength(PROTO_ROUTING, bytes, at)
          if (wireEnd(packet) - at < whole) return NO
          const left = bytes[at + 3]
          if (segments && (left >= segments.low && left <= segments.high) === segmentsNegated) return NO
          if (length !== null && (whole === length) === lengthNegated) return NO
          if (type !== null && (bytes[at + 2] === type) === typeNegated) return NO
          if (reserved) {
            if (at + 8 > capturedEnd(packet)) return UNKNOWN
            if (readWord(bytes, at + 4) !== 0) return NO
          }
          return addresses ? visits(packet, at + 8, (whole - 8) >> 4, addresses, loose === undefined) : 1
        }),
    }
  },
}

/** Refuses options that are only accepted after another one. */
function needsBefore(options: Options, names: readonly string[], other: string, isRight: boolean): void {
  const order = options.uses.map(({ spec }) => spec.name)
  for (const [index, { spec, at }] of options.uses.entries()) {
    if (names.includes(spec.name) && !(isRight && order.indexOf(other) >= 0 && order.indexOf(other) < index)) {
      throw new Refusal(at, `--${spec.name} needs --${other}${other === 'rt-type' ? ' 0' : ''} before it`)
    }
  }
}

function isEvery({ low, high }: { low: number; high: number }): boolean {
  return low === 0 && high === MASK_ALL
}

function parseAddresses(token: Token): Words[] {
  const parts = token.text.split(',')
  if (parts.length > ADDRESSES_MAX) {
    throw new Refusal(token, `${parts.length} addresses are too many; write at most ${ADDRESSES_MAX}`)
  }
  return parts.map((part) => {
    const words = parseIpv6(part)
    if (!words) throw new Refusal(partOf(token, part), `"${part}" is not an IPv6 address; write one as 2001:db8::1`)
    return words
  })
}

/** Strict: exactly these addresses. Else: these, in this order, others between them. */
function visits(packet: RulePacket, at: number, count: number, wanted: readonly Words[], strict: boolean): number {
  if (wanted.length > count || (strict && wanted.length !== count)) return NO
  const captured = capturedEnd(packet)
  let found = 0
  for (let index = 0; index < count && found < wanted.length; index++) {
    const place = at + 16 * index
    if (place + 16 > captured) return UNKNOWN
    if (wanted[found].every((word, part) => word === readWord(packet.bytes, place + 4 * part))) found++
    else if (strict) return NO
  }
  return Number(found === wanted.length)
}
