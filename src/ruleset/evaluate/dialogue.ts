import type { RulePacket } from '../rule-packet.ts'
import { UNKNOWN } from './condition.ts'
import { type Check, HOTDROP_PERHAPS } from './three-valued.ts'
import type { Marks, World } from './world.ts'

/** A check that a walk met, and in which world. */
export interface Question {
  readonly check: Check
  /** The packet certainly came to it. */
  readonly certain: boolean
  readonly world: World
}

export interface Reply {
  readonly result: number
  /** Why it is not known; '' where it is. */
  readonly missing: string
}

export function replyTo(check: Check, certain: boolean, packet: RulePacket): Reply {
  const result = check.evaluate(packet, certain)
  return { result, missing: result === UNKNOWN || result === HOTDROP_PERHAPS ? check.missing : '' }
}

/**
 * What a walk asked of its packet that others of the same classes may answer in another way, with the replies. The first
 * replies may be known before: then these checks, which may remember whom they saw, are not asked again.
 */
export class Dialogue {
  readonly questions: Question[] = []
  readonly replies: Reply[]
  /** With which the packet came. */
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
