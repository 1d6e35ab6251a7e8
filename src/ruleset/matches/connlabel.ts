import { type CallContext, type Condition, NO, type StatefulTest, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { MatchExtension } from '../extension.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { wholeNumberOf } from '../text/numbers.ts'
import { printOption } from '../text/options.ts'
import type { LabelNames } from '../text/parse-label-names.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import { DoubtfulLabels, LABELS } from './doubtful-labels.ts'

const NUMBER_MAX = 0xffff_ffff_ffff_ffffn
const MISSING = 'whether the connection has this label depends on a rule that could not be decided'

/** Labels that rules put on connections. */
export const connlabel: MatchExtension = {
  name: 'connlabel',
  options: [
    { name: 'label', negatable: true },
    { name: 'set', values: 0 },
  ],
  parse(options, { labels }) {
    const label = parseLabel(options.required('label'), labels)
    const negated = options.negated('label')
    const sets = options.has('set')
    const word = labels?.nameOf.get(label) ?? label
    const text = `${printOption('label', `"${word}"`, negated)}${sets ? ' --set' : ''}`
    return {
      print: () => text,
      conditions: (): Condition[] => [
        {
          kind: 'stateful',
          label: text,
          negated,
          missing: MISSING,
          create: (context) => new LabelTest(label, sets, context),
        },
      ],
    }
  },
}

/** A number is one, even where a name is written so. */
function parseLabel(token: Token, labels: LabelNames | null): number {
  const number = wholeNumberOf(token.text)
  // iptables keeps the low 16 bits.
  const label =
    number !== null && number <= NUMBER_MAX ? Number(number % 65_536n) : (labels?.numberOf.get(token.text) ?? null)
  if (label === null) throw new Refusal(token, `"${token.text}" is no number, and ${notNamed(labels)}`)
  if (label < LABELS) return label
  throw new Refusal(token, `label ${token.text} is too high; write 0 to ${LABELS - 1}`)
}

function notNamed(labels: LabelNames | null): string {
  return labels === null
    ? 'no names were given; give connlabel.conf with --connlabels, or write the number'
    : 'no name in the file of --connlabels; name it there, or write the number'
}

class LabelTest implements StatefulTest {
  readonly #label: number
  readonly #sets: boolean
  readonly #doubts: DoubtfulLabels

  constructor(label: number, sets: boolean, { memory }: CallContext) {
    this.#label = label
    this.#sets = sets
    this.#doubts = memory.shared(DoubtfulLabels, '', () => new DoubtfulLabels())
  }

  uncertain(packet: RulePacket): boolean {
    const { connection, connections } = packet
    if (this.#sets || connection < 0 || !this.#doubts.has(connections, connection, this.#label)) return false
    return !connections.hasLabel(connection, this.#label)
  }

  test(packet: RulePacket): number {
    const { connection, connections } = packet
    if (connection < 0) return NO
    if (connections.hasLabel(connection, this.#label)) return YES
    if (!this.#sets) return NO
    connections.setLabel(connection, this.#label)
    return YES
  }

  testPerhaps(packet: RulePacket): number {
    const { connection, connections } = packet
    if (connection < 0) return NO
    if (connections.hasLabel(connection, this.#label)) return YES
    if (this.#sets) {
      this.#doubts.add(connections, connection, this.#label)
      return YES
    }
    return this.#doubts.has(connections, connection, this.#label) ? UNKNOWN : NO
  }
}
