import type { PacketBatch } from '../pipeline/packet-batch.ts'
import { P_FAMILY } from '../wire/packet-fields.ts'
import { APPROACHED } from './fast-path/fast-path.ts'
import { NO_WAY, WAYS_MAX } from './fast-path/flow-cache.ts'
import type { Machine } from './machine.ts'
import type { Outcome, PassedSink, Sink } from './outcome.ts'

/**
 * How the packets of a way are passed to the sinks: not decided yet; by the way's number (PassedSink); or each with its
 * outcome.
 */
const TOLD_NEVER = 0
const TOLD_BRIEFLY = 1
const TOLD_WHOLE = 2

/** The sinks of a replay, by what they need of packets that take the short way. */
export class Audience {
  readonly all: readonly Sink[]
  /** Sinks that need no outcome of such packets. */
  readonly brief: readonly PassedSink[]
  readonly others: readonly Sink[]
  /** By number of the way: TOLD_… */
  readonly ways = new Uint8Array(WAYS_MAX + 1)

  constructor(sinks: readonly Sink[]) {
    this.all = sinks
    this.brief = sinks.flatMap(({ passed }) => passed ?? [])
    this.others = sinks.filter(({ passed }) => passed === undefined)
    this.ways[NO_WAY] = TOLD_WHOLE
  }

  /** Called for the first packet on a way. @returns how its packets are passed on from now on */
  meet(way: number, machine: Machine, outcome: Outcome): number {
    const told = machine.isBrief(way) ? TOLD_BRIEFLY : TOLD_WHOLE
    this.ways[way] = told
    if (told === TOLD_BRIEFLY) for (const sink of this.brief) sink.way?.(way, outcome)
    return told
  }
}

/** Replays all packets of a batch on one machine. */
export function replayBatch(
  batch: PacketBatch,
  machine: Machine,
  outcome: Outcome,
  audience: Audience,
  familyFrames: Float64Array,
): void {
  const { all, brief, others, ways } = audience
  const { current } = machine.tracker
  for (let i = 0; i < batch.count; i++) {
    if (i % APPROACHED === 0) machine.approach(batch, i, Math.min(i + APPROACHED, batch.count))
    const way = machine.advance(batch, i)
    let told = ways[way]
    if (told !== TOLD_BRIEFLY || others.length > 0) machine.describe(batch, i, way, outcome)
    if (told === TOLD_NEVER) told = audience.meet(way, machine, outcome)
    if (told === TOLD_WHOLE) {
      familyFrames[outcome.fields[outcome.base + P_FAMILY]]++
      for (let s = 0; s < all.length; s++) all[s].packet(outcome)
      continue
    }
    for (let s = 0; s < brief.length; s++) brief[s].packet(batch, i, way, current.direction, current.number)
    for (let s = 0; s < others.length; s++) others[s].packet(outcome)
  }
}
