import type { Match, Target } from './extension.ts'
import type { Family } from './packet/rule-environment.ts'
import type { TableName } from './ruleset.ts'
import type { AddressMask } from './text/addresses.ts'

/** Whole numbers of 64 bits; large ones as bigint. */
export interface Counters {
  readonly packets: number | bigint
  readonly bytes: number | bigint
}

/** A value that may be negated by `!`. */
export interface Negatable<Value> {
  readonly value: Value
  readonly negated: boolean
}

/** The conditions that every rule can have without a match. */
export interface RuleHeader {
  readonly source: Negatable<AddressMask> | null
  readonly destination: Negatable<AddressMask> | null
  /** `eth0`, or `eth+` for every name that starts so. */
  readonly inInterface: Negatable<string> | null
  readonly outInterface: Negatable<string> | null
  /** IANA number, 1 to 255. */
  readonly protocol: Negatable<number> | null
  /** `-f`: second and further fragments. */
  readonly fragment: Negatable<true> | null
}

export interface RuleMatch {
  readonly name: string
  /** HOOK_ numbers that the rule may only be reached from; null for any. */
  readonly hooks: readonly number[] | null
  readonly match: Match
  /** Other rules may have the same Match object. */
  readonly isShared: boolean
}

export interface RuleTarget {
  /** As after `-j` or `-g`. */
  readonly name: string
  /** As of a match. */
  readonly hooks: readonly number[] | null
  readonly target: Target
}

/** One rule, without its chain. */
export interface Rule {
  readonly line: number
  readonly column: number
  /** As the user wrote it, without counters. */
  readonly text: string
  readonly counters: Counters | null
  readonly header: RuleHeader
  /**
   * Options that match everything were given (all interfaces or, for IPv6, all protocols): iptables-save does not print
   * them, but to the kernel's TRACE the rule is not a bare verdict.
   */
  readonly hasIdleOptions: boolean
  readonly matches: readonly RuleMatch[]
  readonly target: RuleTarget | null
}

export interface Chain {
  readonly name: string
  /** Of a base chain; null in user chains. */
  readonly policy: 'ACCEPT' | 'DROP' | null
  readonly counters: Counters | null
  /** Line of its declaration; of the table where there is none. */
  readonly line: number
  readonly text: string
  readonly rules: readonly Rule[]
}

export interface Table {
  readonly name: TableName
  readonly line: number
  /** Base chains in the kernel's order, then user chains as declared. */
  readonly chains: readonly Chain[]
}

/** A whole file, checked. */
export interface ParsedRuleset {
  readonly family: Family
  readonly file: string
  readonly tables: readonly Table[]
  readonly warnings: readonly string[]
}
