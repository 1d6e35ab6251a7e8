import type { SavedEdits } from '../packet-edits.ts'
import type { RulePacket } from '../rule-packet.ts'
import { type AssignAction, shifted } from './action.ts'
import type { UncertainMarks } from './uncertain-marks.ts'

/** Where a rule stands: the index of its chain, and its own in the chain. */
export interface Position {
  readonly chain: number
  readonly at: number
}

/** What rules left at a packet and its connection. */
export interface Marks {
  readonly mark: number
  readonly unknownMark: number
  /** 0 and false without a connection. */
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

/** Gives the packet, and its connection, these marks. */
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
 * One way that a packet may have gone, as far as the rules let it be told. Who makes a world fills it in; afterwards only `at`
 * moves on, while nothing of consequence is met.
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
  /** Null where no rule of the table has changed the packet. */
  edits: SavedEdits | null = null
  /** Checks that were taken to hold without knowing. */
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

  /** The same packet elsewhere. */
  movedTo(position: Position, frames: readonly Position[]): World {
    const world = new World(position, frames, this)
    world.edits = this.edits
    world.guesses = this.guesses
    return world
  }

  copy(): World {
    return this.movedTo(this, this.frames)
  }

  /** The same packet at the next rule. */
  next(): World {
    const world = this.copy()
    world.at++
    return world
  }

  /** The same, if one more check holds. */
  guessing(): World {
    const world = this.copy()
    world.guesses++
    return world
  }
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
  return haveSameMarks(one, other) && one.edits === other.edits
}

/** Puts a world into a list kept in order, unless one like it is there. */
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

/** The world with a mark set. @param next to be changed */
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
