import type { RulePacket } from '../packet/rule-packet.ts'
import { MASK_ALL } from '../text/numbers.ts'
import {
  asksForLoopback,
  type CallCondition,
  type CallContext,
  type Condition,
  type ConstantCondition,
  type FieldCondition,
  type GroupCondition,
  type HotdropCondition,
  type NameCondition,
  NO,
  type StatefulCondition,
  type StatefulTest,
  UNKNOWN,
  YES,
} from './condition.ts'
import { FIELDS, type Field, type FieldName } from './fields.ts'
import { inRanges, mergeRanges, type Runtime, slotOf } from './runtime.ts'

/** The packet is dropped at once. */
export const HOTDROP = 3
/** The packet may be dropped at once. */
export const HOTDROP_PERHAPS = 4

/** A condition as the interpreter evaluates it. */
export interface Check {
  readonly match: string
  readonly condition: Condition
  /** NO, YES, UNKNOWN, HOTDROP or HOTDROP_PERHAPS. `certain`: the packet certainly reaches the check. */
  evaluate(packet: RulePacket, certain: boolean): number
  /** Packets of the same classes may have different results (walk-memory.ts). */
  readonly isQuestion: boolean
  /** What was missing when the result was UNKNOWN. */
  readonly missing: string
}

type Test = (packet: RulePacket, certain: boolean) => number

/** @param assumed the result to use instead of UNKNOWN */
export function makeCheck(
  match: string,
  condition: Condition,
  isQuestion: boolean,
  assumed: boolean | undefined,
  runtime: Runtime,
  context: CallContext,
): Check {
  const why = new Why()
  const test = testOf(condition, { assumed, runtime, context, why })
  return {
    match,
    condition,
    isQuestion,
    evaluate(packet, certain) {
      why.missing = ''
      return test(packet, certain)
    },
    get missing() {
      return why.missing || `-m ${match} cannot be decided from a capture`
    },
  }
}

/** What was missing first in the last evaluation; '' for nothing. */
class Why {
  missing = ''
}

/** What all conditions of a check share. */
interface CheckParts {
  /** The result to use instead of UNKNOWN. */
  readonly assumed: boolean | undefined
  readonly runtime: Runtime
  readonly context: CallContext
  readonly why: Why
}

function testOf(condition: Condition, check: CheckParts): Test {
  switch (condition.kind) {
    case 'field':
      return fieldTest(condition, check)
    case 'name':
      return nameTest(condition, check)
    case 'all':
    case 'any':
      return groupTest(condition, check)
    case 'constant':
      return constantTest(condition, check)
    case 'hotdrop':
      return hotdropTest(condition, check)
    case 'call':
      return callTest(condition, check)
    case 'stateful':
      return statefulTest(condition, check)
  }
}

function fieldTest({ field, mask, ranges, negated }: FieldCondition, check: CheckParts): Test {
  const read = fieldReader(field, check.runtime)
  const known = knownReader(field, mask, check.runtime)
  const { wide, missing }: Field = FIELDS[field]
  const bounds = Float64Array.from(mergeRanges(ranges).flatMap(({ low, high }) => [low, high]))
  return (packet) => {
    if (!known(packet)) return settle(UNKNOWN, missing, check)
    const value = mask === MASK_ALL ? read(packet) : read(packet) & mask
    return Number(inRanges(bounds, wide || mask !== MASK_ALL ? value >>> 0 : value) !== negated)
  }
}

function nameTest(condition: NameCondition, check: CheckParts): Test {
  const { field, name, prefix, negated } = condition
  const read = fieldReader(field, check.runtime)
  const { missing }: Field = FIELDS[field]
  const fits = check.context.environment.interfaces.map((one) => (prefix ? one.startsWith(name) : one === name))
  const isSure = asksForLoopback(condition)
  return (packet) => {
    const number = read(packet)
    return number < 0 && !isSure ? settle(UNKNOWN, missing, check) : Number((fits[number] ?? false) !== negated)
  }
}

function groupTest({ kind, parts, negated }: GroupCondition, check: CheckParts): Test {
  const tests = parts.map((part) => testOf(part, check))
  const decisive = kind === 'all' ? NO : YES
  return (packet, certain) => {
    let result = 1 - decisive
    for (const test of tests) {
      const one = test(packet, certain)
      if (one === decisive) {
        result = decisive
        break
      }
      if (one === UNKNOWN) result = UNKNOWN
    }
    return negate(result, negated)
  }
}

function constantTest({ value, missing }: ConstantCondition, check: CheckParts): Test {
  const result = value === null ? UNKNOWN : Number(value)
  return () => settle(result, missing, check)
}

function hotdropTest({ when }: HotdropCondition, check: CheckParts): Test {
  const inner = testOf(when, check)
  return (packet, certain) => {
    const result = inner(packet, certain)
    return result === NO ? YES : result === YES ? HOTDROP : HOTDROP_PERHAPS
  }
}

function callTest(condition: CallCondition, check: CheckParts): Test {
  const { missing, negated } = condition
  const call = check.runtime.pure[slotOf(condition, check.runtime, check.context)]
  return (packet) => settle(negate(call.test(packet), negated), missing, check)
}

function statefulTest(condition: StatefulCondition, check: CheckParts): Test {
  const { missing, negated } = condition
  const call: StatefulTest = check.runtime.stateful[slotOf(condition, check.runtime, check.context)]
  return (packet, certain) => {
    let result: number
    if (!certain) result = call.testPerhaps(packet)
    else if (!call.uncertain(packet)) result = call.test(packet)
    else result = call.testUncertain?.(packet) ?? call.testPerhaps(packet)
    return settle(negate(result, negated), missing, check)
  }
}

/** The result, or what is assumed where it is UNKNOWN; notes what was missing if nothing is. */
function settle(result: number, missing: string | undefined, { assumed, why }: CheckParts): number {
  if (result !== UNKNOWN) return result
  if (assumed !== undefined) return Number(assumed)
  if (why.missing === '') why.missing = missing ?? ''
  return result
}

function negate(result: number, negated: boolean): number {
  return negated && result < UNKNOWN ? 1 - result : result
}

/** The same expressions as in generated code. */
export function fieldReader(name: FieldName, runtime: Runtime): (packet: RulePacket) => number {
  return reader(FIELDS[name].expression, runtime) as (packet: RulePacket) => number
}

export function knownReader(name: FieldName, mask: number, runtime: Runtime): (packet: RulePacket) => boolean {
  const { known, parts }: Field = FIELDS[name]
  const unchanged = parts ? ` && (p.edits.uncertain & ${parts}) === 0` : ''
  return reader(`${known ? known(mask) : 'true'}${unchanged}`, runtime) as (packet: RulePacket) => boolean
}

function reader(expression: string, runtime: Runtime): unknown {
  let made = runtime.readers.get(expression)
  if (made === undefined) {
    made = new Function('k', `return (p) => { const f = p.fields, b = p.base; return ${expression} }`)(runtime)
    runtime.readers.set(expression, made)
  }
  return made
}
