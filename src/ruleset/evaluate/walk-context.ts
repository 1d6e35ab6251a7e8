import type { RulePacket } from '../packet/rule-packet.ts'
import type { Action } from './action.ts'
import type { Reachable } from './reachable.ts'
import type { Runtime } from './runtime.ts'
import type { Check } from './three-valued.ts'

export interface InterpretedRule {
  readonly id: number
  readonly checks: readonly Check[]
  readonly action: Action
  readonly target: number
}

export interface InterpretedChain {
  readonly length: number
  readonly policy: { readonly id: number; readonly verdict: number } | null
  rule(at: number): InterpretedRule
}

/** Finds the rules of a chain that a packet may match. */
export interface RuleFinder {
  /** The places of the rules, in order; null for all of them. */
  find(chain: number, packet: RulePacket): Int32Array | null
  /** Whether the places are the same for packets that steady conditions cannot distinguish (steadiness.ts). */
  isSteady(chain: number): boolean
}

/** What walks through a table's chains have in common. */
export interface WalkContext {
  readonly chains: readonly InterpretedChain[]
  readonly runtime: Runtime
  readonly reachable: Reachable
  /** Some rule changes packets. */
  readonly hasEdits: boolean
  /** Returns the place of a text among the ruleset's reasons. */
  readonly reasonIndex: (text: string) => number
}

/** Is told about every rule that a packet meets. */
export interface Recorder {
  /** `results`: one per check evaluated; `matched`: NO, YES or UNKNOWN. */
  rule(ruleId: number, checks: readonly Check[], results: readonly number[], matched: number, packet: RulePacket): void
}
