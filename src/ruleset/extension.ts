import type { Action } from './evaluate/action.ts'
import type { CallContext, Condition } from './evaluate/condition.ts'
import type { Family } from './packet/rule-environment.ts'
import type { TableName } from './ruleset.ts'
import type { OptionSpec, Options } from './text/options.ts'
import type { LabelNames } from './text/parse-label-names.ts'
import type { Token } from './text/tokens.ts'

/** What a match or target may look at while its options are read. */
export interface RuleContext {
  readonly family: Family
  readonly table: TableName
  /** Protocol of `-p`, when it is not negated; 0 for none. */
  readonly protocol: number
  /** Names of connection labels; null where no file of them was given. */
  readonly labels: LabelNames | null
  /** Adds a warning about the ruleset. */
  warn(text: string): void
}

/** What the loader and the kernel require of a rule. */
export interface Requirements {
  readonly family?: Family
  readonly tables?: readonly TableName[]
  /** HOOK_ numbers: the rule may be reached only from these. */
  readonly hooks?: readonly number[]
  /** The rule needs `-p` with one of these. */
  readonly protocols?: readonly number[]
}

/** A kind of match. One file in matches/ each. */
export interface MatchExtension extends Requirements {
  readonly name: string
  /** The kernel's other names for it. */
  readonly aliases?: readonly string[]
  readonly options: readonly OptionSpec[]
  /**
   * Its few options are parsed as fast as an equal match would be found, so rules do not share its matches
   * (ExtensionCache).
   */
  readonly isBrief?: boolean
  /** Throws Refusal where an option is wrong. */
  parse(options: Options, context: RuleContext): Match
}

/** A match of one rule. */
export interface Match extends Requirements {
  /** Its options as iptables-save prints them; '' for none. */
  print(): string
  /** What iptables-save leaves out although it makes a difference, so that rules with the same text are not the same. */
  readonly unprinted?: string
  /**
   * Its conditions, in order, all of which must hold. Called once per rule: stateful conditions must be new objects.
   */
  conditions(context: CallContext): readonly Condition[]
  /** Called before any `conditions`, in the order of the file, to set up what rules share by name. */
  prepare?(context: CallContext): void
  /** It holds only for TCP packets with SYN; TCPMSS requires such a match. */
  readonly asksForSyn?: boolean
  /** It asks for the time in the kernel's time zone, which no capture tells. */
  readonly asksForKernelZone?: boolean
  /** Text of `-m comment`. */
  readonly comment?: string
}

/** A kind of target. One file in targets/ each. */
export interface TargetExtension extends Requirements {
  readonly name: string
  readonly options: readonly OptionSpec[]
  parse(options: Options, context: RuleContext): Target
}

/** The target of one rule. */
export interface Target extends Requirements {
  print(): string
  readonly action: Action
  /** As of a match. */
  prepare?(context: CallContext): void
  /** The rule must have a match that asks for SYN. */
  readonly needsSyn?: boolean
  /** CT: name of the timeout policy. */
  readonly timeout?: Token
  /** REJECT: answers with a TCP reset. */
  readonly rejectsWithReset?: boolean
}
