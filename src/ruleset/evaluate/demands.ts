import type { RuleEnvironment } from '../packet/rule-environment.ts'
import type { Condition, FieldCondition, NameCondition } from './condition.ts'
import { hasEffect } from './condition-effects.ts'
import { FIELDS, type Field, type FieldName } from './fields.ts'
import type { ProgramCheck } from './program.ts'
import { mergeRanges } from './runtime.ts'
import { intersect, OCTET, PORT, type ValueSet, valuesOf, WORD } from './value-set.ts'

/**
 * Fields by which rules can be found, and their greatest value, a power of two less one. Greater values select all
 * rules.
 */
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

/** Slots for protocol numbers, and for -1, by their low 9 bits. */
export const PROTOCOL_SLOTS = 512
const UNREADABLE = PROTOCOL_SLOTS - 1
const ANY_LENGTH = 0x7fff_ffff

/**
 * The values of one field for which the rules of a chain may match. For all other known values they certainly do not.
 */
export interface FieldDemand {
  readonly field: FieldName
  /** By rule; null where it does not depend on the field. */
  readonly sets: (ValueSet | null)[]
  /**
   * Some rule asks for the field after a check that may drop the packet (hotdrop), so it is valid only for packets
   * without alarm.
   */
  late: boolean
}

/**
 * What the rules of a chain ask of single fields.
 *
 * A check that can drop a packet at once (hotdrop) must be evaluated even if a later condition of its rule does not
 * hold. Such checks concern damaged packets only, so these raise an alarm: `transportLength < alarms[protocol & 511]`.
 * For packets with an alarm, fields that are asked for after such a check are not used.
 */
export interface Demands {
  readonly fields: readonly FieldDemand[]
  /** By protocol (low 9 bits): packets with a shorter transport part raise an alarm. */
  readonly alarms: Int32Array
}

/** Whether a field stays as it is while a chain runs. */
export type IsFixed = (field: Field) => boolean

export function demandsOf(
  rules: readonly { readonly checks: readonly ProgramCheck[] }[],
  environment: RuleEnvironment,
  isFixed: IsFixed,
): Demands {
  const reader = new RulesReader(rules.length, environment, isFixed)
  for (let rule = 0; rule < rules.length; rule++) reader.read(rule, rules[rule].checks)
  return { alarms: reader.alarms, fields: [...reader.fields.values()] }
}

class RulesReader {
  readonly alarms = new Int32Array(PROTOCOL_SLOTS)
  readonly fields = new Map<FieldName, FieldDemand>()
  readonly #ruleCount: number
  readonly #environment: RuleEnvironment
  readonly #isFixed: IsFixed
  /**
   * Sets of conditions that are costly to compute (interface names, small fields with masks). Many rules share a
   * condition.
   */
  readonly #known = new Map<Condition, ValueSet | null>()
  #rule = 0
  #late = false

  constructor(ruleCount: number, environment: RuleEnvironment, isFixed: IsFixed) {
    this.#ruleCount = ruleCount
    this.#environment = environment
    this.#isFixed = isFixed
  }

  read(rule: number, checks: readonly ProgramCheck[]): void {
    this.#rule = rule
    this.#late = false
    for (const { condition } of checks) if (!this.#read(condition)) break
  }

  /** False where later conditions must be ignored, because this one must be evaluated. */
  #read(condition: Condition): boolean {
    switch (condition.kind) {
      case 'field':
      case 'name':
        this.#demand(condition.field, this.#valuesOf(condition))
        return true
      case 'all':
      case 'any':
        if (condition.parts.some(hasEffect)) return false
        if (condition.kind === 'all' && !condition.negated) {
          for (const part of condition.parts) this.#read(part)
        } else for (const [field, values] of this.#setsOf(condition)) this.#demand(field, values)
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

  /** By field, the values for which a condition without effect may hold. */
  #setsOf(condition: Condition): ReadonlyMap<FieldName, ValueSet> {
    switch (condition.kind) {
      case 'field':
      case 'name': {
        const values = this.#valuesOf(condition)
        return values === null ? NOTHING : new Map([[condition.field, values]])
      }
      case 'all':
      case 'any': {
        if (condition.negated) return NOTHING
        const parts = condition.parts.map((part) => this.#setsOf(part))
        return condition.kind === 'all' ? commonSets(parts) : unitedSets(parts)
      }
      default:
        return NOTHING
    }
  }

  #readHotdrop(when: Condition): boolean {
    if (when.kind !== 'field' || when.negated || when.ranges.length !== 1) return false
    const [{ low, high }] = when.ranges
    this.#late = true
    if (when.field === 'protocol' && low === -1 && high === -1) {
      this.alarms[UNREADABLE] = ANY_LENGTH
      return true
    }
    const isLength = when.field === 'transportLength' && this.#isFixed(FIELDS.transportLength)
    if (!isLength || low !== 0 || when.mask !== WORD) return false
    const raise = (slot: number): void => {
      this.alarms[slot] = Math.max(this.alarms[slot], high + 1)
    }
    const protocol = this.fields.get('protocol')?.sets[this.#rule]
    for (const range of protocol ?? [{ low: 0, high: PROTOCOL_SLOTS - 2 }]) {
      for (let slot = range.low; slot <= range.high; slot++) raise(slot)
    }
    raise(UNREADABLE)
    return true
  }

  #valuesOf(condition: FieldCondition | NameCondition): ValueSet | null {
    const max = MAXIMA[condition.field]
    if (max === undefined) return null
    if (condition.kind === 'field' && (condition.mask === WORD || max > OCTET)) return valuesOf(condition, max)
    let known = this.#known.get(condition)
    if (known === undefined) {
      known = condition.kind === 'name' ? this.#interfaces(condition) : valuesOf(condition, max)
      this.#known.set(condition, known)
    }
    return known
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
    let demand = this.fields.get(field)
    if (demand === undefined) {
      demand = { field, sets: new Array<ValueSet | null>(this.#ruleCount).fill(null), late: false }
      this.fields.set(field, demand)
    }
    const before = demand.sets[this.#rule]
    demand.sets[this.#rule] = before === null ? values : intersect(before, values)
    if (this.#late) demand.late = true
  }
}

const NOTHING: ReadonlyMap<FieldName, ValueSet> = new Map()

/** All of several hold. */
function commonSets(parts: readonly ReadonlyMap<FieldName, ValueSet>[]): ReadonlyMap<FieldName, ValueSet> {
  const common = new Map<FieldName, ValueSet>()
  for (const part of parts) {
    for (const [field, values] of part) {
      const before = common.get(field)
      common.set(field, before ? intersect(before, values) : values)
    }
  }
  return common
}

/** One of several holds: for fields that all of them ask for, the union of the values. */
function unitedSets(parts: readonly ReadonlyMap<FieldName, ValueSet>[]): ReadonlyMap<FieldName, ValueSet> {
  const united = new Map<FieldName, ValueSet>()
  for (const field of parts[0]?.keys() ?? []) {
    const sets = parts.map((part) => part.get(field))
    if (sets.every((set) => set !== undefined)) united.set(field, mergeRanges(sets.flat()))
  }
  return united
}
