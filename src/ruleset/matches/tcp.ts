import { P_L3_CAPTURED, P_L3_OFFSET, P_L4_LENGTH, P_L4_OFFSET, P_TCP_FLAGS_WINDOW } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { type Condition, equals, hotdropWhen, isBetween, NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import { PART_TCP_OPTIONS } from '../packet/packet-edits.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { meantBy } from '../text/closest.ts'
import { parseNumber } from '../text/numbers.ts'
import { type Options, type OptionUse, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { OPTIONS_LOST } from './header-bytes.ts'
import { PortPair } from './port-pair.ts'

const FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'] as const
const ALL_FLAGS = 0x3f
const SYN = 0x02
/** What `--syn` looks at: FIN, SYN, RST, ACK. */
const SYN_MASK = 0x17
const HEADER = 20

export const tcp: MatchExtension = {
  name: 'tcp',
  isBrief: true,
  protocols: [PROTO_TCP],
  options: [
    { name: 'source-port', aliases: ['sport'], negatable: true },
    { name: 'destination-port', aliases: ['dport'], negatable: true },
    { name: 'syn', values: 0, negatable: true },
    { name: 'tcp-flags', values: 2, needs: 'a mask and flags', negatable: true },
    { name: 'tcp-option', negatable: true },
  ],
  parse: (options) => new TcpMatch(options),
}

class TcpMatch implements Match {
  readonly asksForSyn: boolean
  readonly #ports: PortPair
  readonly #flags: FlagsAsked | null
  /** Kind of a TCP option, 0 for none. */
  readonly #kind: number
  readonly #otherKind: boolean

  constructor(options: Options) {
    this.#ports = new PortPair(options)
    const flags = options.oneOf(['syn', 'tcp-flags'])
    this.#flags = flags ? flagsAsked(flags) : null
    const kind = options.value('tcp-option')
    this.#kind = kind ? parseNumber(kind, 1, 255, 'TCP option') : 0
    this.#otherKind = options.negated('tcp-option')
    this.asksForSyn = this.#flags !== null && !this.#flags.negated && (this.#flags.set & SYN) !== 0
  }

  print(): string {
    const printed = this.#ports.print()
    if (this.#kind) printed.push(printOption('tcp-option', `${this.#kind}`, this.#otherKind))
    if (this.#flags && (this.#flags.mask !== 0 || this.#flags.negated)) {
      const { mask, set, negated } = this.#flags
      printed.push(printOption('tcp-flags', `${printFlags(mask)} ${printFlags(set)}`, negated))
    }
    return printed.filter((part) => part !== '').join(' ')
  }

  conditions(): readonly Condition[] {
    const conditions: Condition[] = [headerOf(HEADER)]
    this.#ports.addConditions(conditions)
    if (this.#flags) conditions.push(equals('tcpFlags', this.#flags.set, this.#flags.negated, this.#flags.mask))
    if (this.#kind) conditions.push(...optionConditions(this.#kind, this.#otherKind))
    return conditions
  }
}

interface FlagsAsked {
  readonly mask: number
  readonly set: number
  readonly negated: boolean
}

/** `--tcp-flags MASK SET`, or `--syn`. */
function flagsAsked({ values: [mask, set], negated }: OptionUse): FlagsAsked {
  return { mask: mask ? parseFlags(mask) : SYN_MASK, set: set ? parseFlags(set) : SYN, negated }
}

const HEADERS = new Map<number, Condition>()

/** xt_tcpudp and its like drop a packet too short for the header that they want to read. */
export function headerOf(bytes: number): Condition {
  const known = HEADERS.get(bytes) ?? hotdropWhen(isBetween('transportLength', { low: 0, high: bytes - 1 }))
  HEADERS.set(bytes, known)
  return known
}

function parseFlags(token: Token): number {
  let flags = 0
  for (const word of token.text.split(',')) {
    const name = word.toUpperCase()
    const bit = (FLAGS as readonly string[]).indexOf(name)
    if (bit >= 0) flags |= 1 << bit
    else if (name === 'ALL') flags |= ALL_FLAGS
    else if (name !== 'NONE' && name !== '') {
      const instead = meantBy(word, FLAGS, `write ${FLAGS.join(', ')}, ALL or NONE`)
      throw new Refusal(partOf(token, word), `"${word}" is not a TCP flag; ${instead}`)
    }
  }
  return flags
}

function printFlags(flags: number): string {
  return FLAGS.filter((_, bit) => flags & (1 << bit)).join(',') || 'NONE'
}

/** Bytes of the TCP header, as its data offset says. */
export function dataOffsetBytes(packet: RulePacket): number {
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
      missing: OPTIONS_LOST,
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
