import type { RulePacket } from '../rule-packet.ts'
import { MASK_ALL } from '../text/numbers.ts'
import { asksForLoopback, type CallContext, type Condition, NO, type StatefulTest, UNKNOWN, YES } from './condition.ts'
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
  const test = testOf(condition, assumed, runtime, context, why)
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

function testOf(
  condition: Condition,
  assumed: boolean | undefined,
  runtime: Runtime,
  context: CallContext,
  why: Why,
): Test {
  const missing = missingIn(condition)
  const settle = (result: number): number => {
    if (result !== UNKNOWN) return result
    if (assumed !== undefined) return Number(assumed)
    if (why.missing === '') why.missing = missing ?? ''
    return result
  }
  switch (condition.kind) {
    case 'field': {
      const read = fieldReader(condition.field, runtime)
      const known = knownReader(condition.field, condition.mask, runtime)
      const { wide } = FIELDS[condition.field]
      const ranges = Float64Array.from(mergeRanges(condition.ranges).flatMap(({ low, high }) => [low, high]))
      return (packet) => {
        if (!known(packet)) return settle(UNKNOWN)
        const value = condition.mask === MASK_ALL ? read(packet) : read(packet) & condition.mask
        return Number(inRanges(ranges, wide || condition.mask !== MASK_ALL ? value >>> 0 : value) !== condition.negated)
      }
    }
    case 'name': {
      const read = fieldReader(condition.field, runtime)
      const names = context.environment.interfaces
      const fits = names.map((name) => (condition.prefix ? name.startsWith(condition.name) : name === condition.name))
      const isSure = asksForLoopback(condition)
      return (packet) => {
        const number = read(packet)
        return number < 0 && !isSure ? settle(UNKNOWN) : Number((fits[number] ?? false) !== condition.negated)
      }
    }
    case 'all':
    case 'any': {
      const parts = condition.parts.map((part) => testOf(part, assumed, runtime, context, why))
      const decisive = condition.kind === 'all' ? NO : YES
      return (packet, certain) => {
        let result = 1 - decisive
        for (const part of parts) {
          const one = part(packet, certain)
          if (one === decisive) {
            result = decisive
            break
          }
          if (one === UNKNOWN) result = UNKNOWN
        }
        return negate(result, condition.negated)
      }
    }
    case 'constant': {
      const result = condition.value === null ? UNKNOWN : Number(condition.value)
      return () => settle(result)
    }
    case 'hotdrop': {
      const inner = testOf(condition.when, assumed, runtime, context, why)
      return (packet, certain) => {
        const result = inner(packet, certain)
        return result === NO ? YES : result === YES ? HOTDROP : HOTDROP_PERHAPS
      }
    }
    case 'call': {
      const call = runtime.pure[slotOf(condition, runtime, context)]
      return (packet) => settle(negate(call.test(packet), condition.negated))
    }
    case 'stateful': {
      const call: StatefulTest = runtime.stateful[slotOf(condition, runtime, context)]
      return (packet, certain) => {
        let result: number
        if (!certain) result = call.testPerhaps(packet)
        else if (!call.uncertain(packet)) result = call.test(packet)
        else result = call.testUncertain?.(packet) ?? call.testPerhaps(packet)
        return settle(negate(result, condition.negated))
      }
    }
  }
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

/** What is missing where a condition without parts is unknown. */
function missingIn(condition: Condition): string | undefined {
  switch (condition.kind) {
    case 'field':
    case 'name': {
      const field: Field = FIELDS[condition.field]
      return field.missing
    }
    case 'all':
    case 'any':
    case 'hotdrop':
      return undefined
    default:
      return condition.missing
  }
}
