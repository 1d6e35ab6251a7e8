import {
  type CallContext,
  type Condition,
  hotdropWhen,
  NO,
  type PureTest,
  type StatefulTest,
  UNKNOWN,
  YES,
} from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import { CUT_TRANSPORT_HEADER } from '../packet/cut-packet.ts'
import type { Family } from '../packet/rule-environment.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { parseHost, parsePrefixLength, prefixLength, prefixMask } from '../text/addresses.ts'
import { numberOf, parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { partOf } from '../text/part-of.ts'
import { procName } from '../text/proc-name.ts'
import { printCountPerUnit } from '../text/rates.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import {
  bytesOf,
  parseBurst,
  parseRate,
  printByteBurst,
  printByteRate,
  type Rate,
  SCALE,
  secondsOfBurst,
} from './hashlimit-rate.ts'
import { BYTE_CREDITS_MAX, CREDITS_PER_MICROSECOND, type HashlimitConfig, HashlimitTable } from './hashlimit-table.ts'
import { portsCaptured, portsOf } from './transport-ports.ts'

const MODES = ['srcip', 'srcport', 'dstip', 'dstport'] as const
type Mode = (typeof MODES)[number]
const DEFAULT_BURST = 5n
const DEFAULT_COLLECT = 1000
/** Milliseconds that a group lives where bytes are counted, without and with a burst. */
const BYTE_EXPIRE = 15_000
const BYTE_BURST_EXPIRE = 60_000
/** Buckets of a machine with more than a gigabyte; a table takes eight groups for each, if not told otherwise. */
const DEFAULT_BUCKETS = 8192
const GROUPS_PER_BUCKET = 8
const BUCKETS_MAX = 1_048_576
const NUMBER_MAX = 0xffff_ffff
const INTERVAL_MAX = 0xffff_fffd
const NAME_MAX = 254
const MISSING = 'how many packets were counted before depends on a rule that could not be decided'

/** Limits the rate of groups of packets. */
export const hashlimit: MatchExtension = {
  name: 'hashlimit',
  options: [
    { name: 'hashlimit-upto', aliases: ['hashlimit'], negatable: true },
    { name: 'hashlimit-above', negatable: true },
    ...['burst', 'mode', 'srcmask', 'dstmask', 'name'].map((name) => ({ name: `hashlimit-${name}` })),
    ...['size', 'max', 'expire', 'gcinterval'].map((name) => ({ name: `hashlimit-htable-${name}` })),
    { name: 'hashlimit-rate-match', values: 0 },
    { name: 'hashlimit-rate-interval' },
  ],
  parse: parseHashlimit,
}

interface HashlimitRule {
  readonly name: string
  readonly above: boolean
  readonly config: HashlimitConfig
  readonly modes: readonly Mode[]
  readonly sourcePrefix: number
  readonly destinationPrefix: number
  /** As given; 0 for the default. */
  readonly buckets: number
  readonly groups: number
}

function parseHashlimit(options: Options, { family }: RuleContext): Match {
  const rule = readRule(options, family)
  const text = printRule(rule, family)
  return { print: () => text, prepare: (call) => tableOf(rule, call), conditions: () => conditionsOf(rule, text) }
}

