import type { Condition } from '../evaluate/condition.ts'
import type { Box } from './box.ts'
import { ChainTakers } from './chain-takers.ts'
import { type Cover, CoverSearch } from './cover.ts'
import { Dimensions } from './dimensions.ts'
import { CLIMB_MAX, type Flow, isUnconditional } from './flow.ts'
import { InterfaceNames, type NameFact } from './interface-names.ts'
import { Probe } from './probe.ts'
import type { ReviewedRule } from './reviewed-rules.ts'
import { NOTHING_CHANGES, RuleBoxes } from './rule-boxes.ts'
import type { Taker, Takers } from './takers.ts'
import { volatileOf } from './volatile-fields.ts'

/** A rule that no packet can reach or match. */
export interface DeadRule {
  readonly rule: ReviewedRule
  /** The earlier rule that takes all its packets; null where there is none, or several do it. */
  readonly by: ReviewedRule | null
  /**
   * The earlier rules that take all its packets together. Empty, with `by` null, where the rule contradicts itself or
   * the rules on the way to it.
   */
  readonly together: readonly ReviewedRule[]
  /** Jumps in earlier rules by which packets reach takers in other chains. */
  readonly jumps: readonly ReviewedRule[]
  /** `by` matches every packet that reaches it. */
  readonly byTakesAll: boolean
}

/** Boxes that the searches for all rules of a table together may look at. */
const ALLOWANCE = 2_000_000
/** Steps back along the ways to rules, for all rules of a table together. */
const CLIMBS_MAX = 200_000
/** Packets of each box that are tried before a search (Probe). */
const PROBES = 8
/** With more takers it is not determined which could be left out. */
const GROUP_MAX = 256

/**
 * The rules of a table that can never match. Each case is proved from the conditions of the rules: on every way to the
 * rule, earlier rules take all packets that it could match, one alone or several together. Where no proof is found, the
 * rule is not listed.
 */
export function deadRules(flow: Flow): DeadRule[] {
  const search = new ShadowSearch(flow)
  return flow.table.chains.flatMap(({ name }) =>
    flow.rulesOf(name).flatMap((rule): DeadRule[] => {
      const found = search.takersOf(rule)
      if (found === null) return []
      const takers = inOrder(found.map((taker) => taker.rule))
      const jumps = inOrder(found.flatMap(({ by }) => by ?? []))
      const [by] = takers
      if (takers.length !== 1) return [{ rule, by: null, together: takers, jumps, byTakesAll: false }]
      return [{ rule, by, together: [], jumps, byTakesAll: jumps.length === 0 && isUnconditional(by) }]
    }),
  )
}

function inOrder(rules: readonly ReviewedRule[]): ReviewedRule[] {
  return [...new Set(rules)].sort((one, other) => one.rule.line - other.rule.line)
}

/**
 * A chain on the way to a rule, and the number of the rule there that leads further. The last stage is the farthest
 * from the rule.
 */
interface Stage {
  readonly takers: Takers
  readonly number: number
}

class ShadowSearch {
  readonly #flow: Flow
  /** Chains that rules lead to, whether these rules can match or not. */
  readonly #inReach: ReadonlySet<string>
  readonly #rightNow: RuleBoxes
  readonly #perhaps: RuleBoxes
  readonly #takers: ChainTakers
  readonly #search: CoverSearch
  readonly #probe: Probe
  readonly #askedBy = new Map<ReviewedRule, readonly Box[]>()
  #climbs = 0

  constructor(flow: Flow) {
    this.#flow = flow
    this.#inReach = flow.reachable(new Set())
    const rules = flow.table.chains.flatMap(({ name }) => flow.rulesOf(name))
    const conditions = rules.flatMap(({ checks }) => checks.flatMap((check) => check.conditions))
    const dimensions = new Dimensions(new InterfaceNames(conditions.flatMap(namesIn)))
    const changing = volatileOf(flow.table)
    this.#rightNow = new RuleBoxes(dimensions, NOTHING_CHANGES, 'perhaps')
    this.#perhaps = new RuleBoxes(dimensions, changing, 'perhaps')
    this.#takers = new ChainTakers(flow, dimensions, new RuleBoxes(dimensions, changing, 'surely'), this.#perhaps)
    this.#probe = new Probe(dimensions)
    this.#search = new CoverSearch(dimensions.domain, ALLOWANCE)
  }

