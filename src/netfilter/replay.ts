import type { CaptureFileInfo, CaptureProblem, FrameReader } from '../capture/frame-reader.ts'
import { sysctlsWith } from '../conntrack/sysctls.ts'
import type { PacketBatch } from '../pipeline/packet-batch.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import { ReaderSource } from '../pipeline/reader-source.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { IP_V4, IP_V6, P_FAMILY } from '../wire/packet-fields.ts'
import { APPROACHED } from './fast-path.ts'
import { NO_WAY, WAYS_MAX } from './flow-cache.ts'
import { inferFrom } from './inference.ts'
import { givenNames, interfacesNotGiven } from './interface-names.ts'
import type { Machine } from './machine.ts'
import { type MachineSettings, machineFor } from './machine-for.ts'
import { Outcome, type PassedSink, type Sink } from './outcome.ts'
import { NOTHING_READ, readAhead } from './read-ahead.ts'
import { assumptionsOf, warningsOf } from './remarks.ts'
import type { Surrender } from './shards/shard-team.ts'
import { giveAnswered, type SharingOptions, teamFor } from './shards/sharing.ts'
import { replayBehind } from './shards/start-anew.ts'
import { type Tally, tallyOf } from './tally.ts'
import type { Mode } from './topology.ts'

export interface ReplayOptions extends MachineSettings {
  /** Which machine the rules run on; inferred from the capture when absent. */
  readonly mode?: Mode | undefined
  /** Its own addresses, ADDR[/LEN]. */
  readonly local: readonly string[]
  /** Asked between batches; true ends the replay early. */
  readonly stop?: (() => boolean) | undefined
  /** How threads may share the work. Whether they can depends on the rules and the capture. It changes no result. */
  readonly sharing?: SharingOptions | undefined
  /** Called with the machine at the end, when its connections are as the last packet left them. Prevents sharing. */
  readonly atEnd?: ((machine: Machine) => void) | undefined
}

/** The result of a replay for the report; the packets themselves went to the sinks. */
export interface ReplaySummary {
  readonly mode: Mode
  readonly local: readonly string[]
  /** Sentences that say what was assumed, each naming the option that overrides it. */
  readonly assumptions: readonly string[]
  readonly warnings: readonly string[]
  /** Interfaces that rules name and no option does. */
  readonly interfacesNotGiven: readonly string[]
  readonly files: readonly CaptureFileInfo[]
  readonly problems: readonly CaptureProblem[]
  readonly frames: number
  readonly table: {
    /** Connections made, including those that were dropped before they were confirmed. */
    readonly created: number
    readonly peak: number
    readonly atEnd: number
    readonly max: number
    readonly evicted: number
    readonly fullDrops: number
  }
  readonly ruleset4: CompiledRuleset | null
  readonly ruleset6: CompiledRuleset | null
  /** Who tracked the connections: several threads, one machine, or one that took over from threads, and why. */
  readonly trackedBy: 'threads' | 'one' | Surrender
}

/**
 * Replays a capture: every frame, in order, to every sink.
 * @param capture frames, to be decoded here; or packets that are decoded already, maybe in a thread of their own
 * @param onProgress called between batches with the bytes read so far and the frames replayed
 * @throws Error or RangeError with a sentence for the user where an option makes no sense
 */
