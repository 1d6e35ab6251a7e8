import type { Family, RuleEnvironment } from '../packet/rule-environment.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import type { AddressMask, Words } from '../text/addresses.ts'
import { MASK_ALL, type NumberRange } from '../text/numbers.ts'
import type { FieldName } from './fields.ts'
import type { RuleMemory } from './rule-memory.ts'

/**
 * What a rule asks of a packet, as data: predicates over named fields. It is independent of iptables options, so that
 * any rule language can be translated to it. Generated code and explanations are derived from it.
 */
export type Condition =
  | FieldCondition
  | NameCondition
  | GroupCondition
  | ConstantCondition
  | HotdropCondition
  | CallCondition
  | StatefulCondition

/** (field & mask) lies in one of the ranges. Ranges are unsigned and inclusive. */
export interface FieldCondition {
  readonly kind: 'field'
  readonly field: FieldName
  readonly mask: number
  readonly ranges: readonly NumberRange[]
  readonly negated: boolean
}

const LOOPBACK = 'lo'

/** An interface has this name, or a name that begins with it. */
export interface NameCondition {
  readonly kind: 'name'
  readonly field: 'inInterface' | 'outInterface'
  readonly name: string
  readonly prefix: boolean
  readonly negated: boolean
}

/**
 * Whether the condition is for lo. Its result is always known: only packets of the machine to itself use lo, and the
 * interface of these is known.
 */
export function asksForLoopback({ name, prefix }: NameCondition): boolean {
  return name === LOOPBACK && !prefix
}

/** The packet came in by another interface than lo. */
export const NOT_OVER_LOOPBACK: NameCondition = {
  kind: 'name',
  field: 'inInterface',
  name: LOOPBACK,
  prefix: false,
  negated: true,
}

/** All or any of the parts hold. */
export interface GroupCondition {
  readonly kind: 'all' | 'any'
  readonly parts: readonly Condition[]
  readonly negated: boolean
}

/** Holds always, never, or (null) cannot be known from a capture. */
export interface ConstantCondition {
  readonly kind: 'constant'
  readonly value: boolean | null
  /** For null: what is missing, and which option supplies it. */
  readonly missing?: string
}

/** Drops the packet at once when the inner condition holds (xt_action_param.hotdrop); otherwise holds itself. */
export interface HotdropCondition {
  readonly kind: 'hotdrop'
  readonly when: Condition
}

export const NO = 0
export const YES = 1
export const UNKNOWN = 2

/** What conditions and effects can use while a ruleset is compiled. */
export interface CallContext {
  readonly family: Family
  readonly environment: RuleEnvironment
  /** What rules share by name. */
  readonly memory: RuleMemory
}

/** Anything that cannot be expressed by fields, without memory. */
export interface CallCondition {
  readonly kind: 'call'
  readonly label: string
  readonly negated: boolean
  /** Why the result may be UNKNOWN; absent where it never is. */
  readonly missing?: string
  /** The result is the same for all packets of one direction of an established connection (steadiness.ts). */
  readonly steady?: true
  create(context: CallContext): PureTest
}

export interface PureTest {
  /** NO, YES or UNKNOWN. */
  test(packet: RulePacket): number
}

/** A test with memory: evaluated only when everything before it in its rule holds. */
export interface StatefulCondition {
  readonly kind: 'stateful'
  readonly label: string
  readonly negated: boolean
  readonly missing?: string
  create(context: CallContext): StatefulTest
}

export interface StatefulTest {
  /** True when `test` could not return YES or NO. Changes nothing. */
  uncertain(packet: RulePacket): boolean
  /** For a packet that certainly reaches the test, when `uncertain` is false: returns YES or NO, and remembers. */
  test(packet: RulePacket): number
  /** For a packet that may not reach the test: returns the result as if it did, and remembers both possibilities. */
  testPerhaps(packet: RulePacket): number
  /**
   * For a packet that certainly reaches the test, when `uncertain` is true. `testPerhaps`, which is less exact, is used
   * where absent.
   */
  testUncertain?(packet: RulePacket): number
}

export function always(): ConstantCondition {
  return { kind: 'constant', value: true }
}

export function never(): ConstantCondition {
  return { kind: 'constant', value: false }
}

export function undecidable(missing: string): ConstantCondition {
  return { kind: 'constant', value: null, missing }
}

