import { VERDICT_DROP } from '../packet/rule-packet.ts'
import type { Condition } from './condition.ts'
import type { Program, ProgramRule } from './program.ts'
import type { World } from './world.ts'

/** Some rule on the way remembers the packet or changes it. */
const LEAVES_MARKS = 1 << 7
/** All bits: for a rule of which nothing is known. */
const ANYTHING = 0xff
/** Chains that call each other deeper than this are not looked into. */
const DEPTH_MAX = 500

/** What can still happen to a packet at some place of a program: bits 1 << VERDICT_…, and LEAVES_MARKS. */
export class Reachable {
  readonly #program: Program
  /** By chain, and by place in it: from there to the chain's end. */
  readonly #fromPlace: (Uint8Array | undefined)[] = []

  constructor(program: Program) {
    this.#program = program
  }

  /** From where a world stands to the end of its base chain. */
  ahead({ chain, at, frames }: Pick<World, 'chain' | 'at' | 'frames'>, baseChain: number): number {
    const { chains } = this.#program
    const policy = this.#from(baseChain, chains[baseChain].rules.length)
    return frames.reduce(
      (bits, frame) => bits | this.#from(frame.chain, frame.at + 1),
      policy | this.#from(chain, Math.min(at, chains[chain].rules.length)),
    )
  }

  /**
   * From a place of a chain to the chain's end, including all chains called on the way.
   * @param at up to the chain's length
   */
  #from(chain: number, at: number): number {
    return this.#of(chain, 0)[at]
  }

  #of(chain: number, depth: number): Uint8Array {
    let known = this.#fromPlace[chain]
    if (known === undefined) {
      const { rules, policy } = this.#program.chains[chain]
      known = new Uint8Array(rules.length + 1)
      known[rules.length] = policy === null ? 0 : 1 << policy.verdict
      for (let at = rules.length - 1; at >= 0; at--) known[at] = known[at + 1] | this.#byRule(rules[at], depth)
      this.#fromPlace[chain] = known
    }
    return known
  }

  #byRule({ checks, action, target }: ProgramRule, depth: number): number {
    let bits = 0
    for (const { condition } of checks) bits |= byCondition(condition)
    switch (action.kind) {
      case 'verdict':
        return bits | (1 << action.verdict)
      case 'undecided':
        return bits | action.possible | (action.accepted === undefined ? 0 : LEAVES_MARKS)
      case 'jump':
      case 'goto':
        return bits | (depth < DEPTH_MAX ? this.#of(target, depth + 1)[0] : ANYTHING)
      case 'return':
      case 'continue':
        return bits
      case 'track':
      case 'assign':
      case 'edit':
      case 'effect':
        return ANYTHING
    }
  }
}

function byCondition(condition: Condition): number {
  switch (condition.kind) {
    case 'all':
    case 'any':
      return condition.parts.reduce((bits, part) => bits | byCondition(part), 0)
    case 'hotdrop':
      return byCondition(condition.when) | (1 << VERDICT_DROP)
    case 'stateful':
      return LEAVES_MARKS
    case 'field':
    case 'name':
    case 'constant':
    case 'call':
      return 0
  }
}
