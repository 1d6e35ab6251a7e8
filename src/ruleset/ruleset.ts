import type { PureTest } from './evaluate/condition.ts'
import type { FlagClasses } from './evaluate/flag-classes.ts'
import type { PacketClasses } from './evaluate/packet-classes.ts'
import type { NatSpec } from './packet/nat-spec.ts'
import type { Family } from './packet/rule-environment.ts'
import type { RulePacket } from './packet/rule-packet.ts'

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter' | 'security'

/**
 * One rule, or the policy of a base chain, as reports name it. Policies have ids too, after the rules of their chain.
 */
export interface RuleInfo {
  readonly id: number
  readonly family: Family
  readonly table: TableName
  readonly chain: string
  /** Number in the chain from 1; a policy counts as the one after the last rule. */
  readonly number: number
  /**
   * As the kernel's TRACE prints it: `filter:FORWARD:rule:3`; `policy` or `return` instead of `rule` for the implicit
   * end of a base or user chain, and also for a rule without any condition whose target is ACCEPT, DROP or RETURN.
   */
  readonly record: string
  /**
   * ACCEPT, DROP, REJECT, … or the name of the chain jumped to; the policy for a policy; '' for a rule without target.
   */
  readonly target: string
  readonly file: string
  /** Line in the file, from 1: of the rule, or of the chain's declaration for a policy. */
  readonly line: number
  /** The rule as the user wrote it, without counters; `:FORWARD DROP` for a policy. */
  readonly text: string
  /** Text of `-m comment`, or null. */
  readonly comment: string | null
  /** VERDICT_REJECT: answered by a TCP reset, which also closes the connection's entry. */
  readonly rejectsWithReset: boolean
  /** How a rule of the nat table translates; null for other rules. */
  readonly nat: NatSpec | null
}

/** The tables at one hook. */
export interface HookTable {
  readonly table: TableName
  /** Runs the packet through the table: a VERDICT_; packet.decidedBy is set. Counters and stateful matches advance. */
  run(packet: RulePacket): number
}

/** A ruleset ready to decide packets of one family. */
export interface CompiledRuleset {
  readonly family: Family
  /** All rules and policies by id. */
  readonly rules: readonly RuleInfo[]
  /** Interfaces that its rules name by `-i` and `-o`, each once, as written: + at the end stands for any rest. */
  readonly interfaceNames: readonly string[]
  /**
   * Tables of a hook in the kernel's order (raw, mangle, filter, security), without nat; tables that are not loaded are
   * absent.
   */
  tablesAt(hook: number): readonly HookTable[]
  /** The nat table's chain of a hook, asked only for packets that open a connection; null where there is none. */
  natAt(hook: number): HookTable | null
  /** Packets and bytes that a rule matched in this replay. */
  packets(ruleId: number): number
  bytes(ruleId: number): number
  /** Adds packets that a rule is known to have matched, although they were not run. */
  count(ruleId: number, packets: number, bytes: number): void
  /**
   * Divides packets into classes that the rules cannot tell apart; null where they ask for something that cannot be
   * divided.
   */
  readonly classes: PacketClasses | null
  /** The tests of `classes.calls`, in their order. */
  readonly classCalls: readonly PureTest[]
  /** The raw table may drop packets, change them, or set how they are tracked. */
  readonly actsBeforeTracker: boolean
  /** Classes of TCP flags (the flag bits of P_TCP_FLAGS_WINDOW). */
  readonly flagClasses: FlagClasses
  /**
   * The first rule by which answers about one connection may depend on packets of others (evaluate/shared-state.ts);
   * null where there is none.
   */
  readonly sharing: RuleInfo | null
  /** Text of RulePacket.unknownReason: what is missing, and which option would supply it. */
  unknownReason(index: number): string
  /** Some rule asks for the packets and bytes of connections, so that they must be counted. */
  readonly countsConnections: boolean
  /** Warnings for the report: tables parsed but not applied, rules that can never be decided, … */
  readonly warnings: readonly string[]
}
