import { FrameNumbers } from '../../capture/frame-numbers.ts'
import { Outcome, type Sink } from '../../netfilter/outcome.ts'
import {
  ANSWER_ENTRY,
  ANSWER_NUMBERS,
  ANSWER_NUMBERS_BRIEF,
  ANSWER_RULE,
  readAnswer,
} from '../../netfilter/shards/answer-rows.ts'
import { AnswerHearer, type AnswerWord } from '../../netfilter/shards/answer-words.ts'
import type { RuleInfo } from '../../ruleset/ruleset.ts'
import {
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L4_LENGTH,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import {
  CONTEXT_INTS,
  DIRECTION_SHIFT,
  INTS_OF_DOUBLE,
  PASSED_INTS_V4,
  PASSED_INTS_V6,
  R_ADDRESSES,
  R_ANSWER,
  R_CONNECTION,
  R_DIGITS,
  R_FIELDS,
  R_FILE,
  R_NANOSECONDS,
  R_PORTS,
  R_SECONDS,
  R_WIRE_LENGTH,
  RECORD_CONTEXT,
  RECORD_KIND_MASK,
  RECORD_PASSED,
  RECORD_WHOLE,
  WAY_SHIFT,
} from './record-layout.ts'
import type { RecordRing } from './record-ring.ts'
import type { RecordWord } from './record-writer.ts'

/** What the outcomes of all packets on a way (netfilter/way.ts) have in common. */
interface WayOutcome {
  readonly family: number
  readonly protocol: number
  readonly state: number
  readonly hook: number
  readonly verdict: number
  readonly rule: RuleInfo | null
}

/** P_L4_LENGTH of such packets: a transport header is there, and outputs need no more than its ports. */
const HEADER_BYTES = 8

/** Passes outcomes to the sinks from the records that another thread has written. */
export class RecordReader {
  readonly #ring: RecordRing
  readonly #sinks: readonly Sink[]
  readonly #hear: () => RecordWord
  readonly #hearer: AnswerHearer
  readonly #rules4: RuleInfo[] = []
  readonly #rules6: RuleInfo[] = []
  readonly #ways: WayOutcome[] = []
  readonly #numbers = new FrameNumbers()
  /** For packets that took the short way. Fields that such packets do not have keep their first values. */
  readonly #passed = new Outcome()
  readonly #whole = new Outcome()

  /** @param hear returns the next word from the other thread */
  constructor(ring: RecordRing, sinks: readonly Sink[], hear: () => RecordWord) {
    this.#ring = ring
    this.#sinks = sinks
    this.#hear = hear
    this.#hearer = new AnswerHearer(() => hear() as AnswerWord)
    const fields = new Int32Array(PACKET_INTS)
    fields[P_L3_CAPTURED] = HEADER_BYTES
    fields[P_L4_LENGTH] = HEADER_BYTES
    this.#passed.fields = fields
  }

  /** Reads a block of records. */
  read(from: number, length: number): void {
    const { ints } = this.#ring
    const end = from + length
    for (let at = from; at < end; ) {
      const kind = ints[at] & RECORD_KIND_MASK
      if (kind === RECORD_PASSED) at = this.#readPassed(at)
      else if (kind === RECORD_CONTEXT) at = this.#readContext(at)
      else at = this.#readWhole(at, kind)
    }
  }

  #readPassed(at: number): number {
    const { ints } = this.#ring
    const outcome = this.#passed
    const { fields } = outcome
    const head = ints[at]
    const { family, protocol, state, hook, verdict, rule } = this.#ways[head >>> WAY_SHIFT]
    outcome.nanoseconds = ints[at + R_NANOSECONDS]
    outcome.wireLength = ints[at + R_WIRE_LENGTH]
    outcome.connectionNumber = ints[at + R_CONNECTION] >>> 0
    outcome.direction = (head >>> DIRECTION_SHIFT) & 1
    outcome.state = state
    outcome.hook = hook
    outcome.verdict = verdict
    outcome.rule = rule
    fields[P_FAMILY] = family
    fields[P_PROTOCOL] = protocol
    fields[P_PORTS] = ints[at + R_PORTS]
    if (family === IP_V4) {
      fields[P_SRC] = ints[at + R_ADDRESSES]
      fields[P_DST] = ints[at + R_ADDRESSES + 1]
      this.#give(outcome)
      return at + PASSED_INTS_V4
    }
    for (let word = 0; word < 8; word++) fields[P_SRC + word] = ints[at + R_ADDRESSES + word]
    this.#give(outcome)
    return at + PASSED_INTS_V6
  }

  #readContext(at: number): number {
    const { ints, doubles } = this.#ring
    for (const outcome of [this.#passed, this.#whole]) {
      outcome.file = ints[at + R_FILE]
      outcome.digits = ints[at + R_DIGITS]
      outcome.epochSeconds = doubles[(at + R_SECONDS) / INTS_OF_DOUBLE]
    }
    return at + CONTEXT_INTS
  }

  #readWhole(at: number, kind: number): number {
    const { ints, doubles } = this.#ring
    const outcome = this.#whole
    const answer = (at + R_ANSWER) / INTS_OF_DOUBLE
    outcome.nanoseconds = ints[at + R_NANOSECONDS]
    outcome.wireLength = ints[at + R_WIRE_LENGTH]
    outcome.fields = ints
    outcome.base = at + R_FIELDS
    outcome.rule = this.#ruleOf(doubles[answer + ANSWER_RULE], ints[outcome.base + P_FAMILY])
    outcome.connectionNumber = doubles[answer + ANSWER_ENTRY]
    const hasMore = readAnswer(doubles, answer, outcome)
    if (hasMore) this.#hearer.fetch(doubles, answer, outcome)
    else forgetMore(outcome)
    if (kind === RECORD_WHOLE) this.#give(outcome)
    else this.#learnWay(ints[at] >>> WAY_SHIFT, outcome)
    return at + R_ANSWER + (hasMore ? ANSWER_NUMBERS : ANSWER_NUMBERS_BRIEF) * INTS_OF_DOUBLE
  }

  #ruleOf(id: number, family: number): RuleInfo | null {
    if (id < 0) return null
    const rules = family === IP_V6 ? this.#rules6 : this.#rules4
    if (rules[id] !== undefined) return rules[id]
    const word = this.#hear()
    if (word.kind !== 'rule') throw new Error('a rule was not sent')
    rules[id] = word.rule
    return word.rule
  }

  #learnWay(number: number, { fields, base, state, hook, verdict, rule }: Outcome): void {
    const family = fields[base + P_FAMILY]
    this.#ways[number] = { family, protocol: fields[base + P_PROTOCOL], state, hook, verdict, rule }
  }

  #give(outcome: Outcome): void {
    const sinks = this.#sinks
    this.#numbers.next(outcome.file)
    outcome.frame = this.#numbers.frame
    outcome.fileFrame = this.#numbers.fileFrame
    for (let s = 0; s < sinks.length; s++) sinks[s].packet(outcome)
  }
}

function forgetMore(outcome: Outcome): void {
  outcome.reason = 0
  outcome.reasonA = 0
  outcome.reasonB = 0
  outcome.reasonFrame = 0
  outcome.assumesFrame = 0
  outcome.unknownText = null
  outcome.hintHelper = null
  outcome.fragmentCount = 0
}
