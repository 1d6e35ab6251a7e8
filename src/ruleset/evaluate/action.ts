import type { NatSpec } from '../packet/nat-spec.ts'
import type { RulePacket, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT } from '../packet/rule-packet.ts'
import type { CallContext } from './condition.ts'

export type FinalVerdict = typeof VERDICT_ACCEPT | typeof VERDICT_DROP | typeof VERDICT_REJECT

/** What a rule does to a packet that it matched. */
export type Action =
  | VerdictAction
  | UndecidedAction
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  /** Goes on with the next rule: LOG and all else that changes nothing that rules can see. */
  | { readonly kind: 'continue' }
  /** How the packet is to be tracked, packed (tracking.ts). Only the first such action counts for a packet. */
  | { readonly kind: 'track'; readonly tracking: number }
  | AssignAction
  | EffectAction
  | EditAction

export interface VerdictAction {
  readonly kind: 'verdict'
  readonly verdict: FinalVerdict
  /** Nat table: how the packet's connection is translated. */
  readonly binding?: NatSpec
}

/** The verdict is given outside the rules, and no capture shows it. */
interface UndecidedAction {
  readonly kind: 'undecided'
  /** Bits 1 << VERDICT_…. */
  readonly possible: number
  readonly missing: string
  /** Changes to the packet if it is accepted. */
  readonly accepted?: EditAction
}

type Register = 'mark' | 'connectionMark'

/**
 * register = (register & keep) ^ shifted(from & take) ^ value; all signed 32 bits. Without a connection nothing
 * happens.
 */
export interface AssignAction {
  readonly kind: 'assign'
  readonly register: Register
  readonly keep: number
  readonly from: Register | null
  readonly take: number
  /** Bits by which the taken value is shifted to the left, to the right where negative: -31 to 31, 0 where absent. */
  readonly shift?: number
  readonly value: number
}

/** The taken value, shifted. */
export function shifted(taken: number, shift = 0): number {
  return shift < 0 ? (taken >>> -shift) | 0 : taken << shift
}

/** Changes something that other rules may ask about (a set, a rate), and goes on with the next rule. */
export interface EffectAction {
  readonly kind: 'effect'
  /** Called once per rule. */
  create(context: CallContext): Effect
}

/** Besides its own state an effect may change `mark` and `unknownMark` of the packet. */
export interface Effect {
  apply(packet: RulePacket): void
  /** For a packet that may not reach the rule: remembers both possibilities. */
  applyPerhaps(packet: RulePacket): void
}

/** Changes the packet as later rules see it (`packet.edits`), or its mark, or decides its verdict. */
export interface EditAction {
  readonly kind: 'edit'
  /** PART_ bits (packet-edits.ts) that it may change. */
  readonly parts: number
  /**
   * Returns 0 to go on with the next rule, else VERDICT_ACCEPT or VERDICT_DROP. Parts with an unknown result go into
   * `edits.uncertain`.
   */
  edit(packet: RulePacket): number
}
