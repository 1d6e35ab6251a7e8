import type { Condition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { intersect, type ValueSet } from '../evaluate/value-set.ts'
import { type FieldSet, impliedSet, unite } from './field-sets.ts'
import type { NameFact } from './interface-names.ts'
import type { ReviewedCheck } from './reviewed-rules.ts'

/**
 * What is certain about every packet that a rule matches. It may be less than the rule asks for (conditions that no
 * field expresses are left out), never more, so that conclusions hold for all these packets.
 */
export class Facts {
  readonly values = new Map<FieldName, ValueSet>()
  readonly names: NameFact[] = []

  add(checks: readonly ReviewedCheck[]): this {
    for (const { conditions } of checks) for (const condition of conditions) this.#learn(condition, false)
    return this
  }

  #learn(condition: Condition, negated: boolean): void {
    switch (condition.kind) {
      case 'field': {
        const set = impliedSet(condition, negated)
        if (set !== null) this.#narrow(set)
        return
      }
      case 'name':
        this.names.push({ ...condition, negated: condition.negated !== negated })
        return
      case 'hotdrop':
        // A rule matches only packets that it does not drop by hotdrop.
        this.#learn(condition.when, !negated)
        return
      case 'all':
      case 'any': {
        // De Morgan: "not all" is "any not".
        const inverted = condition.negated !== negated
        if ((condition.kind === 'all') !== inverted) for (const part of condition.parts) this.#learn(part, inverted)
        else {
          const set = unionOf(condition.parts, inverted)
          if (set !== null) this.#narrow(set)
        }
      }
    }
  }

  #narrow({ field, values }: FieldSet): void {
    const known = this.values.get(field)
    this.values.set(field, known ? intersect(known, values) : values)
  }
}

/** The values of a field when any of the parts holds; null where they ask about different fields. */
function unionOf(parts: readonly Condition[], negated: boolean): FieldSet | null {
  let union: FieldSet | null = null
  for (const part of parts) {
    const set = part.kind === 'field' ? impliedSet(part, negated) : null
    if (set === null || (union !== null && union.field !== set.field)) return null
    union = union === null ? set : { field: set.field, values: unite(union.values, set.values) }
  }
  return union
}
