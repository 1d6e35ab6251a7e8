import type { Family } from '../rule-environment.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import type { SetType } from './set-definition.ts'

/** More elements than this out of one range are taken for a mistake. */
export const EXPANSION_MAX = 1 << 20

/** What an element is read with. */
export interface ElementScope {
  readonly type: SetType
  /** null for types that hold no addresses. */
  readonly family: Family | null
  readonly addressMask: readonly number[]
  readonly markMask: number
  /** The number of an interface name, with `wildcard` for a prefix. */
  interfaceNumber(token: Token, name: string): number
}

/** @param most elements that one line may stand for, or that the set holds (maxelem) */
export function tooMany(token: Token, text: string, most: number): Refusal {
  return new Refusal(
    token,
    `"${text}" stands for more than ${most} elements; raise maxelem, or use a set of a net type`,
  )
}
