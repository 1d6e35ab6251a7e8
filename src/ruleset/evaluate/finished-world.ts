import type { NatSpec } from '../packet/nat-spec.ts'
import { VERDICT_ACCEPT } from '../packet/rule-packet.ts'
import { alike, type World } from './world.ts'

/** A world that has reached a verdict. */
export interface FinishedWorld {
  readonly world: World
  readonly verdict: number
  readonly decidedBy: number
  /**
   * How the nat table translates the connection; null where it does not. Rules with the same translation share one
   * NatSpec.
   */
  readonly binding: NatSpec | null
}

/**
 * Whether one world has fewer guesses or, with as many, an earlier rule. Does not depend on the order in which worlds
 * end.
 */
export function isSurer(one: FinishedWorld, other: FinishedWorld): boolean {
  const more = one.world.guesses - other.world.guesses
  return more < 0 || (more === 0 && one.decidedBy < other.decidedBy)
}

/** Adds a finished world, unless another one ended the same way; the surer of the two stays. */
export function addFinished(finished: FinishedWorld[], end: FinishedWorld): void {
  const { world, verdict, binding } = end
  const index = finished.findIndex(
    (other) => other.verdict === verdict && other.binding === binding && alike(other.world, world),
  )
  if (index < 0) finished.push(end)
  else if (isSurer(end, finished[index])) finished[index] = end
}

/** The worlds in which the packet goes on: those that accepted it, if there are any. */
export function ongoing(finished: readonly FinishedWorld[]): readonly FinishedWorld[] {
  const passed = finished.filter(({ verdict }) => verdict === VERDICT_ACCEPT)
  return passed.length > 0 ? passed : finished
}

/** The possible verdicts: bits 1 << VERDICT_… */
export function possibleOf(finished: readonly FinishedWorld[]): number {
  return finished.reduce((bits, { verdict }) => bits | (1 << verdict), 0)
}
