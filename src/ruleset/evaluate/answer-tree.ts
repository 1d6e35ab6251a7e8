import type { RulePacket } from '../rule-packet.ts'
import { type Dialogue, type Question, type Reply, replyTo } from './dialogue.ts'
import type { UncertainMarks } from './uncertain-marks.ts'
import { enterMarks, type Marks, marksOf } from './world.ts'

/** What a walk left behind. */
export interface WalkAnswer extends Marks {
  readonly verdict: number
  readonly decidedBy: number
  readonly possibleVerdicts: number
  readonly unknownReason: number
  /** Rules and policies that the packet certainly matched. */
  readonly counted: readonly number[]
}

/** Leaves the packet as the walk left the one that it answered. */
export function enterAnswer(answer: WalkAnswer, packet: RulePacket, uncertainMarks: UncertainMarks): void {
  enterMarks(answer, packet, uncertainMarks)
  packet.decidedBy = answer.decidedBy
  packet.possibleVerdicts = answer.possibleVerdicts
  packet.unknownReason = answer.unknownReason
}

/** A question, and by its replies what is asked, or answered, next. */
interface Fork {
  readonly question: Question
  readonly branches: { readonly reply: Reply; readonly next: Fork | Leaf }[]
}

interface Leaf {
  readonly answer: WalkAnswer
}

/** More questions than this are not remembered: a packet of other classes may have the memory then. */
const FORKS_MAX = 256

/** What walks of packets with the same classes asked and answered: a walk that got the same replies has the same answer. */
export class AnswerTree {
  #root: Fork | Leaf | null = null
  #forks = 0

  /**
   * Asks the packet what walks of others asked theirs.
   * @param replies gets what the packet replied: behind these, a walk that found no answer goes on
   */
  find(packet: RulePacket, uncertainMarks: UncertainMarks, replies: Reply[]): WalkAnswer | undefined {
    let node = this.#root
    if (node === null) return undefined
    const came = marksOf(packet, uncertainMarks)
    while (node !== null) {
      if ('answer' in node) return node.answer
      const { question } = node
      enterMarks(question.world, packet, uncertainMarks)
      const reply = replyTo(question, packet)
      replies.push(reply)
      node = branchOf(node, reply)
    }
    enterMarks(came, packet, uncertainMarks)
    return undefined
  }

  /** @param dialogue of a walk that began with the replies of `find` */
  keep({ questions, replies }: Dialogue, answer: WalkAnswer): void {
    if (questions.length > FORKS_MAX) return
    if (this.#forks + questions.length > FORKS_MAX) {
      this.#root = null
      this.#forks = 0
    }
    let at = 0
    let last: Fork | null = null
    for (let node = this.#root; node !== null && 'question' in node; at++) {
      last = node
      node = branchOf(node, replies[at])
    }
    let next: Fork | Leaf = { answer }
    for (let behind = questions.length - 1; behind >= at; behind--) {
      next = { question: questions[behind], branches: [{ reply: replies[behind], next }] }
      this.#forks++
    }
    if (last === null) this.#root = next
    else last.branches.push({ reply: replies[at - 1], next })
  }
}

function branchOf({ branches }: Fork, { result, missing }: Reply): Fork | Leaf | null {
  for (const { reply, next } of branches) if (reply.result === result && reply.missing === missing) return next
  return null
}
