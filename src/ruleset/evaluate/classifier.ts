import type { RuleEnvironment } from '../ruleset.ts'
import { type Demands, demandsOf, type IsFixed, maximumOf } from './demands.ts'
import type { FieldName } from './fields.ts'
import type { ProgramRule } from './program.ts'
import { boundariesOf, buildRuleIndex, placeOf, type RuleIndex } from './rule-index.ts'
import type { ValueSet } from './value-set.ts'

/** Fewer rules than this are asked one after the other in any case. */
const RULES_MIN = 24
const FIELDS_MAX = 8
/** What things cost, in nanoseconds, roughly. */
const LINEAR_RULE = 0.8
const CANDIDATE = 4
const LOOKUP = 6
const SUMMARY_WORD = 1

/** One field by which rules are found. */
export interface ClassifierField {
  readonly field: FieldName
  readonly index: RuleIndex
  /** Not to be asked for packets that raise an alarm. */
  readonly late: boolean
}

/** Finds the rules of a chain that a packet may match, without looking at the others. */
export interface Classifier {
  /** The most selective first; at least one. */
  readonly fields: readonly ClassifierField[]
  /** Rules by their place in the fields' bit vectors: such as ask alike stand together, so that words are all or nothing. */
  readonly order: Int32Array
  /** Room for the rules found, one bit each in their own order; empty between packets. */
  readonly found: Int32Array
  /** One bit for each word of `found` that is not 0. */
  readonly foundSummary: Int32Array
  /** See Demands. */
  readonly alarms: Int32Array
}

/** A field that could be one of a classifier's, and what the rules ask of it. */
interface Possible {
  readonly field: FieldName
  readonly sets: readonly (ValueSet | null)[]
  readonly boundaries: Float64Array
  readonly shares: Float64Array
}

/** @returns null where it is quicker to ask one rule after the other */
export function classifierOf(
  rules: readonly ProgramRule[],
  environment: RuleEnvironment,
  isFixed: IsFixed,
): Classifier | null {
  if (rules.length < RULES_MIN) return null
  const demands = demandsOf(rules, environment, isFixed)
  const chosen = chooseFields(possibleFields(demands), rules.length)
  if (chosen === null) return null
  const order = alikeTogether(chosen, rules.length)
  const words = Math.ceil(rules.length / 32)
  return {
    alarms: demands.alarms,
    fields: chosen.map(({ field, sets, boundaries }) => {
      const late = demands.rules.some((rule) => rule.get(field)?.late === true)
      const ordered = Array.from(order, (rule) => sets[rule])
      return { field, late, index: buildRuleIndex(ordered, boundaries, maximumOf(field)) }
    }),
    order,
    found: new Int32Array(words),
    foundSummary: new Int32Array(Math.ceil(words / 32)),
  }
}

/** Rules that ask about the same fields one behind the other, and among them those that ask for the same values. */
function alikeTogether(fields: readonly Possible[], ruleCount: number): Int32Array {
  const lows = fields.map(({ sets }) => Float64Array.from(sets, (set) => (set === null ? -1 : (set[0]?.low ?? 0))))
  const asked = Int32Array.from({ length: ruleCount }, (_, rule) =>
    fields.reduce((bits, { sets }, at) => bits | (sets[rule] === null ? 0 : 1 << at), 0),
  )
  return Int32Array.from({ length: ruleCount }, (_, rule) => rule).sort((one, other) => {
    if (asked[one] !== asked[other]) return asked[one] - asked[other]
    for (const low of lows) if (low[one] !== low[other]) return low[one] - low[other]
    return one - other
  })
}

function possibleFields({ rules }: Demands): Possible[] {
  const fields = new Set(rules.flatMap((rule) => [...rule.keys()]))
  return [...fields].map((field) => {
    const sets = rules.map((rule) => rule.get(field)?.values ?? null)
    const boundaries = boundariesOf(sets, maximumOf(field))
    return { field, sets, boundaries, shares: sharesOf(sets, boundaries) }
  })
}

/** Takes the field that excuses most rules, then the one that excuses most of what is left, while that pays. */
function chooseFields(possible: readonly Possible[], ruleCount: number): Possible[] | null {
  const fieldCost = LOOKUP + Math.ceil(ruleCount / 1024) * SUMMARY_WORD
  const chosen: Possible[] = []
  // How likely each rule is still to be a candidate.
  const left = new Float64Array(ruleCount).fill(1)
  while (chosen.length < FIELDS_MAX) {
    let best: Possible | null = null
    let bestGain = fieldCost
    for (const one of possible) {
      if (chosen.includes(one)) continue
      let gain = 0
      for (let rule = 0; rule < ruleCount; rule++) gain += left[rule] * (1 - one.shares[rule])
      if (CANDIDATE * gain > bestGain) {
        best = one
        bestGain = CANDIDATE * gain
      }
    }
    if (best === null) break
    chosen.push(best)
    for (let rule = 0; rule < ruleCount; rule++) left[rule] *= best.shares[rule]
  }
  const candidates = left.reduce((sum, one) => sum + one, 0)
  const cost = chosen.length * fieldCost + CANDIDATE * candidates
  return chosen.length > 0 && cost < LINEAR_RULE * ruleCount ? chosen : null
}

/** For every rule, of the values that the rules tell apart, the share that it takes. */
function sharesOf(sets: readonly (ValueSet | null)[], boundaries: Float64Array): Float64Array {
  return Float64Array.from(sets, (set) => {
    if (set === null) return 1
    let taken = 0
    for (const { low, high } of set) taken += placeOf(boundaries, high + 1) - placeOf(boundaries, low)
    return taken / boundaries.length
  })
}
