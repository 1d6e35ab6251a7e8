import type { Condition, GroupCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { intersect, type ValueSet } from '../evaluate/value-set.ts'
import { type FieldSet, fieldSet, impliedSet, isEverything, isSubset, unite } from './field-sets.ts'
import { type NameFact, nameFollows, namesExclude } from './interface-names.ts'
import type { ReviewedCheck } from './reviewed-rules.ts'

/**
 * What is certain of every packet that a rule matches. It may be less than the rule asks (what no field can say is left
 * out), never more, so that what follows from it holds for all these packets.
 */
export class Facts {
  /** No packet can be like this. */
  impossible = false
  readonly values = new Map<FieldName, ValueSet>()
  readonly names: NameFact[] = []
  /** Checks that hold, by their words. */
  readonly words = new Set<string>()

  /** @param forgotten fields that may have had another value when an earlier rule looked */
  add(checks: readonly ReviewedCheck[], forgotten: ReadonlySet<FieldName> = NOTHING, keepWords = true): this {
    for (const check of checks) {
      if (keepWords && check.words !== null) this.words.add(check.words)
      for (const condition of check.conditions) this.#learn(condition, false, forgotten)
    }
    return this
  }

  /** True when every such packet certainly passes the check, or is dropped by it at once. */
  imply(check: ReviewedCheck): boolean {
    if (check.words !== null && this.words.has(check.words)) return true
    return check.conditions.every((condition) => this.#follows(condition, false))
  }

  /**
   * The values of one field for which such packets pass all these checks; null where they ask for more than one field
   * beyond what is certain, or for something that is no field.
   */
  remainderOf(checks: readonly ReviewedCheck[]): FieldSet | null {
    let left: FieldSet | null = null
    for (const check of checks) {
      if (this.imply(check)) continue
      for (const condition of check.conditions) {
        if (this.#follows(condition, false)) continue
        const set = this.#exactly(condition, false)
        if (set === null || (left !== null && left.field !== set.field)) return null
        left = left === null ? set : { field: set.field, values: intersect(left.values, set.values) }
      }
    }
    return left
  }

  #exactly(condition: Condition, negated: boolean): FieldSet | null {
    if (condition.kind === 'field') return fieldSet(condition, negated)
    if (condition.kind !== 'all' && condition.kind !== 'any') return null
    const { every, inverted } = readGroup(condition, negated)
    let whole: FieldSet | null = null
    for (const part of condition.parts) {
      if (every && this.#follows(part, inverted)) continue
      const set = this.#exactly(part, inverted)
      if (set === null || (whole !== null && whole.field !== set.field)) return null
      const join = every ? intersect : unite
      whole = whole === null ? set : { field: set.field, values: join(whole.values, set.values) }
    }
    return whole
  }

  #learn(condition: Condition, negated: boolean, forgotten: ReadonlySet<FieldName>): void {
    switch (condition.kind) {
      case 'field': {
        const set = impliedSet(condition, negated)
        if (set !== null) this.#narrow(set, forgotten)
        return
      }
      case 'name':
        this.#learnName({ ...condition, negated: condition.negated !== negated })
        return
      case 'constant':
        if (condition.value === negated) this.impossible = true
        return
      case 'hotdrop':
        // A rule matches only packets that it does not drop on the way.
        this.#learn(condition.when, !negated, forgotten)
        return
      case 'all':
      case 'any': {
        const { every, inverted } = readGroup(condition, negated)
        if (every) for (const part of condition.parts) this.#learn(part, inverted, forgotten)
        else {
          const set = unionOf(condition.parts, inverted)
          if (set !== null) this.#narrow(set, forgotten)
        }
      }
    }
  }

  #narrow({ field, values }: FieldSet, forgotten: ReadonlySet<FieldName>): void {
    if (forgotten.has(field)) return
    const known = this.values.get(field)
    const left = known ? intersect(known, values) : values
    if (left.length === 0) this.impossible = true
    this.values.set(field, left)
  }

  #learnName(fact: NameFact): void {
    if (this.names.some((known) => namesExclude(known, fact))) this.impossible = true
    this.names.push(fact)
  }

  #follows(condition: Condition, negated: boolean): boolean {
    switch (condition.kind) {
      case 'field': {
        const set = fieldSet(condition, negated)
        if (set === null) return false
        const known = this.values.get(set.field)
        return known ? isSubset(known, set.values) : isEverything(set)
      }
      case 'name': {
        const asked = { ...condition, negated: condition.negated !== negated }
        return this.names.some((known) => nameFollows(known, asked))
      }
      case 'constant':
        return condition.value !== null && condition.value !== negated
      case 'hotdrop':
        // Dropped at once or not: either way the packet comes to no later rule that this one does not leave it to.
        return !negated
      case 'all':
      case 'any': {
        const { every, inverted } = readGroup(condition, negated)
        if (every) return condition.parts.every((part) => this.#follows(part, inverted))
        return condition.parts.some((part) => this.#follows(part, inverted))
      }
      default:
        return false
    }
  }
}

const NOTHING: ReadonlySet<FieldName> = new Set()

/** De Morgan: "not all" is "any not". */
function readGroup({ kind, negated }: GroupCondition, outer: boolean): { every: boolean; inverted: boolean } {
  const inverted = negated !== outer
  return { every: (kind === 'all') !== inverted, inverted }
}

/** What is left of a field when one of the parts holds; null where they ask about different things. */
function unionOf(parts: readonly Condition[], negated: boolean): FieldSet | null {
  let union: FieldSet | null = null
  for (const part of parts) {
    const set = part.kind === 'field' ? impliedSet(part, negated) : null
    if (set === null || (union !== null && union.field !== set.field)) return null
    union = union === null ? set : { field: set.field, values: unite(union.values, set.values) }
  }
  return union
}
