import {
  FRAME_FILE,
  FRAME_FLAGS,
  FRAME_INTS,
  FRAME_NANOSECONDS,
  FRAME_WIRE_LENGTH,
  timeDigits,
} from '../../capture/frame-batch.ts'
import type { Outcome, PassedSink } from '../../netfilter/outcome.ts'
import { AnswerTeller, type AnswerWord } from '../../netfilter/shards/answer-words.ts'
import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import type { RuleInfo } from '../../ruleset/ruleset.ts'
import { IP_V4, P_DST, P_FAMILY, P_PORTS, P_SRC, PACKET_INTS } from '../../wire/packet-fields.ts'
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
  RECORD_INTS_MAX,
  RECORD_PASSED,
  RECORD_WAY,
  RECORD_WHOLE,
  WAY_SHIFT,
  WHOLE_FIELDS,
} from './record-layout.ts'
import type { RecordRing } from './record-ring.ts'

/** What records cannot hold, sent in the order in which the records refer to it. */
export type RecordWord = AnswerWord | { readonly kind: 'rule'; readonly rule: RuleInfo }

/** Writes records of what the outputs need of each frame, for another thread. */
export class RecordWriter {
  readonly passed: PassedSink = {
    way: (way, outcome) => this.#whole(RECORD_WAY | (way << WAY_SHIFT), outcome),
    packet: (batch, index, way, direction, connectionNumber) =>
      this.#passed(batch, index, RECORD_PASSED | (direction << DIRECTION_SHIFT) | (way << WAY_SHIFT), connectionNumber),
    total: () => {},
  }
  readonly #ring: RecordRing
  readonly #tell: (word: RecordWord) => void
  readonly #teller: AnswerTeller
  /** By RuleInfo.id, IPv4 and IPv6 rulesets apart: whether the other thread knows it. */
  readonly #rules4: boolean[] = []
  readonly #rules6: boolean[] = []
  /** Start of the block, how far it is filled, and the last place where a record may begin. */
  #block: number
  #at: number
  #last: number
  /** Records were handed over since the last time that everything was written. */
  #keepsBack = false
  #seconds = Number.NaN
  #digits = Number.NaN
  #file = -1

  constructor(ring: RecordRing, tell: (word: RecordWord) => void) {
    this.#ring = ring
    this.#tell = tell
    this.#teller = new AnswerTeller(tell)
    this.#block = ring.blockToFill()
    this.#at = this.#block
    this.#last = this.#lastPlace()
  }

  packet(outcome: Outcome): void {
    this.#room()
    const { epochSeconds, digits, file } = outcome
    if (epochSeconds !== this.#seconds || digits !== this.#digits || file !== this.#file) {
      this.#context(epochSeconds, digits, file)
    }
    this.#whole(RECORD_WHOLE, outcome)
  }

  /** Hands over what was written so far. @param goesOut whether the outputs are to write everything they have */
  flush(goesOut: boolean): void {
    if (this.#at > this.#block || (goesOut && this.#keepsBack)) this.#publish(goesOut)
  }

  #passed(batch: PacketBatch, index: number, head: number, connectionNumber: number): void {
    this.#room()
    const { info, rows } = batch
    const frame = index * FRAME_INTS
    const base = index * PACKET_INTS
    const seconds = batch.seconds[index]
    const digits = timeDigits(info[frame + FRAME_FLAGS])
    const file = info[frame + FRAME_FILE]
    if (seconds !== this.#seconds || digits !== this.#digits || file !== this.#file)
      this.#context(seconds, digits, file)
    const { ints } = this.#ring
    const at = this.#at
    ints[at] = head
    ints[at + R_NANOSECONDS] = info[frame + FRAME_NANOSECONDS]
    ints[at + R_WIRE_LENGTH] = info[frame + FRAME_WIRE_LENGTH]
    ints[at + R_CONNECTION] = connectionNumber
    ints[at + R_PORTS] = rows[base + P_PORTS]
    if (rows[base + P_FAMILY] === IP_V4) {
      ints[at + R_ADDRESSES] = rows[base + P_SRC]
      ints[at + R_ADDRESSES + 1] = rows[base + P_DST]
      this.#at = at + PASSED_INTS_V4
    } else {
      // Copies the words of both addresses, which follow each other.
      for (let word = 0; word < 8; word++) ints[at + R_ADDRESSES + word] = rows[base + P_SRC + word]
      this.#at = at + PASSED_INTS_V6
    }
  }

  #context(seconds: number, digits: number, file: number): void {
    const { ints, doubles } = this.#ring
    const at = this.#at
    ints[at] = RECORD_CONTEXT
    ints[at + R_FILE] = file
    ints[at + R_DIGITS] = digits
    doubles[(at + R_SECONDS) / INTS_OF_DOUBLE] = seconds
    this.#at = at + CONTEXT_INTS
    this.#seconds = seconds
    this.#digits = digits
    this.#file = file
  }

  #whole(head: number, outcome: Outcome): void {
    this.#room()
    const { ints, doubles } = this.#ring
    const { rule, fields, base, connectionNumber } = outcome
    if (rule !== null) this.#nameRule(rule)
    const at = this.#at
    ints[at] = head
    ints[at + R_NANOSECONDS] = outcome.nanoseconds
    ints[at + R_WIRE_LENGTH] = outcome.wireLength
    const to = at + R_FIELDS
    for (let field = 0; field < WHOLE_FIELDS; field++) ints[to + field] = fields[base + field]
    const answer = (at + R_ANSWER) / INTS_OF_DOUBLE
    const numbers = this.#teller.write(doubles, answer, outcome, 0, connectionNumber, 0, false)
    this.#at = at + R_ANSWER + numbers * INTS_OF_DOUBLE
  }

  #nameRule(rule: RuleInfo): void {
    const known = rule.family === 'ipv4' ? this.#rules4 : this.#rules6
    if (known[rule.id] === true) return
    while (known.length < rule.id) known.push(false)
    known[rule.id] = true
    this.#tell({ kind: 'rule', rule: copyOf(rule) })
  }

  #room(): void {
    if (this.#at > this.#last) this.#publish(false)
  }

  #publish(goesOut: boolean): void {
    const ring = this.#ring
    ring.publish(this.#at - this.#block, goesOut)
    this.#keepsBack = !goesOut
    this.#block = ring.blockToFill()
    this.#at = this.#block
    this.#last = this.#lastPlace()
  }

  #lastPlace(): number {
    return this.#ring.endOf(this.#block) - RECORD_INTS_MAX - CONTEXT_INTS
  }
}

/**
 * A rule as it can be sent to another thread: plain values, without the translation of nat rules, which outputs do not
 * need.
 */
function copyOf(rule: RuleInfo): RuleInfo {
  const { id, family, table, chain, number, record, target, file, line, text, comment, rejectsWithReset } = rule
  return { id, family, table, chain, number, record, target, file, line, text, comment, rejectsWithReset, nat: null }
}
