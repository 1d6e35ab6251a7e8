import type { Condition } from './condition.ts'
import type { FieldDemand } from './demands.ts'
import { SPREAD } from './head-cache.ts'
import type { ProgramRule } from './program.ts'
import { bitCount } from './rule-index.ts'
import type { ValueSet } from './value-set.ts'

const FIELDS_MAX = 8
/** Rough costs in nanoseconds. */
const LINEAR_RULE = 2
const CALL = 15
const CANDIDATE = 6
const LOOKUP = 6
const CLASSIFYING = 15
/** Imagined packets, and the most rules that they are compared with: enough to rank the fields. */
const PACKETS = 16
const SAMPLE = 512

/**
 * The fields by which few candidate rules are left for a packet, the most selective first; null where evaluating one
 * rule after the other is faster.
 *
 * The real packets are not known yet. Rules mostly ask for values that occur, so packets are imagined with values that
 * rules ask for, chosen at random for each field: what many rules ask for is then what many packets have.
 */
export function chooseFields(demands: readonly FieldDemand[], rules: readonly ProgramRule[]): FieldDemand[] | null {
  const sample = sampleOf(rules.length)
  const weight = rules.length / sample.length
  const excluded = demands.map(({ sets }, at) => excludedRules(sets, sample, at))
  const left = new Int32Array(sample.length).fill((1 << PACKETS) - 1)
  const chosen: FieldDemand[] = []
  while (chosen.length < FIELDS_MAX) {
    let best = -1
    let bestGain = LOOKUP
    for (let at = 0; at < demands.length; at++) {
      const gain = (CANDIDATE * weight * countBoth(left, excluded[at])) / PACKETS
      if (gain > bestGain) {
        best = at
        bestGain = gain
      }
    }
    if (best < 0) break
    chosen.push(demands[best])
    const gone = excluded[best]
    for (let at = 0; at < left.length; at++) left[at] &= ~gone[at]
  }
  const candidates = (weight * countBoth(left, left)) / PACKETS
  const cost = CLASSIFYING + chosen.length * LOOKUP + CANDIDATE * candidates
  const isCheaper = cost < LINEAR_RULE * rules.length || cost < linearCost(rules)
  return chosen.length > 0 && isCheaper ? chosen : null
}

/** Indices of rules spread without a period, since rulesets made by programs often have a period. */
function sampleOf(count: number): Int32Array {
  if (count <= SAMPLE) return Int32Array.from({ length: count }, (_, at) => at)
  return Int32Array.from({ length: SAMPLE }, (_, at) => (Math.imul(at + 1, SPREAD) >>> 0) % count)
}

/** By sampled rule: a bit for each imagined packet whose value of the field excludes the rule. */
function excludedRules(sets: readonly (ValueSet | null)[], sample: Int32Array, salt: number): Int32Array {
  const values = new Float64Array(PACKETS)
  for (let packet = 0; packet < PACKETS; packet++) values[packet] = imaginedValue(sets, packet * 131 + salt * 17)
  const excluded = new Int32Array(sample.length)
  for (let at = 0; at < sample.length; at++) {
    const set = sets[sample[at]]
    if (set === null) continue
    for (let packet = 0; packet < PACKETS; packet++) if (!holds(set, values[packet])) excluded[at] |= 1 << packet
  }
  return excluded
}

/**
 * A value that some rule asks for: the first one from a place on that is chosen pseudo-randomly, the same in every run.
 */
function imaginedValue(sets: readonly (ValueSet | null)[], chance: number): number {
  const start = (Math.imul(chance + 1, SPREAD) >>> 0) % sets.length
  for (let at = 0; at < sets.length; at++) {
    const set = sets[(start + at) % sets.length]
    if (set !== null && set.length > 0) return set[0].low
  }
  return 0
}

function holds(set: ValueSet, value: number): boolean {
  for (let at = 0; at < set.length; at++) if (set[at].low <= value && value <= set[at].high) return true
  return false
}

/** How many bits are set in both. */
function countBoth(one: Int32Array, other: Int32Array): number {
  let count = 0
  for (let at = 0; at < one.length; at++) count += bitCount(one[at] & other[at])
  return count
}

function linearCost(rules: readonly ProgramRule[]): number {
  let cost = LINEAR_RULE * rules.length
  for (const { checks } of rules) for (const { condition } of checks) if (isCall(condition)) cost += CALL
  return cost
}

function isCall({ kind }: Condition): boolean {
  return kind === 'call' || kind === 'stateful'
}
