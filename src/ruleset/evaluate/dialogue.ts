import type { RulePacket } from '../rule-packet.ts'
import { UNKNOWN } from './condition.ts'
import { type Check, HOTDROP_PERHAPS } from './three-valued.ts'
import type { World } from './world.ts'

/** A check that a walk met, and as what it met it. */
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

export function replyTo({ check, certain }: Question, packet: RulePacket): Reply {
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
  /** Replies that were known before. */
  readonly known: number

  constructor(replies: Reply[]) {
    this.replies = replies
    this.known = replies.length
  }

  ask(check: Check, certain: boolean, world: World, packet: RulePacket): Reply {
    const at = this.questions.length
    const question = { check, certain, world }
    this.questions.push(question)
    if (at === this.replies.length) this.replies.push(replyTo(question, packet))
    return this.replies[at]
  }
}
