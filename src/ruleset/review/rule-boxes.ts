import type { Condition, FieldCondition } from '../evaluate/condition.ts'
import type { FieldName } from '../evaluate/fields.ts'
import { type Box, EVERYTHING, intersectBoxes } from './box.ts'
import { answer, type Dimensions, YES_ONLY } from './dimensions.ts'
import { domainOf, type FieldSet, fieldSet, impliedSet, unite, without } from './field-sets.ts'
import type { ReviewedCheck } from './reviewed-rules.ts'
import type { Volatile } from './volatile-fields.ts'

/** Most boxes for one rule; a rule that needs more is described less exactly. */
const BOXES_MAX = 64
/** Fields of the transport header, which only first fragments have. */
const OF_A_HEADER: ReadonlySet<FieldName> = new Set(['sourcePort', 'destinationPort', 'tcpFlags', 'icmpTypeCode'])

/** For tables that change no packet. */
export const NOTHING_CHANGES: Volatile = { fields: new Set(), more: false }

/**
 * The conditions of rules as unions of boxes. In mode `surely`, at most the packets that pass all checks (or are
 * dropped by them at once); in mode `perhaps`, at least these.
 */
export class RuleBoxes {
  readonly #dimensions: Dimensions
  readonly #changing: Volatile
  readonly #mode: 'surely' | 'perhaps'

  /** @param changing fields that rules may have changed by the time another rule sees the packet */
  constructor(dimensions: Dimensions, changing: Volatile, mode: 'surely' | 'perhaps') {
    this.#dimensions = dimensions
    this.#changing = changing
    this.#mode = mode
  }

  of(checks: readonly ReviewedCheck[]): readonly Box[] {
    return this.#product(checks.map((check) => this.#ofCheck(check)))
  }

  /** The intersection of two unions. */
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
    // The complement of what the negated condition implies is a subset of what the condition asks for.
    const ruledOut = impliedSet(condition, !negated)
    return ruledOut === null ? asked : this.#union([...asked, ...this.#ofSet(opposite(ruledOut))])
  }

  #ofSet({ field, values }: FieldSet): readonly Box[] {
    return values.length === 0 ? [] : [this.#box(this.#dimensions.field(field), values)]
  }

  /**
   * A packet that is dropped at once reaches no later rule either, and a packet that matches was not dropped. Checks
   * that look for a transport header see only first fragments.
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

  /** Boxes that differ in a single dimension are joined. */
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

/** Whether ranges and questions express the condition exactly. */
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
