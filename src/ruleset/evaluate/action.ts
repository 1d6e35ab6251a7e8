import type { RulePacket, VERDICT_ACCEPT, VERDICT_DROP, VERDICT_REJECT } from '../rule-packet.ts'
import type { CallContext } from './condition.ts'

export type FinalVerdict = typeof VERDICT_ACCEPT | typeof VERDICT_DROP | typeof VERDICT_REJECT

/** What a rule does to a packet that it matched. */
export type Action =
  | { readonly kind: 'verdict'; readonly verdict: FinalVerdict }
  /** The verdict is given outside the rules: nothing in a capture tells it. `possible`: bits 1 << VERDICT_…. */
  | { readonly kind: 'undecided'; readonly possible: number; readonly missing: string }
  | { readonly kind: 'return' }
  | { readonly kind: 'jump'; readonly chain: string }
  | { readonly kind: 'goto'; readonly chain: string }
  /** Goes on with the next rule: LOG and all else that changes nothing that rules can see. */
  | { readonly kind: 'continue' }
  /** The packet is not to be tracked. */
  | { readonly kind: 'untrack' }
  /** A tracking helper is to look after the connection: index in HELPERS. */
  | { readonly kind: 'help'; readonly helper: number }
  | AssignAction
  | EffectAction

export type Register = 'mark' | 'connectionMark'

/** register = (register & keep) ^ (from & take) ^ value; all signed 32 bits. Without a connection nothing happens. */
export interface AssignAction {
  readonly kind: 'assign'
  readonly register: Register
  readonly keep: number
  readonly from: Register | null
  readonly take: number
  readonly value: number
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