export function isIn(
  field: FieldName,
  ranges: readonly NumberRange[],
  negated = false,
  mask = MASK_ALL,
): FieldCondition {
  return { kind: 'field', field, mask, ranges, negated }
}

export function equals(field: FieldName, value: number, negated = false, mask = MASK_ALL): FieldCondition {
  return isIn(field, [{ low: value, high: value }], negated, mask)
}

export function isBetween(field: FieldName, range: NumberRange, negated = false): FieldCondition {
  return isIn(field, [range], negated)
}

export function anyBit(field: FieldName, mask: number, negated = false): FieldCondition {
  return { kind: 'field', field, mask, ranges: [{ low: 0, high: 0 }], negated: !negated }
}

export function all(parts: readonly Condition[], negated = false): Condition {
  if (parts.length === 1 && !negated) return parts[0]
  return { kind: 'all', parts, negated }
}

export function any(parts: readonly Condition[], negated = false): Condition {
  if (parts.length === 1 && !negated) return parts[0]
  return { kind: 'any', parts, negated }
}

export function hotdropWhen(when: Condition): HotdropCondition {
  return { kind: 'hotdrop', when }
}

/**
 * The last value of a word. Also made first of all ranges on purpose: V8 stores numbers of more than 31 bits in another
 * form, and would otherwise convert all existing ranges when the first such number appears.
 */
const LAST: NumberRange = { low: 0xffff_ffff, high: 0xffff_ffff }

/** The name of a 4-word address field without the number of the word. */
export type AddressField =
  | 'source'
  | 'destination'
  | 'origSource'
  | 'origDestination'
  | 'replySource'
  | 'replyDestination'

/** The fields of its words. */
const WORDS = {
  source: ['source0', 'source1', 'source2', 'source3'],
  destination: ['destination0', 'destination1', 'destination2', 'destination3'],
  origSource: ['origSource0', 'origSource1', 'origSource2', 'origSource3'],
  origDestination: ['origDestination0', 'origDestination1', 'origDestination2', 'origDestination3'],
  replySource: ['replySource0', 'replySource1', 'replySource2', 'replySource3'],
  replyDestination: ['replyDestination0', 'replyDestination1', 'replyDestination2', 'replyDestination3'],
} as const satisfies Record<AddressField, readonly FieldName[]>

/** The address lies in a network. */
export function inNetwork(field: AddressField, { address, mask }: AddressMask, negated = false): Condition {
  const words = WORDS[field]
  if (mask.length === 1 && mask[0] !== 0) return equals(words[0], address[0], negated, mask[0])
  const parts: FieldCondition[] = []
  for (let index = 0; index < mask.length; index++) {
    if (mask[index] !== 0) parts.push(equals(words[index], address[index], false, mask[index]))
  }
  if (parts.length === 1) return { ...parts[0], negated }
  return { kind: 'all', parts, negated }
}

/** The address lies between two others, both included. */
export function inAddressRange(field: AddressField, low: Words, high: Words, negated = false): Condition {
  if (low.length === 1) return isBetween(WORDS[field][0], { low: low[0], high: high[0] }, negated)
  // Words that both ends share become a condition of their own, by which the rule can be found.
  const parts: Condition[] = []
  let from = 0
  while (from < low.length && low[from] === high[from]) {
    parts.push(equals(WORDS[field][from], low[from]))
    from++
  }
  if (from === low.length - 1) parts.push(isBetween(WORDS[field][from], { low: low[from], high: high[from] }))
  else if (from < low.length) parts.push(notBelow(field, low, from), notAbove(field, high, from))
  return all(parts, negated)
}

function notBelow(field: AddressField, low: Words, from: number): Condition {
  const name = WORDS[field][from]
  if (from === 3) return isBetween(name, { low: low[3], high: LAST.high })
  const same = all([equals(name, low[from]), notBelow(field, low, from + 1)])
  return low[from] === LAST.low ? same : any([isBetween(name, { low: low[from] + 1, high: LAST.high }), same])
}

function notAbove(field: AddressField, high: Words, from: number): Condition {
  const name = WORDS[field][from]
  if (from === 3) return isBetween(name, { low: 0, high: high[3] })
  const same = all([equals(name, high[from]), notAbove(field, high, from + 1)])
  return high[from] === 0 ? same : any([isBetween(name, { low: 0, high: high[from] - 1 }), same])
}
