import { MASK_ALL } from '../text/numbers.ts'
import {
  asksForLoopback,
  type CallContext,
  type Condition,
  type FieldCondition,
  type NameCondition,
} from './condition.ts'
import { FIELDS, type Field, type FieldName } from './fields.ts'
import { mergeRanges, type Runtime, slotOf } from './runtime.ts'

/**
 * A condition as JavaScript. `test` is valid only if all `guards` are true; otherwise the packet goes to the
 * interpreter, which knows three values and hotdrop.
 */
export interface CheckCode {
  readonly guards: readonly string[]
  readonly test: string
  /** Must stay where it is among the checks of its rule. */
  readonly barrier: boolean
  /** Contains a call, which takes longer than reading a field. */
  readonly calls: boolean
}

export interface CodeContext extends CallContext {
  readonly runtime: Runtime
  /** PART_ bits that rules of this table change for later rules. */
  readonly editedHere: number
  /** Keeps an expression that does not change while rules run in a local variable; returns its name. */
  hoist(expression: string): string
}

/** Most ranges that are compared one by one; more are searched. */
const INLINE_RANGES = 12

/** @param assumed the answer to take instead of unknown, or undefined */
export function checkCode(condition: Condition, assumed: boolean | undefined, context: CodeContext): CheckCode {
  switch (condition.kind) {
    case 'field': {
      const field: Field = FIELDS[condition.field]
      const guard = knownWhen(field, condition.mask, context.runtime)
      return guarded(guard, fieldTest(condition, context), assumed, isReadInPlace(field, context), context)
    }
    case 'name':
      if (asksForLoopback(condition)) return plain([], nameTest(condition, context))
      return guarded(
        `${FIELDS[condition.field].expression} >= 0`,
        nameTest(condition, context),
        assumed,
        false,
        context,
      )
    case 'all':
    case 'any': {
      const parts = condition.parts.map((part) => checkCode(part, assumed, context))
      const empty = condition.kind === 'all' ? 'true' : 'false'
      const test = parts.map((part) => part.test).join(condition.kind === 'all' ? ' && ' : ' || ') || empty
      return {
        guards: parts.flatMap((part) => part.guards),
        test: condition.negated ? `!(${test})` : `(${test})`,
        barrier: parts.some((part) => part.barrier),
        calls: parts.some((part) => part.calls),
      }
    }
    case 'constant': {
      const value = condition.value ?? assumed
      return value === undefined ? plain(['false'], 'true') : plain([], `${value}`)
    }
    case 'hotdrop': {
      const inner = checkCode(condition.when, assumed, context)
      // Reading a field is cheap enough to do it for every packet; a call is made only where its rule is evaluated.
      const isHoisted = condition.when.kind === 'field' && !isReadInPlace(FIELDS[condition.when.field], context)
      const test = isHoisted ? context.hoist(`(${inner.test})`) : `(${inner.test})`
      return { guards: [...inner.guards, `!${test}`], test: 'true', barrier: true, calls: inner.calls }
    }
    case 'call': {
      const slot = slotOf(condition, context.runtime, context)
      const result = `k.pure[${slot}].test(p)`
      const test = `${result} === ${condition.negated ? 0 : 1}`
      if (condition.missing === undefined) return { ...plain([], test), calls: true }
      if (assumed === undefined) return { ...plain([`${result} !== 2`], test), calls: true }
      return { ...plain([], `(${assumed ? `${result} === 2 || ` : ''}${test})`), calls: true }
    }
    case 'stateful': {
      const slot = slotOf(condition, context.runtime, context)
      return {
        guards: [`!k.stateful[${slot}].uncertain(p)`],
        test: `k.stateful[${slot}].test(p) === ${condition.negated ? 0 : 1}`,
        barrier: true,
        calls: true,
      }
    }
  }
}

/** When a field may be read, as an expression; undefined for always. */
export function knownWhen(field: Field, mask: number, runtime: Runtime): string | undefined {
  const parts = (field.parts ?? 0) & runtime.editedParts
  const known = field.known?.(mask)
  const unchanged = parts === 0 ? undefined : `(p.edits.uncertain & ${parts}) === 0`
  return known === undefined ? unchanged : unchanged === undefined ? known : `(${known} && ${unchanged})`
}

function plain(guards: readonly string[], test: string): CheckCode {
  return { guards, test, barrier: false, calls: false }
}

function guarded(
  known: string | undefined,
  test: string,
  assumed: boolean | undefined,
  changes: boolean,
  context: CodeContext,
): CheckCode {
  if (known === undefined) return plain([], test)
  const guard = changes ? known : context.hoist(known)
  if (assumed === undefined) return plain([guard], test)
  return plain([], assumed ? `(!(${guard}) || ${test})` : `(${guard} && ${test})`)
}

function fieldValue(name: FieldName, context: CodeContext): string {
  const field: Field = FIELDS[name]
  return isReadInPlace(field, context) ? field.expression : context.hoist(field.expression)
}

/** Whether the field must be read where it is used, since a rule of the same table may have changed it. */
function isReadInPlace(field: Field, context: CodeContext): boolean {
  return field.changes === true || ((field.parts ?? 0) & context.editedHere) !== 0
}

function fieldTest(condition: FieldCondition, context: CodeContext): string {
  const { wide } = FIELDS[condition.field]
  const value = fieldValue(condition.field, context)
  const masked = condition.mask !== MASK_ALL
  const bits = masked ? `(${value} & ${condition.mask | 0})` : value
  const ordered = wide ? `(${bits} >>> 0)` : bits
  const { negated } = condition
  const ranges = mergeRanges(condition.ranges)
  if (ranges.length > INLINE_RANGES) {
    const slot = context.runtime.sets.push(Float64Array.from(ranges.flatMap((range) => [range.low, range.high]))) - 1
    return `${negated ? '!' : ''}inRanges(k.sets[${slot}], ${ordered})`
  }
  if (ranges.length === 1 && ranges[0].low === ranges[0].high) {
    return `${bits} ${negated ? '!==' : '==='} ${wide || masked ? ranges[0].low | 0 : ranges[0].low}`
  }
  const tests = ranges.map(({ low, high }) => {
    if (low === high) return `${bits} === ${wide || masked ? low | 0 : low}`
    const bounds: string[] = []
    if (!wide || low > 0) bounds.push(`${ordered} >= ${low}`)
    if (!wide || high < MASK_ALL) bounds.push(`${ordered} <= ${high}`)
    return `(${bounds.join(' && ') || 'true'})`
  })
  return `${negated ? '!' : ''}(${tests.join(' || ') || 'false'})`
}

/** Interface names become numbers, since the interfaces are known at compile time. */
function nameTest(condition: NameCondition, context: CodeContext): string {
  const value = fieldValue(condition.field, context)
  const numbers: number[] = []
  context.environment.interfaces.forEach((name, number) => {
    if (condition.prefix ? name.startsWith(condition.name) : name === condition.name) numbers.push(number)
  })
  const test = numbers.map((number) => `${value} === ${number}`).join(' || ') || 'false'
  return condition.negated ? `!(${test})` : `(${test})`
}
