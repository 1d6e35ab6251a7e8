import type { RulePacket } from '../packet/rule-packet.ts'
import { type Dialogue, type Reply, replyTo } from './dialogue.ts'
import type { Check } from './three-valued.ts'
import type { UncertainMarks } from './uncertain-marks.ts'
import { enterMarks, haveSameMarks, type Marks, marksOf } from './world.ts'

/** The result of a walk. */
export interface WalkAnswer extends Marks {
  readonly verdict: number
  readonly decidedBy: number
  readonly possibleVerdicts: number
  readonly unknownReason: number
  readonly isBindingUnsure: boolean
  /** Rules and policies that the packet certainly matched. */
  readonly counted: readonly number[]
  /** See RulePacket.steady. */
  readonly steady: boolean
}

/** Applies the result of an earlier walk to the packet. */
export function enterAnswer(answer: WalkAnswer, packet: RulePacket, uncertainMarks: UncertainMarks): void {
  enterMarks(answer, packet, uncertainMarks)
  packet.decidedBy = answer.decidedBy
  packet.possibleVerdicts = answer.possibleVerdicts
  packet.unknownReason = answer.unknownReason
  packet.isBindingUnsure = answer.isBindingUnsure
}

/**
 * A question, one reply to it, and the next question or the answer. One object for all of it, since following them is
 * bound by memory access.
 */
interface Step {
  readonly check: Check
  readonly certain: boolean
  /** The marks with which it is asked; null for those that the packet came with. */
  readonly marks: Marks | null
  readonly result: number
  readonly missing: string
  readonly next: Step | WalkAnswer
  /** The same question with another reply. */
  otherwise: Step | null
}

/** Most steps of a tree; a fuller tree is cleared. */
const STEPS_MAX = 128

/**
 * Questions and answers of walks of packets with the same classes: a walk that gets the same replies has the same
 * answer.
 */
export class AnswerTree {
  #root: Step | WalkAnswer | null = null
  #steps = 0

  /**
   * Asks the packet the questions of earlier walks.
   * @param replies receives the packet's replies; a walk that found no answer continues after them
   */
  find(packet: RulePacket, uncertainMarks: UncertainMarks, replies: Reply[]): WalkAnswer | undefined {
    let node = this.#root
    let came: Marks | null = null
    while (node !== null && isStep(node)) {
      if (node.marks !== null || came !== null) {
        came ??= marksOf(packet, uncertainMarks)
        enterMarks(node.marks ?? came, packet, uncertainMarks)
      }
      const reply = replyTo(node.check, node.certain, packet)
      replies.push(reply)
      node = stepWith(node, reply)?.next ?? null
    }
    if (node === null && came !== null) enterMarks(came, packet, uncertainMarks)
    return node ?? undefined
  }

  /** Stores the answer of a walk. @param dialogue of a walk that began with the replies of `find` */
  keep({ questions, replies, marks: came }: Dialogue, answer: WalkAnswer): void {
    if (questions.length > STEPS_MAX) return
    if (this.#steps + questions.length > STEPS_MAX) {
      this.#root = null
      this.#steps = 0
    }
    let at = 0
    let last: Step | null = null
    for (let node = this.#root; node !== null && isStep(node); at++) {
      const step = stepWith(node, replies[at])
      last = step ?? lastOf(node)
      node = step?.next ?? null
    }
    // A question that had no such reply before gets a new step.
    const known = last === null ? 0 : at - 1
    let next: Step | WalkAnswer = answer
    for (let at = questions.length - 1; at >= known; at--) {
      const { check, certain, world } = questions[at]
      const marks = haveSameMarks(world, came) ? null : world
      next = { check, certain, marks, ...replies[at], next, otherwise: null }
      this.#steps++
    }
    if (last === null) this.#root = next
    else if (isStep(next)) last.otherwise = next
  }
}

function isStep(node: Step | WalkAnswer): node is Step {
  return 'check' in node
}

function stepWith(first: Step, { result, missing }: Reply): Step | null {
  for (let step: Step | null = first; step !== null; step = step.otherwise) {
    if (step.result === result && step.missing === missing) return step
  }
  return null
}

function lastOf(first: Step): Step {
  let step = first
  while (step.otherwise !== null) step = step.otherwise
  return step
}
