import type { Outcome } from '../outcome.ts'

/**
 * A shard's answer for a packet, as a row of numbers: everything of an Outcome that the frame itself does not show. A
 * row has the place of its packet in the batch, so that the shards fill in one table together.
 */
export const ANSWER_NUMBERS = 14

/** Bit fields, see below. */
const SHAPE = 0
/** Which shard wrote the row. */
export const ANSWER_SHARD = 1
/** RuleInfo.id in the ruleset of the packet's family, or -1. */
export const ANSWER_RULE = 2
/** The shard's entry of the packet's connection, -1 for none. Identifies the connection together with ANSWER_OPENED. */
export const ANSWER_ENTRY = 3
/** Connections made for the packet, including those that it did not keep. */
export const ANSWER_OPENED = 4
/** From here on: only valid where MORE is set. */
const REASON = 5
/** Numbers of a row without MORE. */
export const ANSWER_NUMBERS_BRIEF = REASON
const REASON_A = 6
const REASON_B = 7
const REASON_FRAME = 8
const ASSUMES_FRAME = 9
/** Numbers of texts (AnswerTeller), from 1; 0 for null. */
export const ANSWER_UNKNOWN = 10
export const ANSWER_HINT = 11
/** How many frames the datagram came in; the frames themselves are an AnswerWord. */
export const ANSWER_FRAGMENTS = 12

const NOTE_BITS = 5
const STATE_SHIFT = 5
const DIRECTION_SHIFT = 8
const HOOK_SHIFT = 10
const DROP_HOOK_SHIFT = 13
const VERDICT_SHIFT = 16
const POSSIBLE_SHIFT = 19
const CONFIRMED = 1 << 28
const MORE = 1 << 29
/** The packet's connection is the last one that was made for it. */
const IS_OPENED = 1 << 30
const NOTE_MASK = (1 << NOTE_BITS) - 1

/**
 * Writes an outcome, without texts and lists, into the row that begins at `at`.
 * @param entry -1 for none
 * @returns how many numbers it took
 */
export function writeAnswer(
  rows: Float64Array,
  at: number,
  outcome: Outcome,
  shard: number,
  entry: number,
  opened: number,
  isOpened: boolean,
): number {
  const hasMore =
    outcome.reason !== 0 ||
    outcome.assumesFrame !== 0 ||
    outcome.unknownText !== null ||
    outcome.hintHelper !== null ||
    outcome.fragmentCount !== 0
  rows[at + SHAPE] =
    outcome.note |
    (outcome.state << STATE_SHIFT) |
    ((outcome.direction + 1) << DIRECTION_SHIFT) |
    ((outcome.hook + 1) << HOOK_SHIFT) |
    ((outcome.dropHook + 1) << DROP_HOOK_SHIFT) |
    (outcome.verdict << VERDICT_SHIFT) |
    (outcome.possibleVerdicts << POSSIBLE_SHIFT) |
    (outcome.confirmedNew ? CONFIRMED : 0) |
    (hasMore ? MORE : 0) |
    (isOpened ? IS_OPENED : 0)
  rows[at + ANSWER_SHARD] = shard
  rows[at + ANSWER_RULE] = outcome.rule === null ? -1 : outcome.rule.id
  rows[at + ANSWER_ENTRY] = entry
  rows[at + ANSWER_OPENED] = opened
  if (!hasMore) return ANSWER_NUMBERS_BRIEF
  rows[at + REASON] = outcome.reason
  rows[at + REASON_A] = outcome.reasonA
  rows[at + REASON_B] = outcome.reasonB
  rows[at + REASON_FRAME] = outcome.reasonFrame
  rows[at + ASSUMES_FRAME] = outcome.assumesFrame
  rows[at + ANSWER_UNKNOWN] = 0
  rows[at + ANSWER_HINT] = 0
  rows[at + ANSWER_FRAGMENTS] = outcome.fragmentCount
  return ANSWER_NUMBERS
}

/**
 * Fills in what `writeAnswer` wrote, except rule and connection. Returns whether there are texts or fragments to be
 * fetched.
 */
export function readAnswer(rows: Float64Array, at: number, outcome: Outcome): boolean {
  const shape = rows[at + SHAPE]
  outcome.note = shape & NOTE_MASK
  outcome.state = (shape >>> STATE_SHIFT) & 7
  outcome.direction = ((shape >>> DIRECTION_SHIFT) & 3) - 1
  outcome.hook = ((shape >>> HOOK_SHIFT) & 7) - 1
  outcome.dropHook = ((shape >>> DROP_HOOK_SHIFT) & 7) - 1
  outcome.verdict = (shape >>> VERDICT_SHIFT) & 7
  outcome.possibleVerdicts = (shape >>> POSSIBLE_SHIFT) & 0xff
  outcome.confirmedNew = (shape & CONFIRMED) !== 0
  if ((shape & MORE) === 0) return false
  outcome.reason = rows[at + REASON]
  outcome.reasonA = rows[at + REASON_A]
  outcome.reasonB = rows[at + REASON_B]
  outcome.reasonFrame = rows[at + REASON_FRAME]
  outcome.assumesFrame = rows[at + ASSUMES_FRAME]
  return true
}

/** Whether the packet's connection is the one made for it. */
export function isOpened(rows: Float64Array, at: number): boolean {
  return (rows[at + SHAPE] & IS_OPENED) !== 0
}
