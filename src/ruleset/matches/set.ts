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
import type { RulePacket } from '../packet/rule-packet.ts'
import { wholeNumberOf } from '../text/numbers.ts'
import { type Options, printOption } from '../text/options.ts'
import { Refusal } from '../text/ruleset-error.ts'
import { parseSetReference, type SetReference } from '../text/set-options.ts'

const COUNTER_MAX = 0xffff_ffff_ffff_ffffn
const OPERATORS = ['eq', 'lt', 'gt'] as const
const UPDATES = ['update-counters', 'update-subcounters'] as const
type Counted = 'packets' | 'bytes'

/** Looks packets up in the sets of ipset. */
export const set: MatchExtension = {
  name: 'set',
  options: [
    { name: 'match-set', aliases: ['set'], values: 2, needs: 'a set and src/dst', negatable: true },
    // iptables passes over what is given twice.
    { name: 'return-nomatch', values: 0, repeatable: true },
    ...UPDATES.map((name) => ({ name, values: 0, negatable: true, repeatable: true })),
    ...(['packets', 'bytes'] as const).flatMap((counted) =>
      OPERATORS.map((operator) => ({ name: `${counted}-${operator}`, negatable: operator === 'eq' })),
    ),
  ],
  parse: parseSet,
}

interface ReadComparison {
  readonly comparison: CounterComparison
  /** As iptables-save prints it. */
  readonly text: string
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
  const packets = readComparison(options, 'packets')
  const bytes = readComparison(options, 'bytes')
  const counters: CounterRule = {
    packets: packets?.comparison ?? null,
    bytes: bytes?.comparison ?? null,
    update: !negatedOnce(options, 'update-counters'),
    updateMembers: !negatedOnce(options, 'update-subcounters'),
  }
  const rule: SetRule = { reference, negated: use.negated, counters }
  const text = [
    printOption('match-set', reference.text, use.negated),
    options.has('return-nomatch') ? '--return-nomatch' : '',
    ...UPDATES.map((name) => (negatedOnce(options, name) ? `! --${name}` : '')),
    packets?.text ?? '',
    bytes?.text ?? '',
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

/** Whether any of the repeated options is negated. */
function negatedOnce(options: Options, name: string): boolean {
  return options.every(name).some(({ negated }) => negated)
}

function readComparison(options: Options, counted: Counted): ReadComparison | null {
  const use = options.oneOf(OPERATORS.map((operator) => `${counted}-${operator}`))
  if (!use) return null
  const operator = OPERATORS.find((one) => use.spec.name.endsWith(one)) ?? 'eq'
  const [token] = use.values
  const value = wholeNumberOf(token.text)
  if (value === null || value > COUNTER_MAX) {
    throw new Refusal(token, `"${token.text}" is not a number of ${counted}; write a number from 0 to ${COUNTER_MAX}`)
  }
  return {
    comparison: { operator: use.negated ? 'ne' : operator, value: Number(value) },
    text: printOption(use.spec.name, `${value}`, use.negated),
  }
}

/** null for a set that was not given. */
export function findSet(name: string, { memory, environment }: CallContext): IpSet | null {
  return memory.shared(IpSets, '', () => new IpSets([])).get(name, environment.interfaces)
}

function notGiven(name: string): string {
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
