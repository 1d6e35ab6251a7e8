import type { RuleEnvironment } from '../ruleset.ts'
import type { Condition, FieldCondition, NameCondition } from './condition.ts'
import { FIELDS, type Field, type FieldName } from './fields.ts'
import type { ProgramCheck } from './program.ts'
import { mergeRanges } from './runtime.ts'
import { intersect, type ValueSet, valuesOf } from './value-set.ts'

const WORD = 0xffff_ffff
const PORT = 0xffff
const OCTET = 0xff

/** Fields by which rules are found, and their greatest value, a power of two less one. Other values keep all rules. */
const MAXIMA: Partial<Record<FieldName, number>> = {
  source0: WORD,
  source1: WORD,
  source2: WORD,
  source3: WORD,
  destination0: WORD,
  destination1: WORD,
  destination2: WORD,
  destination3: WORD,
  protocol: OCTET,
  length: PORT,
  ttl: OCTET,
  tos: OCTET,
  fragmentOffset: 0x1fff,
  sourcePort: PORT,
  destinationPort: PORT,
  tcpFlags: OCTET,
  icmpType: OCTET,
  icmpTypeCode: PORT,
  macHigh: 0xff_ffff,
  macLow: 0xff_ffff,
  inInterface: PORT,
  outInterface: PORT,
  state: 0x7f,
  direction: 1,
  connection: 1,
  mark: WORD,
  connectionMark: WORD,
}

export function maximumOf(field: FieldName): number {
  return MAXIMA[field] ?? 0
}

/** Protocol numbers, and -1, by their low 9 bits. */
export const PROTOCOL_SLOTS = 512
const UNREADABLE = PROTOCOL_SLOTS - 1
const ANY_LENGTH = 0x7fff_ffff

/** What a rule asks of one field: for all other known values it certainly does not match. */
export interface Demand {
  readonly values: ValueSet
  /** Asked behind a check that may drop the packet at once: holds only for packets without alarm. */
  readonly late: boolean
}

/**
 * What the rules of a chain ask of single fields.
 *
 * Checks that drop a packet at once (hotdrop) stand in the way: what is asked behind them does not excuse a rule from
 * being evaluated. They concern damaged packets, though, so that these raise an alarm: `transportLength <
 * alarms[protocol & 511]`.
 */
export interface Demands {
  readonly rules: readonly ReadonlyMap<FieldName, Demand>[]
  /** By protocol. */
  readonly alarms: Int32Array
}

/** Whether a field stays as it is while a chain runs. */
export type IsFixed = (field: Field) => boolean

export function demandsOf(
  rules: readonly { readonly checks: readonly ProgramCheck[] }[],
  environment: RuleEnvironment,
  isFixed: IsFixed,
): Demands {
  const alarms = new Int32Array(PROTOCOL_SLOTS)
  const enumerated = new Map<string, ValueSet | null>()
  const demandsOfRule = (checks: readonly ProgramCheck[]): ReadonlyMap<FieldName, Demand> =>
    new RuleReader(environment, isFixed, alarms, enumerated).read(checks)
  return { alarms, rules: rules.map(({ checks }) => demandsOfRule(checks)) }
}

class RuleReader {
  readonly #environment: RuleEnvironment
  readonly #isFixed: IsFixed
  readonly #alarms: Int32Array
  readonly #enumerated: Map<string, ValueSet | null>
  readonly #demands = new Map<FieldName, Demand>()
  #late = false

  constructor(
    environment: RuleEnvironment,
    isFixed: IsFixed,
    alarms: Int32Array,
    enumerated: Map<string, ValueSet | null>,
  ) {
    this.#enumerated = enumerated
    this.#environment = environment
    this.#isFixed = isFixed
    this.#alarms = alarms
  }

  read(checks: readonly ProgramCheck[]): ReadonlyMap<FieldName, Demand> {
    for (const { condition } of checks) if (!this.#read(condition)) break
    return this.#demands
  }

  /** False where nothing behind the condition counts, because it must be evaluated. */
  #read(condition: Condition): boolean {
    switch (condition.kind) {
      case 'field':
      case 'name':
        this.#demand(condition.field, this.#valuesOf(condition))
        return true
      case 'all':
        if (condition.parts.some(hasEffect)) return false
        if (!condition.negated) for (const part of condition.parts) this.#read(part)
        return true
      case 'any':
        if (condition.parts.some(hasEffect)) return false
        if (!condition.negated) this.#readAny(condition.parts)
        return true
      case 'hotdrop':
        return this.#readHotdrop(condition.when)
      case 'call':
      case 'constant':
        return true
      case 'stateful':
        return false
    }
  }

  /** Any of several conditions on one field is a condition on that field. */
  #readAny(parts: readonly Condition[]): void {
    let field: FieldName | null = null
    const values = []
    for (const part of parts) {
      if (part.kind !== 'field' && part.kind !== 'name') return
      const set = this.#valuesOf(part)
      if (set === null || (field !== null && field !== part.field)) return
      field = part.field
      values.push(...set)
    }
    if (field !== null) this.#demand(field, mergeRanges(values))
  }

  #readHotdrop(when: Condition): boolean {
    if (when.kind !== 'field' || when.negated || when.ranges.length !== 1) return false
    const [{ low, high }] = when.ranges
    this.#late = true
    if (when.field === 'protocol' && low === -1 && high === -1) {
      this.#alarms[UNREADABLE] = ANY_LENGTH
      return true
    }
    const isLength = when.field === 'transportLength' && this.#isFixed(FIELDS.transportLength)
    if (!isLength || low !== 0 || when.mask !== WORD) return false
    const raise = (slot: number): void => {
      this.#alarms[slot] = Math.max(this.#alarms[slot], high + 1)
    }
    const protocol = this.#demands.get('protocol')
    for (const range of protocol?.values ?? [{ low: 0, high: PROTOCOL_SLOTS - 2 }]) {
      for (let slot = range.low; slot <= range.high; slot++) raise(slot)
    }
    raise(UNREADABLE)
    return true
  }

  #valuesOf(condition: FieldCondition | NameCondition): ValueSet | null {
    const max = MAXIMA[condition.field]
    if (max === undefined) return null
    if (condition.kind === 'name') return this.#interfaces(condition)
    const { field, mask, ranges, negated } = condition
    if (mask === WORD || max > OCTET || ranges.length !== 1) return valuesOf(condition, max)
    // Tried value by value: many rules ask for the same states or flags.
    const key = `${field} ${mask} ${ranges[0].low} ${ranges[0].high} ${negated}`
    let values = this.#enumerated.get(key)
    if (values === undefined) {
      values = valuesOf(condition, max)
      this.#enumerated.set(key, values)
    }
    return values
  }

  #interfaces({ name, prefix, negated }: NameCondition): ValueSet {
    const numbers: { low: number; high: number }[] = []
    this.#environment.interfaces.forEach((one, number) => {
      const fits = prefix ? one.startsWith(name) : one === name
      if (fits !== negated) numbers.push({ low: number, high: number })
    })
    return mergeRanges(numbers)
  }

  #demand(field: FieldName, values: ValueSet | null): void {
    if (values === null || !this.#isFixed(FIELDS[field])) return
    const before = this.#demands.get(field)
    this.#demands.set(field, {
      values: before ? intersect(before.values, values) : values,
      late: this.#late,
    })
  }
}

/** What must be evaluated wherever it stands. */
function hasEffect(condition: Condition): boolean {
  switch (condition.kind) {
    case 'stateful':
    case 'hotdrop':
      return true
    case 'all':
    case 'any':
      return condition.parts.some(hasEffect)
    default:
      return false
  }
}
