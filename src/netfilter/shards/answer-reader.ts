import { FRAME_FILE, FRAME_INTS } from '../../capture/frame-batch.ts'
import { FrameNumbers } from '../../capture/frame-numbers.ts'
import type { PacketBatch } from '../../pipeline/packet-batch.ts'
import type { CompiledRuleset } from '../../ruleset/ruleset.ts'
import { grown } from '../../wire/grown.ts'
import { IP_NONE, IP_V6, P_FAMILY, P_NOTE, PACKET_INTS } from '../../wire/packet-fields.ts'
import { beginOutcome } from '../begin-outcome.ts'
import type { Outcome } from '../outcome.ts'
import {
  ANSWER_ENTRY,
  ANSWER_NUMBERS,
  ANSWER_OPENED,
  ANSWER_RULE,
  ANSWER_SHARD,
  isOpened,
  readAnswer,
} from './answer-rows.ts'
import { AnswerHearer, type AnswerWord } from './answer-words.ts'

const ENTRIES_AT_START = 1024
const GROWTH = 2

/** Turns the answers of the shards into outcomes, frame by frame, as a single machine would have given them. */
export class AnswerReader {
  /** Connections made so far, by all shards. */
  created = 0
  readonly #ruleset4: CompiledRuleset | null
  readonly #ruleset6: CompiledRuleset | null
  readonly #frameNumbers = new FrameNumbers()
  /** By shard, then by entry: the number of its connection, counted over all shards. */
  readonly #numbers: Float64Array[]
  readonly #hearers: readonly AnswerHearer[]

  /** @param hear the next word of a shard */
  constructor(
    shards: number,
    ruleset4: CompiledRuleset | null,
    ruleset6: CompiledRuleset | null,
    hear: (shard: number) => AnswerWord,
  ) {
    this.#ruleset4 = ruleset4
    this.#ruleset6 = ruleset6
    this.#numbers = Array.from({ length: shards }, () => new Float64Array(ENTRIES_AT_START))
    this.#hearers = Array.from({ length: shards }, (_, shard) => new AnswerHearer(() => hear(shard)))
  }

  /** Frames described so far. */
  get frames(): number {
    return this.#frameNumbers.frame
  }

  /** Fills in the outcome of frame `index` of a batch that all shards have answered. */
  describe(batch: PacketBatch, index: number, answers: Float64Array, outcome: Outcome): void {
    this.#frameNumbers.next(batch.info[index * FRAME_INTS + FRAME_FILE])
    beginOutcome(outcome, batch, index, this.#frameNumbers)
    const base = index * PACKET_INTS
    const family = batch.rows[base + P_FAMILY]
    if (family === IP_NONE) {
      outcome.note = batch.rows[base + P_NOTE]
      return
    }
    const at = index * ANSWER_NUMBERS
    const shard = answers[at + ANSWER_SHARD]
    const hasMore = readAnswer(answers, at, outcome)
    const rule = answers[at + ANSWER_RULE]
    if (rule >= 0) outcome.rule = (family === IP_V6 ? this.#ruleset6 : this.#ruleset4)?.rules[rule] ?? null
    this.created += answers[at + ANSWER_OPENED]
    const entry = answers[at + ANSWER_ENTRY]
    if (entry >= 0) {
      if (isOpened(answers, at)) this.#name(shard, entry)
      outcome.connectionNumber = this.#numbers[shard][entry]
    }
    if (hasMore) this.#hearers[shard].fetch(answers, at, outcome)
  }

  #name(shard: number, entry: number): void {
    let numbers = this.#numbers[shard]
    if (entry >= numbers.length) {
      numbers = grown(numbers, new Float64Array(Math.max(entry + 1, numbers.length * GROWTH)))
      this.#numbers[shard] = numbers
    }
    numbers[entry] = this.created
  }
}