function readRule(options: Options, family: Family): HashlimitRule {
  const use = options.oneOf(['hashlimit-upto', 'hashlimit-above'])
  if (!use) throw new Refusal(options.at, 'hashlimit needs --hashlimit-upto or --hashlimit-above')
  const rate = parseRate(use.values[0])
  const number = (name: string, fallback: number, low = 0, high = NUMBER_MAX): number => {
    const token = options.value(`hashlimit-${name}`)
    return token ? parseNumber(token, low, high, name) : fallback
  }
  const burstToken = options.value('hashlimit-burst')
  const burst = burstToken ? parseBurst(burstToken, rate.bytes) : DEFAULT_BURST
  const interval = readInterval(options, rate)
  const average = interval !== null && !rate.bytes ? Math.floor(rate.average / rate.unit) : rate.average
  const counted = rate.bytes ? byteBurst(rate, burstToken, burst) : Number(burst)
  checkOverflow(burstToken ?? use.values[0], { ...rate, average }, counted)
  const sourcePrefix = readPrefix(options.value('hashlimit-srcmask'), family)
  const destinationPrefix = readPrefix(options.value('hashlimit-dstmask'), family)
  const modes = parseModes(options.value('hashlimit-mode'))
  const buckets = Math.min(number('htable-size', 0), BUCKETS_MAX)
  const groups = Math.min(number('htable-max', 0), BUCKETS_MAX)
  const expire = rate.bytes ? (burstToken ? BYTE_BURST_EXPIRE : BYTE_EXPIRE) : rate.unit * 1000
  const nameToken = options.required('hashlimit-name')
  return {
    name: procName({ ...nameToken, text: nameToken.text.slice(0, NAME_MAX) }, NAME_MAX),
    above: (use.spec.name === 'hashlimit-above') !== use.negated,
    modes,
    sourcePrefix,
    destinationPrefix,
    buckets,
    groups,
    config: {
      average,
      bytes: rate.bytes,
      burst: counted,
      bySource: modes.includes('srcip'),
      byDestination: modes.includes('dstip'),
      bySourcePort: modes.includes('srcport'),
      byDestinationPort: modes.includes('dstport'),
      sourceMask: prefixMask(sourcePrefix, family),
      destinationMask: prefixMask(destinationPrefix, family),
      entriesMax:
        groups === 0 ? GROUPS_PER_BUCKET * (buckets || DEFAULT_BUCKETS) : Math.max(groups, buckets || DEFAULT_BUCKETS),
      expire: number('htable-expire', expire, 1),
      collect: number('htable-gcinterval', DEFAULT_COLLECT, 1),
      interval,
    },
  }
}

/** The prefix length of the addresses that make up one group; without a token, that of a whole address. */
function readPrefix(token: Token | undefined, family: Family): number {
  const bits = family === 'ipv4' ? 32 : 128
  if (!token) return bits
  const length = numberOf(token.text)
  // iptables passes too large a length on, and the kernel refuses it, except for the largest number.
  if (length !== null && length > bits && length !== NUMBER_MAX) {
    throw new Refusal(token, `a prefix length of ${token.text} is too long; write 0 to ${bits}`)
  }
  if (length === null && prefixLength(parseHost(token, family)) < 0) {
    throw new Refusal(token, `"${token.text}" is a mask with gaps; write a prefix length from 0 to ${bits}`)
  }
  return parsePrefixLength(token, family)
}

function readInterval(options: Options, rate: Rate): number | null {
  const token = options.value('hashlimit-rate-interval')
  const digits = /^[ \t]*\+?[0-9]+/.exec(token?.text ?? '')?.[0] ?? ''
  // Whatever stands after the digits is passed over, as iptables does; a 0 in front of them says nothing.
  const given = token ? parseNumber(token, 1, INTERVAL_MAX, 'interval', digits.replace(/^[ \t+]*0*/, '')) : null
  if (!options.has('hashlimit-rate-match')) return null
  return given ?? rate.unit
}

/** A byte burst, in whole seconds' worth of the rate. */
function byteBurst(rate: Rate, token: Token | undefined, burst: bigint): number {
  if (!token) return 0
  const second = bytesOf(rate.average)
  if (second === 0) throw new Refusal(token, 'a rate below 16 bytes a second takes no burst; leave it out')
  const seconds = secondsOfBurst(rate.average, burst)
  if (seconds === null)
    throw new Refusal(token, `the burst is smaller than a second's worth; write at least ${second}b`)
  return seconds
}

function checkOverflow(token: Token, rate: Rate, burst: number): void {
  if (rate.bytes) {
    if (Math.floor((rate.average * BYTE_CREDITS_MAX) / 2 ** 32) > 0) return
    throw new Refusal(token, 'the rate is higher than the kernel can count; lower it')
  }
  const credits = (time: number): bigint => BigInt.asUintN(64, BigInt(time) * BigInt(CREDITS_PER_MICROSECOND))
  if (credits(rate.average * burst) >= credits(rate.average)) return
  throw new Refusal(token, 'the burst takes longer than the kernel can count; lower it or raise the rate')
}

