import type { RulePacket } from '../packet/rule-packet.ts'
import { UNKNOWN } from './condition.ts'
import { type Check, HOTDROP_PERHAPS } from './three-valued.ts'
import type { Marks, World } from './world.ts'

/** A check that a walk evaluated, and the state of the packet then. */
interface Question {
  readonly check: Check
  /** The packet certainly reached it. */
  readonly certain: boolean
  readonly world: World
}

export interface Reply {
  readonly result: number
  /** What is missing where the result is UNKNOWN; else ''. */
  readonly missing: string
}

export function replyTo(check: Check, certain: boolean, packet: RulePacket): Reply {
  const result = check.evaluate(packet, certain)
  return { result, missing: result === UNKNOWN || result === HOTDROP_PERHAPS ? check.missing : '' }
}

/**
 * The questions of a walk (checks that may have other results for other packets of the same classes), with the replies.
 * The first replies may be known before; these checks, which may remember the packet, are not evaluated again.
 */
export class Dialogue {
  readonly questions: Question[] = []
  readonly replies: Reply[]
  /** The marks with which the packet came. */
  readonly marks: Marks

  /** @param replies those that are known before */
  constructor(marks: Marks, replies: Reply[]) {
    this.marks = marks
    this.replies = replies
  }

  ask(check: Check, certain: boolean, world: World, packet: RulePacket): Reply {
    const at = this.questions.length
    this.questions.push({ check, certain, world })
    if (at === this.replies.length) this.replies.push(replyTo(check, certain, packet))
    return this.replies[at]
  }
}
