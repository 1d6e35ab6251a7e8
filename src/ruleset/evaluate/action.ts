import type { NatSpec } from '../nat-spec.ts'
import type { RulePacket, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT } from '../rule-packet.ts'
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
  /** How the packet is to be tracked, packed (tracking.ts); a packet for which that is said already keeps it. */
  | { readonly kind: 'track'; readonly tracking: number }
  | AssignAction
  | EffectAction
  | EditAction

export interface VerdictAction {
  readonly kind: 'verdict'
  readonly verdict: FinalVerdict
  /** Of the nat table: how the packet's connection is bound. */
  readonly binding?: NatSpec
}

/** The verdict is given outside the rules: nothing in a capture tells it. */
interface UndecidedAction {
  readonly kind: 'undecided'
  /** Bits 1 << VERDICT_…. */
  readonly possible: number
  readonly missing: string
  /** What also becomes of a packet that is accepted. */
  readonly accepted?: EditAction
}

type Register = 'mark' | 'connectionMark'

/**
 * register = (register & keep) ^ shifted(from & take) ^ value; all signed 32 bits. Without a connection nothing happens.
 */
export interface AssignAction {
  readonly kind: 'assign'
  readonly register: Register
  readonly keep: number
  readonly from: Register | null
  readonly take: number
  /** Bits to the left that what is taken moves, to the right where negative; -31 to 31, 0 where absent. */
  readonly shift?: number
  readonly value: number
}

/** What an assignment takes, moved by its shift. */
export function shifted(taken: number, shift = 0): number {
  return shift < 0 ? (taken >>> -shift) | 0 : taken << shift
}

/** Changes something that other rules may ask about (a set, a rate), and goes on with the next rule. */
export interface EffectAction {
  readonly kind: 'effect'
  /** Called once per rule. */
  create(context: CallContext): Effect
}

/** Besides its own things an effect may change `mark` and `unknownMark` of the packet. */
export interface Effect {
  apply(packet: RulePacket): void
  /** The packet may be here or not: remembers both possibilities. */
  applyPerhaps(packet: RulePacket): void
}

/** Changes the packet as the rules behind see it (`packet.edits`), its mark, or ends its way. */
export interface EditAction {
  readonly kind: 'edit'
  /** PART_ bits (packet-edits.ts) that it may change. */
  readonly parts: number
  /** 0 to go on with the next rule, VERDICT_ACCEPT or VERDICT_DROP. What it cannot tell it puts into `edits.uncertain`. */
  edit(packet: RulePacket): number
}
