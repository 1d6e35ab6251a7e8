import type { SavedEdits } from '../packet/packet-edits.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { type AssignAction, shifted } from './action.ts'
import type { UncertainMarks } from './uncertain-marks.ts'

/** The place of a rule: index of its chain, and its own index in the chain. */
export interface Position {
  readonly chain: number
  readonly at: number
}

/** The marks of a packet and its connection. */
export interface Marks {
  readonly mark: number
  readonly unknownMark: number
  /** 0 (and false) without a connection. */
  readonly connectionMark: number
  readonly uncertainConnectionMark: boolean
  readonly tracking: number
}

export function marksOf(packet: RulePacket, uncertainMarks: UncertainMarks): Marks {
  const { mark, unknownMark, tracking, connection, connections } = packet
  return {
    mark,
    unknownMark,
    connectionMark: connection < 0 ? 0 : connections.mark(connection),
    uncertainConnectionMark: uncertainMarks.has(connections, connection),
    tracking,
  }
}

export function haveSameMarks(one: Marks, other: Marks): boolean {
  return (
    one.mark === other.mark &&
    one.unknownMark === other.unknownMark &&
    one.connectionMark === other.connectionMark &&
    one.uncertainConnectionMark === other.uncertainConnectionMark &&
    one.tracking === other.tracking
  )
}

/** Sets these marks on the packet and its connection. */
export function enterMarks(marks: Marks, packet: RulePacket, uncertainMarks: UncertainMarks): void {
  packet.mark = marks.mark
  packet.unknownMark = marks.unknownMark
  packet.attach(marks.tracking)
  const { connection, connections } = packet
  if (connection < 0) return
  if (connections.mark(connection) !== marks.connectionMark) connections.setMark(connection, marks.connectionMark)
  if (marks.uncertainConnectionMark) uncertainMarks.add(connections, connection)
  else uncertainMarks.delete(connection)
}

/**
 * One possible way of a packet through the rules. Filled in by its maker; afterwards only `at` moves on, until
 * something of consequence is met.
 */
export class World implements Position, Marks {
  chain: number
  at: number
  /** Rules that jumped here, outermost first. */
  frames: readonly Position[]
  mark: number
  unknownMark: number
  connectionMark: number
  uncertainConnectionMark: boolean
  tracking: number
  /** The packet's changes; null where no rule of the table has changed it. */
  edits: SavedEdits | null = null
  /** Checks with an unknown result that were taken to hold. */
  guesses = 0

  constructor({ chain, at }: Position, frames: readonly Position[], marks: Marks) {
    this.chain = chain
    this.at = at
    this.frames = frames
    this.mark = marks.mark
    this.unknownMark = marks.unknownMark
    this.connectionMark = marks.connectionMark
    this.uncertainConnectionMark = marks.uncertainConnectionMark
    this.tracking = marks.tracking
  }

  /** The same world at another rule. */
  movedTo(position: Position, frames: readonly Position[]): World {
    const world = new World(position, frames, this)
    world.edits = this.edits
    world.guesses = this.guesses
    return world
  }

  copy(): World {
    return this.movedTo(this, this.frames)
  }

  /** The same world at the next rule. */
  next(): World {
    const world = this.copy()
    world.at++
    return world
  }

  /** The same world on the assumption that one more check holds. */
  guessing(): World {
    const world = this.copy()
    world.guesses++
    return world
  }
}

/** Orders worlds by the order in which rules are met; a jump comes before the rules of its chain. 0: the same place. */
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

/** Whether the packet is the same in both worlds. */
export function alike(one: World, other: World): boolean {
  return haveSameMarks(one, other) && one.edits === other.edits
}

/** Inserts a world into a sorted list, unless an equal one is there. */
export function addWorld(worlds: World[], world: World): void {
  let index = 0
  for (; index < worlds.length; index++) {
    const order = compareWorlds(worlds[index], world)
    if (order > 0) break
    if (order === 0 && alike(worlds[index], world)) {
      if (world.guesses < worlds[index].guesses) worlds[index] = world
      return
    }
  }
  if (index === worlds.length) worlds.push(world)
  else worlds.splice(index, 0, world)
}

/** The world after setting a mark. @param next to be changed */
export function assigned(next: World, action: AssignAction, { connection, direction }: RulePacket): World {
  const { register, keep, from, take, shift, value } = action
  if ((register === 'connectionMark' && connection < 0) || (from === 'connectionMark' && direction < 0)) return next
  const source = from === null ? 0 : shifted(next[from] & take, shift)
  const result = (next[register] & keep) ^ source ^ value
  const unsureBits = from === 'mark' ? next.unknownMark & take : from && next.uncertainConnectionMark ? take : 0
  const unsure = shifted(unsureBits, shift)
  next[register] = result
  if (register === 'mark') next.unknownMark = (next.unknownMark & keep) | unsure
  else next.uncertainConnectionMark = (next.uncertainConnectionMark && keep !== 0) || unsure !== 0
  return next
}
