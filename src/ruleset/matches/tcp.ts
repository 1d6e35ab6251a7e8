import { P_L3_CAPTURED, P_L3_OFFSET, P_L4_LENGTH, P_L4_OFFSET, P_TCP_FLAGS_WINDOW } from '../../wire/packet-fields.ts'
import { type Condition, equals, hotdropWhen, isBetween, NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import { PART_TCP_OPTIONS } from '../packet-edits.ts'
import type { RulePacket } from '../rule-packet.ts'
import { type NumberRange, parseNumber, printRange } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { parseAnyPortRange, parsePortRange } from '../text/ports.ts'
import { PROTOCOL_TCP } from '../text/protocols.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const
const ALL_FLAGS = 0x3f
const SYN = 0x02
/** What `--syn` looks at: FIN, SYN, RST, ACK. */
const SYN_MASK = 0x17
const HEADER = 20
const CUT = 'the capture cut the packet inside its TCP header; capture with a larger snap length'

export const tcp: MatchExtension = {
  name: 'tcp',
  protocols: [PROTOCOL_TCP],
  options: [
    { name: 'source-port', aliases: ['sport'], negatable: true },
    { name: 'destination-port', aliases: ['dport'], negatable: true },
    { name: 'syn', values: 0, negatable: true },
    { name: 'tcp-flags', values: 2, negatable: true },
    { name: 'tcp-option', negatable: true },
  ],
  parse: parseTcp,
}

function parseTcp(options: Options): Match {
  const sports = portRange(options, 'source-port')
  const dports = portRange(options, 'destination-port')
  // The match outlives the words that it was read from.
  const otherSports = options.negated('source-port')
  const otherDports = options.negated('destination-port')
  const flags = options.oneOf(['syn', 'tcp-flags'])
  const [maskToken, setToken] = flags?.values ?? []
  const mask = maskToken ? parseFlags(maskToken) : flags ? SYN_MASK : 0
  const set = setToken ? parseFlags(setToken) : flags ? SYN : 0
  const kindToken = options.value('tcp-option')
  const otherKind = options.negated('tcp-option')
  const otherFlags = flags?.negated ?? false
  const asksForFlags = flags !== undefined
  const kind = kindToken ? parseNumber(kindToken, 1, 255, 'TCP option') : 0
  return {
    asksForSyn: flags !== undefined && !flags.negated && (set & SYN) !== 0,
    print() {
      return [
        printSomePorts('sport', sports, otherSports),
        printSomePorts('dport', dports, otherDports),
        kind ? printOption('tcp-option', `${kind}`, otherKind) : '',
        asksForFlags && (mask !== 0 || otherFlags)
          ? printOption('tcp-flags', `${printFlags(mask)} ${printFlags(set)}`, otherFlags)
          : '',
      ]
        .filter((part) => part !== '')
        .join(' ')
    },
    conditions() {
      const conditions: Condition[] = [headerOf(HEADER)]
      if (sports) conditions.push(isBetween('sourcePort', sports, otherSports))
      if (dports) conditions.push(isBetween('destinationPort', dports, otherDports))
      if (asksForFlags) conditions.push(equals('tcpFlags', set, otherFlags, mask))
      if (kind) conditions.push(...optionConditions(kind, otherKind))
      return conditions
    },
  }
}

const HEADERS = new Map<number, Condition>()

/** xt_tcpudp and its like drop a packet too short for the header that they want to read. */
export function headerOf(bytes: number): Condition {
  const known = HEADERS.get(bytes) ?? hotdropWhen(isBetween('transportLength', { low: 0, high: bytes - 1 }))
  HEADERS.set(bytes, known)
  return known
}

/** A range of ports; all ports are as no option at all, unless negated. */
export function portRange(options: Options, name: string): NumberRange | null {
  const token = options.value(name)
  if (!token) return null
  const range = options.owner === 'udp' ? parseAnyPortRange(token) : parsePortRange(token, options.owner)
  return range.low === 0 && range.high === 65535 && !options.negated(name) ? null : range
}

export function printPorts(name: string, range: NumberRange | null, negated: boolean): string {
  return range ? printOption(name, printRange(range), negated) : ''
}

/** Of tcp and udp, where all ports are left out, even negated. */
export function printSomePorts(name: string, range: NumberRange | null, negated: boolean): string {
  return range?.low === 0 && range.high === 0xffff ? '' : printPorts(name, range, negated)
}

function parseFlags(token: Token): number {
  let flags = 0
  for (const word of token.text.split(',')) {
    const name = word.toUpperCase()
    const bit = (FLAGS as readonly string[]).indexOf(name)
    if (bit >= 0) flags |= 1 << bit
    else if (name === 'ALL') flags |= ALL_FLAGS
    else if (name !== 'NONE' && name !== '') {
      throw new Refusal(token, `"${word}" is not a TCP flag; write ${FLAGS.join(', ')}, ALL or NONE`)
    }
  }
  return flags
}

function printFlags(flags: number): string {
  return FLAGS.filter((_, bit) => flags & (1 << bit)).join(',') || 'NONE'
}

function dataOffsetBytes(packet: RulePacket): number {
  return 4 * (packet.fields[packet.base + P_TCP_FLAGS_WINDOW] >>> 28)
}

function optionConditions(kind: number, negated: boolean): Condition[] {
  const beyondSegment: Condition = {
    kind: 'call',
    label: 'TCP options reach beyond the segment',
    negated: false,
    create: () => ({
      test: (packet) => Number(dataOffsetBytes(packet) > packet.fields[packet.base + P_L4_LENGTH]),
    }),
  }
  return [
    hotdropWhen(isBetween('tcpDataOffset', { low: 0, high: 4 })),
    hotdropWhen(beyondSegment),
    {
      kind: 'call',
      label: `TCP option ${kind}`,
      negated,
      missing: CUT,
      create: () => ({ test: (p) => findOption(p, kind) }),
    },
  ]
}

/** Walks the options as the kernel does: a length of 0 counts as 1, and one may reach beyond the header's end. */
function findOption(packet: RulePacket, kind: number): number {
  const { bytes, fields, base } = packet
  if (packet.edits.uncertain & PART_TCP_OPTIONS) return UNKNOWN
  const start = fields[base + P_L4_OFFSET] + HEADER
  const end = fields[base + P_L4_OFFSET] + dataOffsetBytes(packet)
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED]
  for (let at = start; at < end; ) {
    if (at >= captured) return UNKNOWN
    if (bytes[at] === kind) return YES
    if (bytes[at] < 2) at++
    else if (at + 1 >= end) return NO
    else if (at + 1 >= captured) return UNKNOWN
    else at += bytes[at + 1] || 1
  }
  return NO
}