function parseModes(token: Token | undefined): Mode[] {
  if (!token) return []
  const words = token.text.split(/[,|]/).filter((word) => word !== '')
  for (const word of words) {
    if (MODES.every((mode) => mode !== word)) {
      throw new Refusal(
        partOf(token, word),
        `"${word}" is not a mode; write one or more of ${MODES.join(', ')}, with commas`,
      )
    }
  }
  return MODES.filter((mode) => words.includes(mode))
}

function printRule(rule: HashlimitRule, family: Family): string {
  const { config, modes } = rule
  const bits = family === 'ipv4' ? 32 : 128
  const parts: string[] = []
  const direction = rule.above ? 'hashlimit-above' : 'hashlimit-upto'
  let expire: number
  if (config.bytes) {
    parts.push(printOption(direction, printByteRate(config.average)))
    if (config.burst > 0) parts.push(`--hashlimit-burst ${printByteBurst(config.average, config.burst)}`)
    expire = config.burst > 0 ? BYTE_BURST_EXPIRE : BYTE_EXPIRE
  } else {
    const rate = config.average === 0 ? { text: 'inf', unit: 0 } : printCountPerUnit(config.average, SCALE)
    parts.push(printOption(direction, rate.text), `--hashlimit-burst ${config.burst}`)
    expire = rate.unit * 1000
  }
  if (modes.length > 0) parts.push(`--hashlimit-mode ${modes.join(',')}`)
  parts.push(`--hashlimit-name ${rule.name}`)
  if (rule.buckets > 0) parts.push(`--hashlimit-htable-size ${rule.buckets}`)
  if (rule.groups > 0) parts.push(`--hashlimit-htable-max ${rule.groups}`)
  if (config.collect !== DEFAULT_COLLECT) parts.push(`--hashlimit-htable-gcinterval ${config.collect}`)
  if (config.expire !== expire) parts.push(`--hashlimit-htable-expire ${config.expire}`)
  if (rule.sourcePrefix !== bits) parts.push(`--hashlimit-srcmask ${rule.sourcePrefix}`)
  if (rule.destinationPrefix !== bits) parts.push(`--hashlimit-dstmask ${rule.destinationPrefix}`)
  if (config.interval !== null) parts.push('--hashlimit-rate-match')
  if (config.interval !== null && config.interval !== 1) {
    parts.push(`--hashlimit-rate-interval ${config.interval}`)
  }
  return parts.join(' ')
}

/** The table of the name: the first rule in the file gives it its options. */
function tableOf(rule: HashlimitRule, { memory, family }: CallContext): HashlimitTable {
  return memory.shared(HashlimitTable, `${family} ${rule.name}`, () => new HashlimitTable(rule.config))
}

function conditionsOf(rule: HashlimitRule, label: string): Condition[] {
  const table = (context: CallContext): HashlimitTable => tableOf(rule, context)
  const drop = (what: string, missing: string, create: (of: HashlimitTable) => PureTest): Condition =>
    hotdropWhen({ kind: 'call', label: what, negated: false, missing, create: (context) => create(table(context)) })
  return [
    drop('no ports to group by', CUT_TRANSPORT_HEADER, (groups) => ({
      test: (packet) =>
        !groups.readsPorts ? NO : portsOf(packet) === null ? YES : portsCaptured(packet) ? NO : UNKNOWN,
    })),
    drop('no room for another group', MISSING, (groups) => ({
      test: (packet) => groups.isFullFor(packet),
    })),
    {
      kind: 'stateful',
      label,
      negated: rule.above,
      missing: MISSING,
      create: (context) => new HashlimitTest(table(context), rule.config.bytes),
    },
  ]
}

class HashlimitTest implements StatefulTest {
  readonly #table: HashlimitTable
  readonly #inBytes: boolean

  constructor(table: HashlimitTable, inBytes: boolean) {
    this.#table = table
    this.#inBytes = inBytes
  }

  uncertain(packet: RulePacket): boolean {
    return this.#table.isDoubtful(packet)
  }

  test(packet: RulePacket): number {
    return this.#table.take(packet, this.#inBytes) ? YES : NO
  }

  testPerhaps(packet: RulePacket): number {
    this.#table.doubt(packet)
    return UNKNOWN
  }
}
