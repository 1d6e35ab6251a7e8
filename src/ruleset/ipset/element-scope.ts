import type { Family } from '../packet/rule-environment.ts'
import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'
import type { SetType } from './set-definition.ts'

/** An element that stands for more keys than this is taken for a mistake. */
export const EXPANSION_MAX = 1 << 20

/** The properties of a set that are needed to read its elements. */
export interface ElementScope {
  readonly type: SetType
  /** null for types that hold no addresses. */
  readonly family: Family | null
  readonly addressMask: readonly number[]
  readonly markMask: number
  /** The number that stands for an interface name in keys. */
  interfaceNumber(token: Token, name: string): number
}

/** @param most the limit that was exceeded: of one line, or of the set (maxelem) */
export function tooMany(token: Token, text: string, most: number): Refusal {
  return new Refusal(
    token,
    `"${text}" stands for more than ${most} elements; raise maxelem, or use a set of a net type`,
  )
}
