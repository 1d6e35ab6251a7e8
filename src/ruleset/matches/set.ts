import {
  type CallContext,
  type Condition,
  NO,
  never,
  type StatefulTest,
  UNKNOWN,
  undecidable,
} from '../evaluate/condition.ts'
import type { Match, MatchExtension } from '../extension.ts'
import type { CounterComparison, CounterRule, IpSet } from '../ipset/ip-set.ts'
import { IpSets } from '../ipset/ip-sets.ts'
import type { RulePacket } from '../rule-packet.ts'
import { parseNumber } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseSetReference, type SetReference } from '../text/set-options.ts'

const COUNTER_MAX = 2 ** 64 - 1
const OPERATORS = ['eq', 'lt', 'gt'] as const
const UPDATES = ['update-counters', 'update-subcounters'] as const
type Counted = 'packets' | 'bytes'

/** Looks packets up in the sets of ipset. */
export const set: MatchExtension = {
  name: 'set',
  options: [
    { name: 'match-set', aliases: ['set'], values: 2, negatable: true },
    { name: 'return-nomatch', values: 0 },
    ...UPDATES.map((name) => ({ name, values: 0, negatable: true })),
    ...(['packets', 'bytes'] as const).flatMap((counted) =>
      OPERATORS.map((operator) => ({ name: `${counted}-${operator}`, negatable: operator === 'eq' })),
    ),
  ],
  parse: parseSet,
}

interface SetRule {
  readonly reference: SetReference
  readonly negated: boolean
  readonly counters: CounterRule
}

function parseSet(options: Options): Match {
  const use = options.get('match-set')
  if (!use) throw new Refusal(options.at, 'set needs --match-set NAME FLAGS, as --match-set trusted src')
  const reference = parseSetReference(use, options.has('return-nomatch'))
  const counters: CounterRule = {
    packets: readComparison(options, 'packets'),
    bytes: readComparison(options, 'bytes'),
    update: !options.negated('update-counters'),
    updateMembers: !options.negated('update-subcounters'),
  }
  const rule: SetRule = { reference, negated: use.negated, counters }
  const text = [
    printOption('match-set', reference.text, use.negated),
    options.has('return-nomatch') ? '--return-nomatch' : '',
    ...UPDATES.map((name) => (options.negated(name) ? `! --${name}` : '')),
    printComparison('packets', counters.packets),
    printComparison('bytes', counters.bytes),
  ]
    .filter((part) => part !== '')
    .join(' ')
  const compares = counters.packets !== null || counters.bytes !== null
  return {
    print: () => text,
    prepare(context) {
      const found = findSet(reference.name, context)
      if (found && compares) found.tracksCounters = true
    },
    conditions: (context) => [conditionOf(rule, text, context)],
  }
}

function readComparison(options: Options, counted: Counted): CounterComparison | null {
  const use = options.oneOf(OPERATORS.map((operator) => `${counted}-${operator}`))
  if (!use) return null
  const operator = OPERATORS.find((one) => use.spec.name.endsWith(one)) ?? 'eq'
  return {
    operator: use.negated ? 'ne' : operator,
    value: parseNumber(use.values[0], 0, COUNTER_MAX, `number of ${counted}`),
  }
}

function printComparison(counted: Counted, comparison: CounterComparison | null): string {
  if (comparison === null) return ''
  const { operator, value } = comparison
  return operator === 'ne' ? `! --${counted}-eq ${value}` : `--${counted}-${operator} ${value}`
}

/** null for a set that was not given. */
export function findSet(name: string, { memory, environment }: CallContext): IpSet | null {
  return memory.shared(IpSets, '', () => new IpSets([])).get(name, environment.interfaces)
}

export function notGiven(name: string): string {
  return `the set "${name}" was not given; give the output of ipset save with --ipset`
}

function conditionOf(rule: SetRule, label: string, context: CallContext): Condition {
  const { reference, negated } = rule
  const found = findSet(reference.name, context)
  if (!found) return undecidable(notGiven(reference.name))
  const { family } = found.definition
  if (family !== null && family !== context.family) return { ...never(), value: negated }
  const missing = `what the set "${reference.name}" says of the packet is not known: an address of the link layer, an interface, or an earlier rule that could not be decided`
  if (found.tracksCounters) {
    return { kind: 'stateful', label, negated, missing, create: () => new CountingTest(found, rule) }
  }
  const { flags } = reference
  return {
    kind: 'call',
    label,
    negated,
    ...(found.mayBeUnknown && { missing }),
    create: () => ({ test: (packet) => found.test(packet, flags, null) }),
  }
}

class CountingTest implements StatefulTest {
  readonly #set: IpSet
  readonly #rule: SetRule

  constructor(found: IpSet, rule: SetRule) {
    this.#set = found
    this.#rule = rule
  }

  uncertain(packet: RulePacket): boolean {
    const { hasDoubts, mayBeUnknown } = this.#set
    if (!hasDoubts && !mayBeUnknown) return false
    const answer = this.#set.test(packet, this.#rule.reference.flags, null)
    return answer === UNKNOWN || (hasDoubts && answer !== NO)
  }

  test(packet: RulePacket): number {
    return this.#set.test(packet, this.#rule.reference.flags, this.#rule.counters)
  }

  testPerhaps(packet: RulePacket): number {
    const answer = this.#set.testPerhaps(packet, this.#rule.reference.flags, this.#rule.counters)
    return answer === NO ? NO : this.#rule.counters.packets || this.#rule.counters.bytes ? UNKNOWN : answer
  }
}