  /** The takers of all packets of a rule; none where the rule contradicts itself; null where it may match. */
  takersOf(rule: ReviewedRule): readonly Taker[] | null {
    if (this.#rightNow.of(rule.checks).length === 0) return []
    return this.#onTheWayTo(rule, this.#perhaps.of(rule.checks), [])
  }

  /** @param after the stages from there to the rule in question */
  #onTheWayTo(at: ReviewedRule, region: readonly Box[], after: readonly Stage[]): readonly Taker[] | null {
    if (region.length === 0) return []
    const takers = this.#takers.of(at.chain.name)
    const stages = [...after, { takers, number: at.number }]
    if (!region.some((box) => this.#hasPacketLeft(box, stages))) {
      const alone = takers.before(at.number, region)
      const together = alone === null ? this.#together(region, stages) : [alone]
      if (together !== null) return together
    }
    const callers = this.#flow.callersOf(at.chain.name).filter(({ chain }) => this.#inReach.has(chain.name))
    if (callers.length === 0 || stages.length > CLIMB_MAX) return null
    const found: Taker[] = []
    for (const caller of callers) {
      if (++this.#climbs > CLIMBS_MAX) return null
      const left = this.#perhaps.common(region, this.#asked(caller))
      const taken = this.#onTheWayTo(caller, left, stages)
      if (taken === null) return null
      found.push(...taken)
    }
    return found
  }

  /** The boxes of a rule that jumps, kept since many ways lead through it. */
  #asked(caller: ReviewedRule): readonly Box[] {
    const known = this.#askedBy.get(caller)
    if (known !== undefined) return known
    const asked = this.#perhaps.of(caller.checks)
    this.#askedBy.set(caller, asked)
    return asked
  }

  /** Takers that cover the region, as few as are found; null where something is left. */
  #together(region: readonly Box[], stages: readonly Stage[]): readonly Taker[] | null {
    // In the order in which packets meet them.
    const covers = region.map((box) => stages.toReversed().flatMap(({ takers, number }) => takers.meeting(number, box)))
    const found = this.#needed(region, covers)
    if (found === null) return null
    let needed = found
    // Takers that the others make unnecessary are left out, the later rules first.
    for (const taker of found.size <= GROUP_MAX ? [...found].sort((one, other) => other - one) : []) {
      if (!needed.has(taker)) continue
      const others = covers.map((list) => list.filter((cover) => cover.taker !== taker && needed.has(cover.taker)))
      needed = this.#needed(region, others) ?? needed
    }
    return [...needed].map((taker) => this.#takers.all[taker])
  }

  /** @param covers of each box of the region */
  #needed(region: readonly Box[], covers: readonly (readonly Cover[])[]): ReadonlySet<number> | null {
    const needed = new Set<number>()
    for (const [index, box] of region.entries()) {
      const takers = this.#search.takersOf(box, covers[index])
      if (takers === null) return null
      for (const taker of takers) needed.add(taker)
    }
    return needed
  }

  #hasPacketLeft(box: Box, stages: readonly Stage[]): boolean {
    for (let tried = 0; tried < PROBES; tried++) {
      const packet = this.#probe.of(box)
      if (!stages.some(({ takers, number }) => takers.take(number, packet))) return true
    }
    return false
  }
}

function namesIn(condition: Condition): NameFact[] {
  switch (condition.kind) {
    case 'name':
      return [condition]
    case 'all':
    case 'any':
      return condition.parts.flatMap(namesIn)
    case 'hotdrop':
      return namesIn(condition.when)
    default:
      return []
  }
}
