import type { Condition, FieldCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { type Box, EVERYTHING, intersectBoxes } from './box.ts'
import { answer, type Dimensions, YES_ONLY } from './dimensions.ts'
import { domainOf, type FieldSet, fieldSet, impliedSet, unite, without } from './field-sets.ts'
import type { ReviewedCheck } from './reviewed-rules.ts'
import type { Volatile } from './volatile-fields.ts'

/** Beyond so many boxes less is said of a rule. */
const BOXES_MAX = 64
/** Only first fragments have them. */
const OF_A_HEADER: ReadonlySet<FieldName> = new Set(['sourcePort', 'destinationPort', 'tcpFlags', 'icmpTypeCode'])

/** No packet is changed on its way. */
export const NOTHING_CHANGES: Volatile = { fields: new Set(), more: false }

/**
 * What rules ask, as unions of boxes: packets that `surely` pass all their checks (or are dropped by them at once), at
 * most; or, at least, those that `perhaps` do.
 */
export class RuleBoxes {
  readonly #dimensions: Dimensions
  readonly #changing: Volatile
  readonly #mode: 'surely' | 'perhaps'

  /** @param changing what tells nothing about a packet at the time when another rule looks at it */
  constructor(dimensions: Dimensions, changing: Volatile, mode: 'surely' | 'perhaps') {
    this.#dimensions = dimensions
    this.#changing = changing
    this.#mode = mode
  }

  of(checks: readonly ReviewedCheck[]): readonly Box[] {
    return this.#product(checks.map((check) => this.#ofCheck(check)))
  }

  /** What lies in both unions. */
  common(one: readonly Box[], other: readonly Box[]): readonly Box[] {
    return this.#product([one, other])
  }

  #ofCheck({ words, conditions }: ReviewedCheck): readonly Box[] {
    const exact = conditions.every(isExact)
    const asWords = exact || words === null || this.#changing.more ? [] : [this.#dimensions.words(words)]
    const passed = asWords.map((dimension) => [this.#box(dimension, YES_ONLY)])
    if (this.#mode === 'surely' && !exact) return passed.flat()
    return this.#product([...passed, ...conditions.map((one) => this.#boxes(one, false))])
  }

  #boxes(condition: Condition, negated: boolean): readonly Box[] {
    switch (condition.kind) {
      case 'field':
        return this.#ofField(condition, negated)
      case 'name': {
        const fact = { ...condition, negated: condition.negated !== negated }
        const set = this.#dimensions.interfaces(fact)
        return set.length === 0 ? [] : [this.#box(this.#dimensions.interface(fact), set)]
      }
      case 'constant':
        return condition.value === negated ? [] : condition.value === null ? this.#unknown() : [EVERYTHING]
      case 'hotdrop':
        return this.#ofHotdrop(condition.when, negated)
      case 'all':
      case 'any': {
        const inverted = condition.negated !== negated
        const parts = condition.parts.map((part) => this.#boxes(part, inverted))
        return (condition.kind === 'all') !== inverted ? this.#product(parts) : this.#union(parts.flat())
      }
      default:
        return this.#unknown()
    }
  }

  #ofField(condition: FieldCondition, negated: boolean): readonly Box[] {
    const { field } = condition
    if (this.#changing.fields.has(field)) return this.#unknown()
    const exact = fieldSet(condition, negated)
    if (exact !== null) {
      const boxes = this.#ofSet(exact)
      const ofFirst = this.#mode === 'surely' && OF_A_HEADER.has(exact.field)
      return ofFirst ? this.#product([this.#firstFragment(), boxes]) : boxes
    }
    const asked = [this.#box(this.#dimensions.question(condition), answer(condition.negated === negated))]
    if (this.#mode === 'perhaps') {
      const implied = impliedSet(condition, negated)
      return implied === null ? asked : this.#product([asked, this.#ofSet(implied)])
    }
    // Where the opposite says something, what it rules out is surely asked for.
    const ruledOut = impliedSet(condition, !negated)
    return ruledOut === null ? asked : this.#union([...asked, ...this.#ofSet(opposite(ruledOut))])
  }

  #ofSet({ field, values }: FieldSet): readonly Box[] {
    return values.length === 0 ? [] : [this.#box(this.#dimensions.field(field), values)]
  }

  /**
   * A packet that is dropped at once comes to no later rule either, and one that a rule matches was not dropped. What looks
   * for a transport header sees first fragments only.
   */
  #ofHotdrop(when: Condition, negated: boolean): readonly Box[] {
    if (negated) return this.#unknown()
    if (when.kind === 'field' && when.field === 'transportLength') return this.#firstFragment()
    return this.#mode === 'surely' ? [EVERYTHING] : this.#boxes(when, true)
  }

  #firstFragment(): readonly Box[] {
    return this.#ofSet({ field: 'fragmentOffset', values: [{ low: 0, high: 0 }] })
  }

  #unknown(): readonly Box[] {
    return this.#mode === 'surely' ? [] : [EVERYTHING]
  }

  #box(dimension: number, set: Box['sets'][number]): Box {
    return this.#dimensions.isEverything(dimension, set) ? EVERYTHING : { dimensions: [dimension], sets: [set] }
  }

  #product(factors: readonly (readonly Box[])[]): readonly Box[] {
    let product: readonly Box[] = [EVERYTHING]
    for (const factor of factors) {
      const next = product.flatMap((one) => factor.flatMap((other) => intersectBoxes(one, other) ?? []))
      if (next.length <= BOXES_MAX) product = next
      else if (this.#mode === 'surely') product = next.slice(0, BOXES_MAX)
    }
    return product
  }

  /** Parts in one and the same dimension are one box. */
  #union(boxes: readonly Box[]): readonly Box[] {
    const united: Box[] = []
    for (const box of boxes) {
      const [dimension, ...more] = box.dimensions
      if (dimension === undefined) return [EVERYTHING]
      const at = united.findIndex(({ dimensions: [one, other] }) => one === dimension && other === undefined)
      if (more.length > 0 || at < 0) united.push(box)
      else united[at] = this.#box(dimension, unite(united[at].sets[0], box.sets[0]))
    }
    if (united.length <= BOXES_MAX) return united
    return this.#mode === 'surely' ? united.slice(0, BOXES_MAX) : [EVERYTHING]
  }
}

function opposite({ field, values }: FieldSet): FieldSet {
  return { field, values: without(domainOf(field) ?? [], values) }
}

/** Ranges and questions can say it all. */
function isExact(condition: Condition): boolean {
  switch (condition.kind) {
    case 'field':
    case 'name':
    case 'hotdrop':
      return true
    case 'constant':
      return condition.value !== null
    case 'all':
    case 'any':
      return condition.parts.every(isExact)
    default:
      return false
  }
}