export async function replay(
  capture: FrameReader | PacketSource,
  options: ReplayOptions,
  sinks: readonly Sink[],
  onProgress?: (bytesRead: number, frames: number) => void,
): Promise<ReplaySummary> {
  let source = 'next' in capture ? capture : new ReaderSource(capture)
  const sysctls = sysctlsWith(options.sysctls)
  const ahead = mustInfer(options) ? await readAhead(source) : NOTHING_READ
  const inference = inferFrom(ahead.batches, ahead.frames)
  const mode = options.mode ?? (options.local.length > 0 ? 'host' : inference.mode)
  const local = options.local.length > 0 || mode !== inference.mode ? options.local : inference.local
  if (mode === 'host' && local.length === 0) {
    throw new Error(
      "--mode host: the host's own addresses cannot be inferred from the capture; name them with --local ADDR[,ADDR]",
    )
  }
  const checksumsUnreliable = options.checksum === 'auto' && inference.checksumsUnreliable
  const place = { mode, local, checksumsUnreliable }
  const parts = machineFor(options, place)
  const { machine, ruleset4, ruleset6 } = parts
  const wantsChecksums = options.checksum !== 'ignore' && !checksumsUnreliable && sysctls.nf_conntrack_checksum !== 0
  source.wantsChecksums = wantsChecksums

  const outcome = new Outcome()
  const familyFrames = new Float64Array(IP_V6 + 1)
  let beginning = ahead.batches
  /** Frames that the sinks have received. */
  let said = 0
  let tally: Tally | null = null
  /** Passes all batches to `take`, until it returns false. */
  const feed = async (take: (batch: PacketBatch) => boolean | Promise<boolean>): Promise<boolean> => {
    for (const batch of beginning) {
      const isTaken = take(batch)
      if (!(typeof isTaken === 'boolean' ? isTaken : await isTaken)) return false
      await drain(sinks)
    }
    for (;;) {
      onProgress?.(source.bytesRead, Math.max(machine.frames, said))
      if (options.stop?.() === true) return true
      const next = source.next()
      const batch = next instanceof Promise ? await whileIdle(next, sinks) : next
      if (batch === null) return true
      const isTaken = take(batch)
      if (!(typeof isTaken === 'boolean' ? isTaken : await isTaken)) return false
      await drain(sinks)
    }
  }

  // The remaining settings can be sent to other threads.
  const { rules: _, rules6: __, stop: ___, atEnd, sharing: asked, ...settings } = options
  const sharing = atEnd === undefined ? asked : undefined
  const team = sharing && teamFor(sharing, settings, place, parts, sysctls.nf_conntrack_max, beginning, source)
  if (sharing && team) {
    try {
      const isWhole = await feed(async (batch) => {
        const isGiven = await giveAnswered(team, batch, outcome, sinks, familyFrames)
        said = team.frames
        return isGiven
      })
      if (isWhole) tally = await team.finish(parts)
    } finally {
      team.close()
    }
    if (tally === null) {
      source.close()
      source = await sharing.reopen()
      source.wantsChecksums = wantsChecksums
      beginning = []
    }
  }
  if (tally === null) {
    const audience = new Audience(sinks)
    await feed((batch) => {
      if (team) replayBehind(said, batch, machine, outcome, sinks, familyFrames)
      else {
        for (const sink of sinks) sink.frames?.(batch)
        replayBatch(batch, machine, outcome, audience, familyFrames)
      }
      return true
    })
    for (const passed of machine.settle()) {
      if (team) continue
      familyFrames[passed.isV6 ? IP_V6 : IP_V4] += passed.packets
      for (const sink of audience.brief) sink.total(passed)
    }
    tally = tallyOf(parts)
  }
  for (const sink of sinks) await sink.end?.()
  options.atEnd?.(machine)

  return {
    mode,
    local,
    assumptions: assumptionsOf(options, mode, local, inference, checksumsUnreliable, tally),
    warnings: warningsOf(options, tally, ruleset4, ruleset6, familyFrames),
    interfacesNotGiven: interfacesNotGiven([ruleset4, ruleset6], givenNames(options)),
    files: source.files,
    problems: source.problems,
    frames: Math.max(machine.frames, said),
    table: {
      created: tally.created,
      peak: tally.peak,
      atEnd: tally.atEnd,
      max: sysctls.nf_conntrack_max,
      evicted: tally.evicted,
      fullDrops: tally.fullDrops,
    },
    ruleset4,
    ruleset6,
    trackedBy: team ? (team.surrender ?? 'threads') : 'one',
  }
}

/** Waits for the next batch; meanwhile sinks write what they hold back. */
async function whileIdle<T>(next: Promise<T>, sinks: readonly Sink[]): Promise<T> {
  const [batch] = await Promise.all([next, ...sinks.map(async (sink) => sink.idle?.())])
  return batch
}

/**
 * How the packets of a way are passed to the sinks: not decided yet; by the way's number (PassedSink); or each with its
 * outcome.
 */
const TOLD_NEVER = 0
const TOLD_BRIEFLY = 1
const TOLD_WHOLE = 2

/** The sinks of a replay, by what they need of packets that take the short way. */
class Audience {
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

function replayBatch(
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

async function drain(sinks: readonly Sink[]): Promise<void> {
  for (const sink of sinks) {
    const drained = sink.drain?.()
    if (drained !== undefined) await drained
  }
}

/** Whether something must be inferred from the capture before the replay. */
function mustInfer(options: ReplayOptions): boolean {
  const knowsPlace = options.mode === 'router' || options.local.length > 0
  return !knowsPlace || options.checksum === 'auto'
}
