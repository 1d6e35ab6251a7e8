import type { RuleEnvironment } from '../packet/rule-environment.ts'
import type { Action, FinalVerdict } from './action.ts'
import type { Condition } from './condition.ts'

/** Chains and rules ready to be evaluated, independent of the rule language. */
export interface Program {
  readonly chains: readonly ProgramChain[]
  readonly environment: RuleEnvironment
  /** PART_ bits that its rules change in packets for later rules. */
  readonly editedParts: number
  /** By match name: the result to use where it is unknown. */
  readonly assume: ReadonlyMap<string, boolean>
}

export interface ProgramChain {
  readonly name: string
  /** Index in Program.chains. */
  readonly index: number
  readonly rules: readonly ProgramRule[]
  /** Base chains: what happens at their end, and under which rule id it is counted; null in user chains. */
  readonly policy: { readonly id: number; readonly verdict: FinalVerdict } | null
}

export interface ProgramRule {
  /** RuleInfo.id; those of a chain's rules follow each other. */
  readonly id: number
  readonly checks: readonly ProgramCheck[]
  readonly action: Action
  /** Program.chains index of the chain jumped to, -1. */
  readonly target: number
}

/** One condition, and the match that it belongs to (the key of `assume`). */
export interface ProgramCheck {
  readonly match: string
  readonly condition: Condition
}

/** The result of a chain besides VERDICT_ codes. */
export const CONTINUE = 0
/** The compiled code met something unknown: the trail says where. */
export const BAIL = -1
/** A part of a chain met RETURN. */
export const RETURNED = -2

/**
 * Where compiled code stopped: first the rule that was not evaluated, then the rules that jumped here, innermost first.
 */
export class Trail {
  length = 0
  readonly ruleIds: Int32Array

  constructor(depth: number) {
    this.ruleIds = new Int32Array(depth)
  }
}

/** Nesting that the JavaScript stack certainly allows; deeper rulesets are interpreted. */
export const COMPILED_DEPTH_MAX = 500

/** Chains on the longest path of jumps from a chain. The program has no loops. */
export function depthOf(program: Program): number {
  const depths = new Int32Array(program.chains.length)
  const order: number[] = []
  const seen = new Uint8Array(program.chains.length)
  for (const chain of program.chains) {
    const stack = [chain.index]
    while (stack.length > 0) {
      const index = stack[stack.length - 1]
      if (seen[index] === 0) {
        seen[index] = 1
        for (const rule of program.chains[index].rules)
          if (rule.target >= 0 && seen[rule.target] === 0) stack.push(rule.target)
      } else {
        stack.pop()
        if (seen[index] === 1) order.push(index)
        seen[index] = 2
      }
    }
  }
  let deepest = 0
  for (const index of order) {
    let depth = 1
    for (const rule of program.chains[index].rules)
      if (rule.target >= 0) depth = Math.max(depth, 1 + depths[rule.target])
    depths[index] = depth
    deepest = Math.max(deepest, depth)
  }
  return deepest
}
