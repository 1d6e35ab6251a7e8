import type { NatSpec } from '../nat-spec.ts'
import { VERDICT_ACCEPT } from '../rule-packet.ts'
import { alike, type World } from './world.ts'

/** A world at its end. */
export interface FinishedWorld {
  readonly world: World
  readonly verdict: number
  readonly decidedBy: number
  /** How the nat table bound the connection; null where it did not. Rules that say the same share one. */
  readonly binding: NatSpec | null
}

/** Fewer guesses, or an earlier rule: nothing that depends on which world went first. */
export function isSurer(one: FinishedWorld, other: FinishedWorld): boolean {
  const more = one.world.guesses - other.world.guesses
  return more < 0 || (more === 0 && one.decidedBy < other.decidedBy)
}

/** Adds a world's end, unless another one ended the same way; the surer one stays. */
export function addFinished(finished: FinishedWorld[], end: FinishedWorld): void {
  const { world, verdict, binding } = end
  const index = finished.findIndex(
    (other) => other.verdict === verdict && other.binding === binding && alike(other.world, world),
  )
  if (index < 0) finished.push(end)
  else if (isSurer(end, finished[index])) finished[index] = end
}

/** What goes on was accepted, where that is possible. */
export function ongoing(finished: readonly FinishedWorld[]): readonly FinishedWorld[] {
  const passed = finished.filter(({ verdict }) => verdict === VERDICT_ACCEPT)
  return passed.length > 0 ? passed : finished
}

/** Bits 1 << VERDICT_… */
export function possibleOf(finished: readonly FinishedWorld[]): number {
  return finished.reduce((bits, { verdict }) => bits | (1 << verdict), 0)
}
