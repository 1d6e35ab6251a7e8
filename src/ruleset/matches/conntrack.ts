import { IPS_ASSURED, IPS_CONFIRMED, IPS_EXPECTED, IPS_SEEN_REPLY } from '../../conntrack/status.ts'
import {
  type AddressField,
  anyBit,
  type Condition,
  equals,
  inNetwork,
  isBetween,
  NO,
  YES,
} from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { masked, parseHostMask, printHostMask } from '../text/addresses.ts'
import { MASK_ALL, type NumberRange, parseRangeLoosely, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { parseAnyPortRange } from '../text/ports.ts'
import { parseProtocol } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { parseStates, printStates, STATES_WITH_NAT, stateCondition } from './states.ts'

const STATUSES: readonly (readonly [string, number])[] = [
  ['NONE', 0],
  ['EXPECTED', IPS_EXPECTED],
  ['SEEN_REPLY', IPS_SEEN_REPLY],
  ['ASSURED', IPS_ASSURED],
  ['CONFIRMED', IPS_CONFIRMED],
]

const ADDRESSES: readonly (readonly [string, AddressField])[] = [
  ['ctorigsrc', 'origSource'],
  ['ctorigdst', 'origDestination'],
  ['ctreplsrc', 'replySource'],
  ['ctrepldst', 'replyDestination'],
]

const PORTS: readonly (readonly [string, FieldName])[] = [
  ['ctorigsrcport', 'origSourcePort'],
  ['ctorigdstport', 'origDestinationPort'],
  ['ctreplsrcport', 'replySourcePort'],
  ['ctrepldstport', 'replyDestinationPort'],
]

/**
 * One criterion: its text and its condition. The kernel evaluates criteria in the order of this file's parse function.
 */
interface Criterion {
  readonly text: string
  readonly condition: Condition
}

export const conntrack: MatchExtension = {
  name: 'conntrack',
  options: [
    { name: 'ctstate', negatable: true },
    { name: 'ctproto', negatable: true },
    ...ADDRESSES.map(([name]) => ({ name, negatable: true })),
    { name: 'ctstatus', negatable: true },
    { name: 'ctexpire', negatable: true },
    ...PORTS.map(([name]) => ({ name, negatable: true })),
    { name: 'ctdir', negatable: false },
  ],
  parse: parseConntrack,
}

function parseConntrack(options: Options, context: RuleContext): Match {
  if (options.uses.length === 0) throw new Refusal(options.at, 'conntrack needs at least one option, as --ctstate NEW')
  const negated = (name: string): boolean => options.negated(name)
  const state = criterion(options, 'ctstate', (token) => {
    const states = parseStates(token, STATES_WITH_NAT)
    return [printStates(states, STATES_WITH_NAT), stateCondition(states, negated('ctstate'))]
  })
  const protocol = criterion(options, 'ctproto', (token) => {
    const number = parseProtocol(token, token.text === token.text.toUpperCase())
    // As in iptables, which looks at the `!` of --ctstatus here, if that option comes before.
    const [status, own] = [options.get('ctstatus'), options.get('ctproto')]
    if (number === 0 && status?.negated && own && options.uses.indexOf(status) < options.uses.indexOf(own))
      throw new Refusal(token, 'iptables refuses protocol 0 after ! --ctstatus; take the option out')
    return [`${number}`, equals('connectionProtocol', number, negated('ctproto'))]
  })
  const addresses = ADDRESSES.map(([name, field]) =>
    criterion(options, name, (token) => {
      const network = parseHostMask(token, context.family)
      const { mask } = network
      const address = masked(network.address, mask)
      return [printHostMask(network), inNetwork(field, { address, mask }, negated(name))]
    }),
  )
  const ports = PORTS.map(([name, field]) =>
    criterion(options, name, (token) => {
      const range = parseAnyPortRange(token)
      return [printPorts(range), isBetween(field, range, negated(name))]
    }),
  )
  const status = criterion(options, 'ctstatus', (token) => {
    const bits = parseStatuses(token)
    return [printStatuses(bits), anyBit('connectionStatus', bits, negated('ctstatus'))]
  })
  const expiry = criterion(options, 'ctexpire', (token) => {
    const range = parseRangeLoosely(token, 0, MASK_ALL, 'time in seconds')
    return [printRange(range), expires(range, negated('ctexpire'))]
  })
  const direction = criterion(options, 'ctdir', (token) => {
    const reply = token.text.toUpperCase() === 'REPLY'
    if (!reply && token.text.toUpperCase() !== 'ORIGINAL') {
      throw new Refusal(token, `"${token.text}" is not a direction; write ORIGINAL or REPLY`)
    }
    return [reply ? 'REPLY' : 'ORIGINAL', equals('direction', reply ? 1 : 0)]
  })
  const tested = [direction, ...addresses, protocol, ...ports, status, expiry].flat()
  return {
    print: () =>
      [state, protocol, addresses, ports, status, expiry, direction]
        .flat(2)
        .map(({ text }) => text)
        .join(' '),
    conditions: () =>
      conditionsOf(
        state.map(({ condition }) => condition),
        tested.map(({ condition }) => condition),
      ),
  }
}

/**
 * Without a connection only the state is checked. The other criteria then count as met, but without a state criterion
 * nothing matches.
 */
function conditionsOf(state: readonly Condition[], others: readonly Condition[]): readonly Condition[] {
  if (others.length === 0) return state
  if (state.length === 0) return [equals('connection', 1), ...others]
  return [
    ...state,
    { kind: 'any', negated: false, parts: [equals('connection', 0), { kind: 'all', parts: others, negated: false }] },
  ]
}

function criterion(options: Options, name: string, read: (token: Token) => [string, Condition]): Criterion[] {
  const token = options.value(name)
  if (!token) return []
  const [text, condition] = read(token)
  return [{ text: printOption(name, text, options.negated(name)), condition }]
}

/** iptables-save takes an end of 0 for none. */
function printPorts(range: NumberRange): string {
  return range.high === 0 ? `${range.low}` : printRange(range)
}

function parseStatuses(token: Token): number {
  let bits = 0
  for (const word of token.text.split(',')) {
    const status = word === '' ? undefined : STATUSES.find(([name]) => name.startsWith(word.toUpperCase()))
    if (!status) {
      const names = STATUSES.map(([name]) => name).join(', ')
      throw new Refusal(
        partOf(token, word),
        `"${word}" is not a connection status; write one or more of ${names}, with commas`,
      )
    }
    bits |= status[1]
  }
  return bits
}

function printStatuses(bits: number): string {
  const names = STATUSES.filter(([, bit]) => bits & bit).map(([name]) => name)
  return names.join(',') || 'NONE'
}

function expires(range: NumberRange, negated: boolean): Condition {
  const test = (packet: RulePacket): number => {
    const { connection, connections } = packet
    if (packet.direction < 0) return NO
    // The timeout of a new connection starts at its confirmation. Before that the kernel takes it as an absolute time,
    // long past.
    const isConfirmed = connection >= 0 && (connections.status(connection) & IPS_CONFIRMED) !== 0
    const seconds = isConfirmed ? Math.floor(connections.remainingNs(connection, packet.nowNs) / 1e9) : 0
    return seconds >= range.low && seconds <= range.high ? YES : NO
  }
  return { kind: 'call', label: 'seconds until the connection expires', negated, create: () => ({ test }) }
}
