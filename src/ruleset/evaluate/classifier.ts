import type { RuleEnvironment } from '../packet/rule-environment.ts'
import { type AskedRanges, askedRanges } from './asked-ranges.ts'
import { Candidates } from './candidates.ts'
import { chooseFields } from './choose-fields.ts'
import { demandsOf, type FieldDemand, type IsFixed, maximumOf } from './demands.ts'
import type { FieldName } from './fields.ts'
import { type HeadCache, headCacheOf } from './head-cache.ts'
import type { ProgramRule } from './program.ts'
import { buildRuleIndex, grouped, type RuleIndex } from './rule-index.ts'

/** Fewer rules than this are always evaluated one after the other. */
const RULES_MIN = 12

/** One field by which rules are found. */
export interface ClassifierField {
  readonly field: FieldName
  readonly index: RuleIndex
  readonly cache: HeadCache | null
  /** Must not be used for packets that raise an alarm. */
  readonly late: boolean
}

/** What is needed to find the rules of a chain that a packet may match, without looking at the others. */
export interface Classifier {
  /** The most selective first; at least one. */
  readonly fields: readonly ClassifierField[]
  readonly candidates: Candidates
  /** See Demands. */
  readonly alarms: Int32Array
}

/** A field of a classifier, and what the rules ask of it. */
interface Chosen extends FieldDemand {
  readonly max: number
  readonly asked: AskedRanges
}

/** @returns null where evaluating one rule after the other is faster */
export function classifierOf(
  rules: readonly ProgramRule[],
  environment: RuleEnvironment,
  isFixed: IsFixed,
): Classifier | null {
  if (rules.length < RULES_MIN) return null
  const demands = demandsOf(rules, environment, isFixed)
  const chosen = chooseFields(demands.fields, rules)?.map((demand): Chosen => {
    const max = maximumOf(demand.field)
    return { ...demand, max, asked: askedRanges(demand.sets, max) }
  })
  if (!chosen) return null
  const order = alikeTogether(chosen, rules.length)
  const places = new Int32Array(order.length)
  for (let place = 0; place < order.length; place++) places[order[place]] = place
  const fields = chosen.map(({ field, asked, max, late }): ClassifierField => {
    const index = buildRuleIndex(asked, places, max)
    return { field, late, index, cache: headCacheOf(index) }
  })
  const indexes = fields.map(({ index }) => index)
  return { alarms: demands.alarms, fields, candidates: new Candidates(indexes, order) }
}

/**
 * Orders rules so that those that ask for the same fields, and among these those that ask for the same values, stand
 * next to each other. The words of the bit vectors then mostly have all bits set or none.
 */
function alikeTogether(fields: readonly Chosen[], ruleCount: number): Int32Array {
  const fieldsAsked = new Int32Array(ruleCount)
  let order: Int32Array = Int32Array.from(fieldsAsked, (_, rule) => rule)
  // Sorted by the least important key first; the sort is stable.
  for (let at = fields.length - 1; at >= 0; at--) {
    const { asks, rules, begins, boundaries } = fields[at].asked
    const lows = new Int32Array(ruleCount)
    for (let range = rules.length - 1; range >= 0; range--) lows[rules[range]] = begins[range]
    for (let rule = 0; rule < ruleCount; rule++) fieldsAsked[rule] |= asks[rule] << at
    order = orderedBy(lows, order, boundaries.length + 1)
  }
  return orderedBy(fieldsAsked, order, 1 << fields.length)
}

function orderedBy(keys: Int32Array, rules: Int32Array, count: number): Int32Array {
  const keysInOrder = rules.map((rule) => keys[rule])
  return grouped(keysInOrder, rules, count)[1]
}
