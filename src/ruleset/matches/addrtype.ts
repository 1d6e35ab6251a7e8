import { P_DST, P_SRC } from '../../wire/packet-fields.ts'
import { type CallContext, type Condition, NO, type PureTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import { HOOK_FORWARD, HOOK_INPUT, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_PREROUTING } from '../packet/hooks.ts'
import { INTERFACE_UNKNOWN, type RulePacket } from '../packet/rule-packet.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** RTN_ numbers by their names (uapi/linux/rtnetlink.h). */
const TYPES = [
  'UNSPEC',
  'UNICAST',
  'LOCAL',
  'BROADCAST',
  'ANYCAST',
  'MULTICAST',
  'BLACKHOLE',
  'UNREACHABLE',
  'PROHIBIT',
  'THROW',
  'NAT',
  'XRESOLVE',
] as const
const RTN_UNSPEC = 0
const RTN_UNICAST = 1
const RTN_LOCAL = 2
const RTN_ANYCAST = 4
const RTN_MULTICAST = 5
const RTN_UNREACHABLE = 7
/** IPv6 knows these only. */
const TYPES6 =
  (1 << RTN_UNSPEC) |
  (1 << RTN_UNICAST) |
  (1 << RTN_LOCAL) |
  (1 << RTN_ANYCAST) |
  (1 << RTN_MULTICAST) |
  (1 << RTN_UNREACHABLE)
/** Types that IPv6 looks up in its routes; the others follow from the address itself. */
const ROUTED6 = (1 << RTN_LOCAL) | (1 << RTN_ANYCAST) | (1 << RTN_UNREACHABLE)
const MISSING = 'the type of the address is not known; name the addresses of this machine with --local'

type Side = 'in' | 'out' | null

export const addrtype: MatchExtension = {
  name: 'addrtype',
  options: [
    { name: 'src-type', negatable: true },
    { name: 'dst-type', negatable: true },
    { name: 'limit-iface-in', values: 0 },
    { name: 'limit-iface-out', values: 0 },
  ],
  parse: parseAddrtype,
}

function parseAddrtype(options: Options, { family }: RuleContext): Match {
  const sourceToken = options.value('src-type')
  const destinationToken = options.value('dst-type')
  if (!sourceToken && !destinationToken) throw new Refusal(options.at, 'addrtype needs --src-type or --dst-type')
  const allowed = family === 'ipv4' ? (1 << TYPES.length) - 1 : TYPES6
  const source = sourceToken ? parseTypes(sourceToken, allowed) : 0
  const destination = destinationToken ? parseTypes(destinationToken, allowed) : 0
  const limit = options.oneOf(['limit-iface-in', 'limit-iface-out'])
  const side: Side = limit ? (limit.spec.name === 'limit-iface-in' ? 'in' : 'out') : null
  return {
    ...(side === 'in' && { hooks: [HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD] }),
    ...(side === 'out' && { hooks: [HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING] }),
    print: () =>
      [
        sourceToken ? printOption('src-type', printTypes(source), options.negated('src-type')) : '',
        destinationToken ? printOption('dst-type', printTypes(destination), options.negated('dst-type')) : '',
        limit ? `--${limit.spec.name}` : '',
      ]
        .filter((part) => part !== '')
        .join(' '),
    conditions: () => {
      const conditions: Condition[] = []
      if (sourceToken) conditions.push(condition('source', P_SRC, source, options.negated('src-type')))
      if (destinationToken) {
        conditions.push(condition('destination', P_DST, destination, options.negated('dst-type')))
      }
      return conditions
    },
  }

  function condition(which: string, at: number, types: number, negated: boolean): Condition {
    const label = `type of the ${which} address`
    return {
      kind: 'call',
      label,
      negated,
      missing: MISSING,
      steady: true,
      create: (context) => addressTest(at, types, side, context),
    }
  }
}

function parseTypes(token: Token, allowed: number): number {
  let types = 0
  for (const word of token.text.split(',')) {
    const type = word === '' ? -1 : TYPES.findIndex((name) => name.startsWith(word.toUpperCase()))
    if (type < 0 || (allowed & (1 << type)) === 0) {
      const names = TYPES.filter((_, bit) => allowed & (1 << bit)).join(', ')
      throw new Refusal(
        partOf(token, word),
        `"${word}" is not an address type here; write one or more of ${names}, with commas`,
      )
    }
    types |= 1 << type
  }
  return types
}

function printTypes(types: number): string {
  return TYPES.filter((_, bit) => types & (1 << bit)).join(',')
}

function addressTest(at: number, types: number, side: Side, { family, environment }: CallContext): PureTest {
  const typeOf = (packet: RulePacket): number => {
    const number = side === null ? 0 : side === 'in' ? packet.inInterface : packet.outInterface
    if (number === INTERFACE_UNKNOWN) return -1
    return environment.addressType(family, packet.fields, packet.base + at, number)
  }
  if (family === 'ipv4') {
    return {
      test(packet) {
        const type = typeOf(packet)
        return type < 0 ? UNKNOWN : types & (1 << type) ? YES : NO
      },
    }
  }
  return {
    test(packet) {
      const { fields, base } = packet
      const word = base + at
      const multicast = fields[word] >>> 24 === 0xff
      const unspecified = (fields[word] | fields[word + 1] | fields[word + 2] | fields[word + 3]) === 0
      if (types & (1 << RTN_MULTICAST) && !multicast) return NO
      if (types & (1 << RTN_UNICAST) && (multicast || unspecified)) return NO
      if (types & (1 << RTN_UNSPEC) && !unspecified) return NO
      if ((types & ROUTED6) === 0) return YES
      const type = typeOf(packet)
      return type < 0 ? UNKNOWN : types & ROUTED6 & (1 << type) ? YES : NO
    },
  }
}
