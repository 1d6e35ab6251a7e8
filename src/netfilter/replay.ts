import type { CaptureFileInfo, CaptureProblem, FrameReader } from '../capture/frame-reader.ts'
import { sysctlsWith } from '../conntrack/sysctls.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import { ReaderSource } from '../pipeline/reader-source.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import { Feed } from './feed.ts'
import { Copies } from './inference/copies.ts'
import { FirstFrames } from './inference/first-frames.ts'
import { type CopiesOption, type Inference, inferFrom } from './inference/inference.ts'
import { readAhead } from './inference/read-ahead.ts'
import type { Machine } from './machine.ts'
import { type MachineParts, type MachinePlace, type MachineSettings, machineFor } from './machine-for.ts'
import { givenNames, interfacesNotGiven } from './named-interfaces.ts'
import { Outcome, type Sink } from './outcome.ts'
import { assumptionsOf, warningsOf } from './remarks.ts'
import { Audience, replayBatch } from './replay-batch.ts'
import type { ShardTeam, Surrender } from './shards/shard-team.ts'
import { giveAnswered, type SharingOptions, teamFor } from './shards/sharing.ts'
import { replayAnew } from './shards/start-anew.ts'
import { type Tally, tallyOf } from './tally.ts'
import type { Mode } from './topology.ts'

export interface ReplayOptions extends MachineSettings {
  /** Which machine the rules run on; inferred from the capture when absent. */
  readonly mode?: Mode | undefined
  /** Its own addresses, ADDR[/LEN]. */
  readonly local: readonly string[]
  /**
   * `skip` leaves out what shows a packet once more; with `keep` each frame is a packet of its own. `auto`, the default,
   * decides with the machine, where that is inferred; else it keeps them.
   */
  readonly copies?: CopiesOption | undefined
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
  /** Frames that show a packet once more are left out. */
  readonly skipsCopies: boolean
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
  const source = 'next' in capture ? capture : new ReaderSource(capture)
  const sysctls = sysctlsWith(options.sysctls)
  const seen = new FirstFrames()
  const ahead = mustInfer(options) ? await readAhead(source, seen) : []
  const inference = inferFrom(seen, copiesOption(options))
  const copies = inference.skipsCopies ? new Copies() : null
  const place = placeOf(options, inference)
  const { mode, local, checksumsUnreliable } = place
  const parts = machineFor(options, place)
  const { machine, ruleset4, ruleset6 } = parts
  source.wantsChecksums = options.checksum !== 'ignore' && !checksumsUnreliable && sysctls.nf_conntrack_checksum !== 0

  const told: Told = { sinks, outcome: new Outcome(), familyFrames: new Float64Array(IP_V6 + 1), frames: 0 }
  const frames = (): number => Math.max(machine.frames, told.frames)
  const feed = new Feed(source, ahead, sinks, {
    stop: options.stop,
    onProgress: (bytesRead) => onProgress?.(bytesRead, frames()),
  })
  // The remaining settings can be sent to other threads.
  const { rules: _, rules6: __, stop: ___, atEnd, sharing: asked, ...settings } = options
  // Which frames are copies depends on those of all hosts.
  const sharing = atEnd === undefined && copies === null ? asked : undefined
  const team = sharing && teamFor(sharing, settings, place, parts, sysctls.nf_conntrack_max, ahead, source)
  let tally: Tally | null = null
  if (sharing && team) {
    tally = await replayByTeam(team, feed, parts, told)
    if (tally === null) await feed.startAgain(() => sharing.reopen())
  }
  tally ??= team ? await replayAfterTeam(feed, parts, told) : await replayAlone(feed, parts, told, copies)
  for (const sink of sinks) await sink.end?.()
  options.atEnd?.(machine)

  return {
    mode,
    local,
    assumptions: assumptionsOf(options, place, inference, copies, tally, told.familyFrames),
    warnings: warningsOf(options, tally, ruleset4, ruleset6, told.familyFrames, frames()),
    interfacesNotGiven: interfacesNotGiven([ruleset4, ruleset6], givenNames(options)),
    files: feed.source.files,
    problems: feed.source.problems,
    skipsCopies: copies !== null,
    frames: frames(),
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

function copiesOption({ copies = 'auto', mode, local }: ReplayOptions): CopiesOption {
  return copies === 'auto' && (mode !== undefined || local.length > 0) ? 'keep' : copies
}

/** Where the rules run, and whether checksums count: from the options, else from the capture. */
function placeOf(options: ReplayOptions, inference: Inference): MachinePlace {
  const mode = options.mode ?? (options.local.length > 0 ? 'host' : inference.mode)
  const local = options.local.length > 0 || mode !== inference.mode ? options.local : inference.local
  if (mode === 'host' && local.length === 0) {
    throw new Error(
      "--mode host: the host's own addresses cannot be inferred from the capture; name them with --local ADDR[,ADDR]",
    )
  }
  return { mode, local, checksumsUnreliable: options.checksum === 'auto' && inference.checksumsUnreliable }
}

/** What the sinks are told, and were told so far. */
interface Told {
  readonly sinks: readonly Sink[]
  /** Filled in for each frame. */
  readonly outcome: Outcome
  /** Frames by IP_ family. */
  readonly familyFrames: Float64Array
  /** Frames that a team answered. */
  frames: number
}

/** Several threads replay the capture together. @returns null where they had to give up */
async function replayByTeam(team: ShardTeam, feed: Feed, parts: MachineParts, told: Told): Promise<Tally | null> {
  const { sinks, outcome, familyFrames } = told
  try {
    const isWhole = await feed.to(async (batch) => {
      const isGiven = await giveAnswered(team, batch, outcome, sinks, familyFrames)
      told.frames = team.frames
      return isGiven
    })
    return isWhole ? await team.finish(parts) : null
  } finally {
    team.close()
  }
}

/** One machine replays the capture from its beginning, for sinks that a team has told the first frames already. */
async function replayAfterTeam(feed: Feed, parts: MachineParts, told: Told): Promise<Tally> {
  const { sinks, outcome, familyFrames, frames } = told
  await feed.to((batch) => {
    replayAnew(frames, batch, parts.machine, outcome, sinks, familyFrames)
    return true
  })
  parts.machine.settle()
  return tallyOf(parts)
}

async function replayAlone(feed: Feed, parts: MachineParts, told: Told, copies: Copies | null): Promise<Tally> {
  const { machine } = parts
  const { sinks, outcome, familyFrames } = told
  const audience = new Audience(sinks)
  await feed.to((batch) => {
    copies?.remove(batch)
    for (const sink of sinks) sink.frames?.(batch)
    replayBatch(batch, machine, outcome, audience, familyFrames)
    return true
  })
  for (const passed of machine.settle()) {
    familyFrames[passed.isV6 ? IP_V6 : IP_V4] += passed.packets
    for (const sink of audience.brief) sink.total(passed)
  }
  return tallyOf(parts)
}

/** Whether something must be inferred from the capture before the replay. */
function mustInfer(options: ReplayOptions): boolean {
  const knowsPlace = options.mode === 'router' || options.local.length > 0
  return !knowsPlace || options.checksum === 'auto'
}
