import type { Match, Target } from './extension.ts'
import type { Family } from './rule-environment.ts'
import type { TableName } from './ruleset.ts'
import type { AddressMask } from './text/addresses.ts'

/** Whole numbers of 64 bits; large ones as bigint. */
export interface Counters {
  readonly packets: number | bigint
  readonly bytes: number | bigint
}

/** Something that `!` may stand before. */
export interface Negatable<Value> {
  readonly value: Value
  readonly negated: boolean
}

/** What every rule can ask without a match. */
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
  /** Other rules may have this very match. */
  readonly isShared: boolean
}

export interface RuleTarget {
  /** As behind `-j` or `-g`. */
  readonly name: string
  /** As of a match. */
  readonly hooks: readonly number[] | null
  readonly target: Target
}

/** What one line says, without its chain. */
export interface Rule {
  readonly line: number
  readonly column: number
  /** As the user wrote it, without counters. */
  readonly text: string
  readonly counters: Counters | null
  readonly header: RuleHeader
  /** Interfaces or, for IPv6, a protocol were given, be it all of them: the kernel's TRACE sees it, iptables-save does not. */
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
