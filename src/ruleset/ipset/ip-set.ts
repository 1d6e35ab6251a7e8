import type { RulePacket } from '../rule-packet.ts'
import type { SetDefinition } from './set-definition.ts'

/** `src,dst,…` behind the name of a set. */
export interface SetFlags {
  readonly count: number
  /** Bit i: dimension i is the packet's source. */
  readonly sources: number
  /** Elements match where they say `nomatch`, and only there. */
  readonly returnNomatch: boolean
}

/** `--packets-…` and `--bytes-…`, and whether the packet is counted. */
export interface CounterRule {
  readonly packets: CounterComparison | null
  readonly bytes: CounterComparison | null
  /** Not with ! --update-counters. */
  readonly update: boolean
  /** list:set: not with ! --update-subcounters. */
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

/** A set that packets are looked up in, and that rules may change. */
export interface IpSet {
  readonly definition: SetDefinition
  /** Some answer may be UNKNOWN. Asked once rules are known. */
  readonly mayBeUnknown: boolean
  /** Something in it, or a counter, depends on a rule that could not be decided. */
  readonly hasDoubts: boolean
  /** Counters matter: some rule compares them. */
  tracksCounters: boolean
  /** Some rule changes the set. */
  changes: boolean
  /**
   * YES, NO or UNKNOWN.
   * @param counters null: nothing is counted and no counter compared
   */
  test(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number
  /** The packet may be here or not: as `test`, without counting, but what would be counted is in doubt from now on. */
  testPerhaps(packet: RulePacket, flags: SetFlags, counters: CounterRule | null): number
  /** Mark and mask of the element that the last `test` met. */
  readonly hitMark: number
  readonly hitMarkMask: number
  /** @param seconds instead of the set's own timeout, or null; @param exist renews an element that is there */
  add(packet: RulePacket, flags: SetFlags, seconds: number | null, exist: boolean): void
  addPerhaps(packet: RulePacket, flags: SetFlags, exist: boolean): void
  delete(packet: RulePacket, flags: SetFlags): void
  deletePerhaps(packet: RulePacket, flags: SetFlags): void
}
