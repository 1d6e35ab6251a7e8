import { P_DST, P_SRC } from '../../wire/packet-fields.ts'
import { type CallContext, NO, type StatefulTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { Match, MatchExtension, RuleContext } from '../extension.ts'
import type { Family } from '../packet/rule-environment.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { HZ, ticksAt } from '../packet/ticks.ts'
import { parseHost, prefixMask, printAddress, type Words } from '../text/addresses.ts'
import { parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { procName } from '../text/proc-name.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { RecentList } from './recent-list.ts'

const OPERATIONS = ['set', 'rcheck', 'update', 'remove'] as const
type Operation = (typeof OPERATIONS)[number]
/** XT_RECENT_MAX_NSTAMPS - 1, and XT_RECENT_NAME_LEN - 1. */
const HITS_MAX = 65_535
const NAME_MAX = 199
const SECONDS_MAX = 0xffff_ffff
const DEFAULT_NAME = 'DEFAULT'
const MISSING = 'whether an earlier packet went into this list depends on a rule that could not be decided'

/** Lists of addresses by name, filled by the rules themselves. */
export const recent: MatchExtension = {
  name: 'recent',
  options: [
    ...OPERATIONS.map((name) => ({ name, values: 0, negatable: true })),
    { name: 'seconds' },
    { name: 'reap', values: 0 },
    { name: 'hitcount' },
    { name: 'rttl', values: 0 },
    { name: 'name' },
    { name: 'mask' },
    { name: 'rsource', values: 0 },
    { name: 'rdest', values: 0 },
  ],
  parse: parseRecent,
}

interface RecentRule {
  readonly operation: Operation
  readonly negated: boolean
  readonly seconds: number
  readonly reap: boolean
  readonly hits: number
  readonly sameTtl: boolean
  readonly name: string
  /** null: the whole address. */
  readonly mask: Words | null
  /** P_SRC or P_DST */
  readonly addressAt: number
}

function parseRecent(options: Options, context: RuleContext): Match {
  const rule = readRule(options, context)
  const text = printRule(rule, context.family)
  return {
    print: () => text,
    prepare: (call) => listOf(rule, call),
    conditions: () => [
      { kind: 'stateful', label: text, negated: false, missing: MISSING, create: (call) => recentTest(rule, call) },
    ],
  }
}

function readRule(options: Options, { family }: RuleContext): RecentRule {
  const use = options.oneOf(OPERATIONS)
  if (!use) throw new Refusal(options.at, 'recent needs --set, --rcheck, --update or --remove')
  const operation = OPERATIONS.find((name) => name === use.spec.name) ?? 'set'
  const number = (name: string, low: number, high: number): number => {
    const token = options.value(name)
    return token ? parseNumber(token, low, high, name) : 0
  }
  const seconds = number('seconds', 1, SECONDS_MAX)
  const hits = number('hitcount', 0, HITS_MAX)
  const modifier = options.uses.find(({ spec }) => ['seconds', 'reap', 'hitcount', 'rttl'].includes(spec.name))
  if (modifier && (operation === 'set' || operation === 'remove')) {
    throw new Refusal(modifier.at, `--${modifier.spec.name} stands only with --rcheck and --update; take it away`)
  }
  const reap = options.get('reap')
  if (reap && seconds === 0) throw new Refusal(reap.at, '--reap needs --seconds')
  const nameToken = options.value('name')
  const maskToken = options.value('mask')
  return {
    operation,
    negated: use.negated,
    seconds,
    reap: reap !== undefined,
    hits,
    sameTtl: options.has('rttl'),
    name: nameToken ? procName({ ...nameToken, text: nameToken.text.slice(0, NAME_MAX) }, NAME_MAX) : DEFAULT_NAME,
    mask: maskToken ? parseHost(maskToken, family) : null,
    // Of both the last one counts.
    addressAt:
      options.uses.findLast(({ spec }) => /^r(source|dest)$/.test(spec.name))?.spec.name === 'rdest' ? P_DST : P_SRC,
  }
}

function printRule(rule: RecentRule, family: Family): string {
  return [
    printOption(rule.operation, '', rule.negated),
    rule.seconds > 0 ? `--seconds ${rule.seconds | 0}` : '',
    rule.reap ? '--reap' : '',
    rule.hits > 0 ? `--hitcount ${rule.hits}` : '',
    rule.sameTtl ? '--rttl' : '',
    `--name ${rule.name} --mask ${printAddress(rule.mask ?? prefixMask(128, family))}`,
    rule.addressAt === P_DST ? '--rdest' : '--rsource',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/**
 * The list of that name. Its mask is that of the first rule in the file; it remembers as many times as the highest hit
 * count needs.
 */
function listOf(rule: RecentRule, { memory }: CallContext): RecentList {
  const list = memory.shared(RecentList, rule.name, () => new RecentList(maskWords(rule.mask)))
  list.remember(rule.hits)
  return list
}

function recentTest(rule: RecentRule, context: CallContext): StatefulTest {
  const list = listOf(rule, context)
  if (rule.operation === 'set') return new RecentSet(list, rule)
  return rule.operation === 'remove' ? new RecentRemove(list, rule) : new RecentCheck(list, rule)
}

/** Four words for both families. */
function maskWords(mask: Words | null): Int32Array {
  const words = new Int32Array(4)
  if (mask === null) words.fill(-1)
  else words.set(mask)
  return words
}

class RecentSet implements StatefulTest {
  readonly #list: RecentList
  readonly #at: number
  readonly #answer: number

  constructor(list: RecentList, rule: RecentRule) {
    this.#list = list
    this.#at = rule.addressAt
    this.#answer = rule.negated ? NO : YES
  }

  uncertain(): boolean {
    return false
  }

  test(packet: RulePacket): number {
    const slot = this.#list.find(packet, this.#at, false)
    if (slot < 0) this.#list.add(packet)
    else this.#list.update(slot, packet)
    return this.#answer
  }

  testPerhaps(packet: RulePacket): number {
    this.#list.doubt(packet, this.#at)
    return this.#answer
  }
}

class RecentRemove implements StatefulTest {
  readonly #list: RecentList
  readonly #at: number
  readonly #negated: boolean

  constructor(list: RecentList, rule: RecentRule) {
    this.#list = list
    this.#at = rule.addressAt
    this.#negated = rule.negated
  }

  uncertain(packet: RulePacket): boolean {
    if (!this.#list.isDoubtful(packet, this.#at)) return false
    const slot = this.#list.find(packet, this.#at, false)
    return slot < 0 || !this.#list.surelySeen(slot, Number.NEGATIVE_INFINITY, 1)
  }

  test(packet: RulePacket): number {
    const slot = this.#list.find(packet, this.#at, false)
    this.#list.remove(slot)
    return Number(slot >= 0 !== this.#negated)
  }

  testPerhaps(packet: RulePacket): number {
    const known = !this.uncertain(packet)
    const slot = this.#list.find(packet, this.#at, false)
    if (known && slot < 0) return this.#negated ? YES : NO
    this.#list.doubt(packet, this.#at)
    return known ? Number(!this.#negated) : UNKNOWN
  }

  testUncertain(packet: RulePacket): number {
    this.test(packet)
    return UNKNOWN
  }
}

/** --rcheck and --update */
class RecentCheck implements StatefulTest {
  readonly #list: RecentList
  readonly #rule: RecentRule
  readonly #ticks: number
  readonly #updates: boolean

  constructor(list: RecentList, rule: RecentRule) {
    this.#list = list
    this.#rule = rule
    this.#ticks = rule.seconds * HZ
    this.#updates = rule.operation === 'update'
  }

  uncertain(packet: RulePacket): boolean {
    if (!this.#list.hasDoubts) return false
    const { addressAt, hits, reap, sameTtl } = this.#rule
    if (reap) return true
    if (!this.#list.isDoubtful(packet, addressAt)) return false
    const slot = this.#list.find(packet, addressAt, sameTtl)
    return slot < 0 || !this.#list.surelySeen(slot, this.#since(packet), hits)
  }

  test(packet: RulePacket): number {
    const { hits, reap, negated } = this.#rule
    const slot = this.#list.find(packet, this.#rule.addressAt, this.#rule.sameTtl)
    if (slot < 0) return negated ? YES : NO
    const since = this.#since(packet)
    const matched = this.#list.seen(slot, since, hits) !== negated
    const update = this.#updates && matched
    if (reap) this.#list.reap(since, update ? slot : -1)
    if (update) this.#list.update(slot, packet)
    return Number(matched)
  }

  testPerhaps(packet: RulePacket): number {
    const { addressAt, hits, negated, reap, sameTtl } = this.#rule
    const known = !this.uncertain(packet)
    const slot = this.#list.find(packet, addressAt, sameTtl)
    if (known && slot < 0) return negated ? YES : NO
    const matched = known && this.#list.seen(slot, this.#since(packet), hits) !== negated
    if (reap) this.#list.lose()
    if (this.#updates && (matched || !known)) this.#list.doubt(packet, addressAt)
    return known ? Number(matched) : UNKNOWN
  }

  #since(packet: RulePacket): number {
    return this.#ticks === 0 ? Number.NEGATIVE_INFINITY : ticksAt(packet) - this.#ticks
  }
}
