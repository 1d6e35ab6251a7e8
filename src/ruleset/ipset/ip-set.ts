import type { RulePacket } from '../packet/rule-packet.ts'
import type { SetDefinition } from './set-definition.ts'

/** `src,dst,…` after the name of a set, and --return-nomatch. */
export interface SetFlags {
  readonly count: number
  /** Bit i is set if dimension i is `src`. */
  readonly sources: number
  /** Only elements with `nomatch` match. */
  readonly returnNomatch: boolean
}

/** `--packets-…`, `--bytes-…` and `--update-…`. */
export interface CounterRule {
  readonly packets: CounterComparison | null
  readonly bytes: CounterComparison | null
  /** false with ! --update-counters. */
  readonly update: boolean
  /** list:set: false with ! --update-subcounters. */
  readonly updateMembers: boolean
}

export interface CounterComparison {
  readonly operator: 'eq' | 'ne' | 'lt' | 'gt'
  readonly value: number
}

export function compareCounter(comparison: CounterComparison | null, value: number): boolean {
  switch (comparison?.operator) {
    case undefined:
      return true
    case 'eq':
      return value === comparison?.value
    case 'ne':
      return value !== comparison?.value
    case 'lt':
      return value < (comparison?.value ?? 0)
    case 'gt':
      return value > (comparison?.value ?? 0)
  }
}

/** A set in which packets are looked up and which rules may change. */
export interface IpSet {
  readonly definition: SetDefinition
  /** Some answer may be UNKNOWN. Valid once all rules are compiled. */
  readonly mayBeUnknown: boolean
  /** Some element, or a counter, depends on a rule that could not be decided. */
  readonly hasDoubts: boolean
  /** Counters matter: some rule compares them. */
  tracksCounters: boolean
  /** Some rule changes the set. */
  changes: boolean
  /**
   * YES, NO or UNKNOWN.
   * @param counters null to count nothing and compare no counter
   */
  test(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number
  /** As `test`, where it is not known whether the packet gets here: counts nothing; counters are then in doubt. */
  testPerhaps(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number
  /** Mark and mask of the element that matched in the last `test`. */
  readonly hitMark: number
  readonly hitMarkMask: number
  /**
   * @param seconds timeout instead of the set's default; null for the default
   * @param exist renews the element if the set has it already
   */
  add(packet: RulePacket, flags: SetFlags, seconds: number | null, exist: boolean): void
  /** As `add`, where it is not known whether the packet gets here: the element is then in doubt. */
  addPerhaps(packet: RulePacket, flags: SetFlags, exist: boolean): void
  delete(packet: RulePacket, flags: SetFlags): void
  /** As `delete`, where it is not known whether the packet gets here: the element is then in doubt. */
  deletePerhaps(packet: RulePacket, flags: SetFlags): void
}
