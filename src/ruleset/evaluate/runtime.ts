import type { NumberRange } from '../text/numbers.ts'
import type { EditAction, Effect, EffectAction } from './action.ts'
import type { CallCondition, CallContext, PureTest, StatefulCondition, StatefulTest } from './condition.ts'
import type { Trail } from './program.ts'
import type { UncertainMarks } from './uncertain-marks.ts'

/**
 * Everything that generated code and the interpreter share. Generated code uses no other names besides `p`, `f` and
 * `b`.
 */
export interface Runtime {
  /** Packets and bytes of each rule: [2 * id] and [2 * id + 1]. */
  readonly counters: Float64Array
  readonly trail: Trail
  /** Jumps that the current packet has made since it entered its base chain; see JUMPS_MAX (walk-limits.ts). */
  jumps: number
  readonly pure: PureTest[]
  readonly stateful: StatefulTest[]
  readonly effects: Effect[]
  readonly edits: EditAction[]
  /** PART_ bits that rules of any table change. */
  readonly editedParts: number
  /** Index in `pure`, `stateful` or `effects` by condition or action. */
  readonly slots: Map<CallCondition | StatefulCondition | EffectAction, number>
  /** Sorted unsigned ranges, low and high in turn, of large sets. */
  readonly sets: Float64Array[]
  /** The interpreter's functions that read fields, by expression. */
  readonly readers: Map<string, unknown>
  /** Connections whose mark depends on a rule that could not be decided. */
  readonly uncertainMarks: UncertainMarks
}

/** The test or effect of a condition or action, made at its first use. Both evaluators must use the same one. */
export function slotOf(
  condition: CallCondition | StatefulCondition | EffectAction,
  runtime: Runtime,
  context: CallContext,
): number {
  let slot = runtime.slots.get(condition)
  if (slot === undefined) {
    if (condition.kind === 'effect') slot = runtime.effects.push(condition.create(context)) - 1
    else if (condition.kind === 'call') slot = runtime.pure.push(condition.create(context)) - 1
    else slot = runtime.stateful.push(condition.create(context)) - 1
    runtime.slots.set(condition, slot)
  }
  return slot
}

/** Binary search in a sorted array of ranges. */
export function inRanges(ranges: Float64Array, value: number): boolean {
  let low = 0
  let high = ranges.length / 2 - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    if (value < ranges[2 * middle]) high = middle - 1
    else if (value > ranges[2 * middle + 1]) low = middle + 1
    else return true
  }
  return false
}

/** Sorted, overlapping and adjacent ranges joined. */
export function mergeRanges(ranges: readonly NumberRange[]): readonly NumberRange[] {
  if (areApart(ranges)) return ranges
  const merged: { low: number; high: number }[] = []
  for (const { low, high } of ranges.toSorted((one, other) => one.low - other.low)) {
    const last = merged.at(-1)
    if (last && low <= last.high + 1) last.high = Math.max(last.high, high)
    else merged.push({ low, high })
  }
  return merged
}

function areApart(ranges: readonly NumberRange[]): boolean {
  for (let at = 1; at < ranges.length; at++) {
    const { low, high } = ranges[at - 1]
    if (ranges[at].low <= Math.max(low, high) + 1) return false
  }
  return true
}
