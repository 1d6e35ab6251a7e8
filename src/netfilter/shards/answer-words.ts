import type { Outcome } from '../outcome.ts'
import { ANSWER_FRAGMENTS, ANSWER_HINT, ANSWER_UNKNOWN, writeAnswer } from './answer-rows.ts'

/** A text or list that a row of answers cannot hold. They are sent in the order in which the rows refer to them. */
export type AnswerWord =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fragments'; readonly frames: Float64Array }

/** The sending side: writes answers into rows, and sends the words that belong to them, each text only once. */
export class AnswerTeller {
  readonly #tell: (word: AnswerWord) => void
  readonly #texts = new Map<string, number>()

  constructor(tell: (word: AnswerWord) => void) {
    this.#tell = tell
  }

  /** As `writeAnswer`. */
  write(
    rows: Float64Array,
    at: number,
    outcome: Outcome,
    shard: number,
    entry: number,
    opened: number,
    isOpened: boolean,
  ): number {
    const numbers = writeAnswer(rows, at, outcome, shard, entry, opened, isOpened)
    if (outcome.unknownText !== null) rows[at + ANSWER_UNKNOWN] = this.#numberOf(outcome.unknownText)
    if (outcome.hintHelper !== null) rows[at + ANSWER_HINT] = this.#numberOf(outcome.hintHelper)
    if (outcome.fragmentCount > 0) {
      this.#tell({ kind: 'fragments', frames: outcome.fragments.slice(0, outcome.fragmentCount) })
    }
    return numbers
  }

  #numberOf(text: string): number {
    let number = this.#texts.get(text)
    if (number === undefined) {
      number = this.#texts.size + 1
      this.#texts.set(text, number)
      this.#tell({ kind: 'text', text })
    }
    return number
  }
}

/**
 * The receiving side: fetches the words that belong to a row. Rows must be read in the order in which they were
 * written.
 */
export class AnswerHearer {
  readonly #hear: () => AnswerWord
  readonly #texts: string[] = []

  constructor(hear: () => AnswerWord) {
    this.#hear = hear
  }

  /** Fills in texts and fragments. */
  fetch(rows: Float64Array, at: number, outcome: Outcome): void {
    outcome.unknownText = this.#text(rows[at + ANSWER_UNKNOWN])
    outcome.hintHelper = this.#text(rows[at + ANSWER_HINT])
    outcome.fragmentCount = rows[at + ANSWER_FRAGMENTS]
    if (outcome.fragmentCount === 0) return
    const word = this.#hear()
    if (word.kind === 'fragments') outcome.fragments = word.frames
  }

  #text(number: number): string | null {
    if (number === 0) return null
    if (number > this.#texts.length) {
      const word = this.#hear()
      if (word.kind === 'text') this.#texts.push(word.text)
    }
    return this.#texts[number - 1]
  }
}
