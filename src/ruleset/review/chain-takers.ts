import { type Box, intersectBoxes, subtractBox } from './box.ts'
import type { Dimensions } from './dimensions.ts'
import { CLIMB_MAX, type Flow } from './flow.ts'
import type { ReviewedRule } from './reviewed-rules.ts'
import type { RuleBoxes } from './rule-boxes.ts'
import { type Taker, Takers } from './takers.ts'

/** Limits: takers of a chain, and boxes of a taker. More are not considered. */
const TAKERS_MAX = 20_000
const FATE_MAX = 2_000
const BOXES_MAX = 16

/** For each chain, the packets that its rules take, including rules of the chains that it jumps to. */
export class ChainTakers {
  /** All takers of all chains so far. */
  readonly all: Taker[] = []
  readonly #flow: Flow
  readonly #dimensions: Dimensions
  readonly #surely: RuleBoxes
  readonly #perhaps: RuleBoxes
  readonly #known = new Map<string, Takers>()
  readonly #fates = new Map<string, readonly Taker[]>()

  constructor(flow: Flow, dimensions: Dimensions, surely: RuleBoxes, perhaps: RuleBoxes) {
    this.#flow = flow
    this.#dimensions = dimensions
    this.#surely = surely
    this.#perhaps = perhaps
  }

  /** The takers of a chain: rules that keep packets from its later rules. */
  of(chain: string): Takers {
    const known = this.#known.get(chain)
    if (known !== undefined) return known
    const takers: Taker[] = []
    for (const rule of this.#flow.rulesOf(chain)) {
      if (takers.length > TAKERS_MAX) break
      takers.push(...this.#takersAt(rule, true, 0))
    }
    const made = new Takers(takers, this.all.length, this.#dimensions)
    for (const taker of takers) this.all.push(taker)
    this.#known.set(chain, made)
    return made
  }

  /** @param leaving whether packets that leave the chain count as taken, too */
  #takersAt(rule: ReviewedRule, leaving: boolean, depth: number): Taker[] {
    const action = rule.rule.target?.target.action
    const whole = (): Taker[] => {
      const boxes = this.#surely.of(rule.checks)
      return boxes.length === 0 ? [] : [{ rule, number: rule.number, boxes, by: null }]
    }
    switch (action?.kind) {
      case 'verdict':
      case 'undecided':
        return whole()
      case 'return':
        return leaving ? whole() : []
      case 'goto':
        return leaving ? whole() : this.#takersAfter(rule, action.chain, depth)
      case 'jump':
        return this.#flow.isFinal(action.chain) ? whole() : this.#takersAfter(rule, action.chain, depth)
      default:
        return []
    }
  }

  /** Takers in a chain that a rule jumps to: packets that do not come back from it. */
  #takersAfter(rule: ReviewedRule, chain: string, depth: number): Taker[] {
    const way = this.#surely.of(rule.checks)
    if (way.length === 0) return []
    return this.#fate(chain, depth + 1).flatMap((taker) => {
      const boxes = way.flatMap((one) => taker.boxes.flatMap((other) => intersectBoxes(one, other) ?? []))
      if (boxes.length === 0) return []
      return [{ rule: taker.rule, number: rule.number, boxes: boxes.slice(0, BOXES_MAX), by: rule }]
    })
  }

  #fate(chain: string, depth: number): readonly Taker[] {
    const known = this.#fates.get(chain)
    if (known !== undefined) return known
    if (depth > CLIMB_MAX) return []
    this.#fates.set(chain, [])
    const fate: Taker[] = []
    let returned: readonly Box[] = []
    for (const rule of this.#flow.rulesOf(chain)) {
      if (fate.length > FATE_MAX || returned.length > BOXES_MAX) break
      for (const taker of this.#takersAt(rule, false, depth)) {
        const boxes = this.#without(taker.boxes, returned)
        if (boxes.length > 0) fate.push({ ...taker, boxes })
      }
      const kind = rule.rule.target?.target.action.kind
      if (kind === 'return' || kind === 'goto') returned = [...returned, ...this.#perhaps.of(rule.checks)]
    }
    this.#fates.set(chain, fate)
    return fate
  }

  #without(boxes: readonly Box[], returned: readonly Box[]): readonly Box[] {
    let left = boxes
    for (const box of returned) {
      left = left.flatMap((one) => subtractBox(one, box, this.#dimensions.domain)).slice(0, BOXES_MAX)
    }
    return left
  }
}
