import type { SavedEdits } from '../packet-edits.ts'

/** Where a rule stands: the index of its chain, and its own in the chain. */
export interface Position {
  readonly chain: number
  readonly at: number
}

/** One way that a packet may have gone, as far as the rules let it be told. */
export interface World {
  readonly chain: number
  /** Moves on while nothing of consequence is met. */
  at: number
  /** Rules that jumped here, outermost first. */
  readonly frames: readonly Position[]
  readonly mark: number
  readonly unknownMark: number
  readonly connectionMark: number
  readonly uncertainConnectionMark: boolean
  readonly tracking: number
  /** Null where no rule changes packets. */
  readonly edits: SavedEdits | null
  /** Checks that were taken to hold without knowing. */
  readonly guesses: number
}

/** A world at its end. */
export interface FinishedWorld {
  readonly world: World
  readonly verdict: number
  readonly decidedBy: number
}

/** The order in which rules are met; a caller stands before what it calls. 0: the same place. */
export function compareWorlds(one: World, other: World): number {
  for (let depth = 0; ; depth++) {
    const oneAt = depth < one.frames.length ? one.frames[depth].at : one.at
    const otherAt = depth < other.frames.length ? other.frames[depth].at : other.at
    if (oneAt !== otherAt) return oneAt - otherAt
    if (depth >= one.frames.length || depth >= other.frames.length) {
      return one.frames.length - other.frames.length || one.chain - other.chain
    }
  }
}

/** The packet is the same in both. */
export function alike(one: World, other: World): boolean {
  return (
    one.mark === other.mark &&
    one.unknownMark === other.unknownMark &&
    one.connectionMark === other.connectionMark &&
    one.uncertainConnectionMark === other.uncertainConnectionMark &&
    one.tracking === other.tracking &&
    one.edits === other.edits
  )
}

/** Puts a world into a list kept in order, unless one like it is there. */
export function addWorld(worlds: World[], world: World): void {
  let index = 0
  while (index < worlds.length && compareWorlds(worlds[index], world) <= 0) {
    if (compareWorlds(worlds[index], world) === 0 && alike(worlds[index], world)) {
      if (world.guesses < worlds[index].guesses) worlds[index] = world
      return
    }
    index++
  }
  worlds.splice(index, 0, world)
}

/** Fewer guesses, or an earlier rule: nothing that depends on which world went first. */
export function isSurer(one: FinishedWorld, other: FinishedWorld): boolean {
  const more = one.world.guesses - other.world.guesses
  return more < 0 || (more === 0 && one.decidedBy < other.decidedBy)
}

/** Adds a world's end, unless another one ended the same way; the surer one stays. */
export function addFinished(finished: FinishedWorld[], end: FinishedWorld): void {
  const index = finished.findIndex((other) => other.verdict === end.verdict && alike(other.world, end.world))
  if (index < 0) finished.push(end)
  else if (isSurer(end, finished[index])) finished[index] = end
}
