import {
  FRAME_FILE,
  FRAME_FLAG_NO_TIME,
  FRAME_FLAGS,
  FRAME_INTERFACE,
  FRAME_INTS,
  FRAME_NANOSECONDS,
  FRAME_WIRE_LENGTH,
} from '../capture/frame-batch.ts'
import type { Tracker } from '../conntrack/tracker.ts'
import { DEFRAG_COMPLETE, DEFRAG_DROPPED, DEFRAG_QUEUED, Defragmenter } from '../defrag/defragmenter.ts'
import type { PacketBatch } from '../pipeline/packet-batch.ts'
import { LARGE_ZERO } from '../wire/large-zero.ts'
import {
  FRAGMENT_DEFRAG,
  IP_NONE,
  NOTE_CUT,
  NOTE_FRAGMENT_DROPPED,
  NOTE_FRAGMENT_QUEUED,
  NOTE_IP_CHECKSUM,
  NOTE_LOOPBACK_ONLY,
  NOTE_NOT_SEEN,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_OFFSET,
  P_NOTE,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import { beginOutcome } from './begin-outcome.ts'
import type { ChecksumPolicy } from './checksum-policy.ts'
import { NO_WAY } from './flow-cache.ts'
import { Journey } from './journey.ts'
import type { MachineOptions } from './machine-options.ts'
import type { Outcome, PassedPackets } from './outcome.ts'
import { PATH_LOOPBACK, PATH_OUTPUT, PATH_UNSEEN, pathOf } from './routing.ts'
import type { Topology } from './topology.ts'

/**
 * The machine that the replay stands for: takes frame after frame, as decoded, through defragmentation, sends what comes
 * of it on its journey through the hooks, and fills one Outcome each.
 */
export class Machine {
  readonly journey: Journey
  readonly defrag: Defragmenter
  /** Frames whose time lay before an earlier frame's: the clock stood still for them. */
  framesBackInTime = 0

  /** Another machine says what became of the frame that `describe` took (MachineOptions.isOwn). */
  isElsewhere = false

  readonly #topology: Topology
  readonly #checksums: ChecksumPolicy
  readonly #isOwn: ((bytes: Uint8Array, fields: Int32Array, base: number) => boolean) | null
  #epochSecondsAtStart = Number.NaN
  #nowNs = LARGE_ZERO
  #frame = 0
  #fileFrames: number[] = []

  constructor(options: MachineOptions) {
    this.journey = new Journey(options)
    this.defrag = new Defragmenter(options.sysctls)
    this.#topology = options.topology
    this.#checksums = options.checksums
    this.#isOwn = options.isOwn ?? null
  }

  get tracker(): Tracker {
    return this.journey.tracker
  }

  /** The replay's clock: nanoseconds from the first frame on. */
  get nowNs(): number {
    return this.#nowNs
  }

  /** Frames taken so far. */
  get frames(): number {
    return this.#frame
  }

  /**
   * Takes frame `index` of the batch all its way and says in `outcome` what became of it. To look at packets together
   * (`approach`) before is quicker, and makes no difference else.
   */
  process(batch: PacketBatch, index: number, outcome: Outcome): void {
    this.describe(batch, index, this.advance(batch, index), outcome)
  }

  /** Looks at packets [from, to) of a batch before any of them advances. @param to at most APPROACHED more than `from` */
  approach(batch: PacketBatch, from: number, to: number): void {
    this.journey.fastPath?.approach(batch.rows, from, to)
  }

  /** The clock goes on to frame `index` of the batch, of which nothing else is asked. */
  pass(batch: PacketBatch, index: number): void {
    const { info } = batch
    const row = index * FRAME_INTS
    const file = info[row + FRAME_FILE]
    this.#frame++
    this.#fileFrames[file] = (this.#fileFrames[file] ?? 0) + 1
    if ((info[row + FRAME_FLAGS] & FRAME_FLAG_NO_TIME) === 0) {
      this.#tick(batch.seconds[index], info[row + FRAME_NANOSECONDS])
    }
  }

  /**
   * The clock goes on to frame `index` of the batch; its packet takes the short way where it may (FastPath).
   * @returns the number of that way; NO_WAY where it goes on in `describe`
   */
  advance(batch: PacketBatch, index: number): number {
    this.pass(batch, index)
    const { info, rows } = batch
    const row = index * FRAME_INTS
    const base = index * PACKET_INTS
    const { fastPath } = this.journey
    if (fastPath === null || rows[base + P_FAMILY] === IP_NONE) return NO_WAY
    return fastPath.take(batch.bytes, rows, base, this.#frame, info[row + FRAME_WIRE_LENGTH])
  }

  /** Takes the frame that `advance` was given all its way, unless it has gone it, and says in `outcome` what became of it. */
  describe(batch: PacketBatch, index: number, way: number, outcome: Outcome): void {
    const row = index * FRAME_INTS
    this.isElsewhere = false
    beginOutcome(outcome, batch, index, this.#frame, this.#fileFrames[batch.info[row + FRAME_FILE]])
    if (way !== NO_WAY) this.journey.fastPath?.describe(way, outcome)
    else if (batch.rows[outcome.base + P_FAMILY] === IP_NONE) outcome.note = batch.rows[outcome.base + P_NOTE]
    else this.#enter(batch.bytes, outcome, batch.info[row + FRAME_INTERFACE])
  }

  /** Whether a way that `advance` named is told in short (FlowCache). */
  isBrief(way: number): boolean {
    return this.journey.fastPath?.isBrief(way) === true
  }

  /** Brings the counters of the rules up to date. Says which packets took the short way since it was last called. */
  settle(): PassedPackets[] {
    return this.journey.fastPath?.settle() ?? []
  }

  /** The capture's clock is the only clock; it stands still where the capture's time runs backwards. */
  #tick(epochSeconds: number, nanoseconds: number): void {
    if (Number.isNaN(this.#epochSecondsAtStart)) this.#epochSecondsAtStart = epochSeconds
    const nowNs = (epochSeconds - this.#epochSecondsAtStart) * 1e9 + nanoseconds
    if (nowNs < this.#nowNs) {
      this.framesBackInTime++
      return
    }
    this.#nowNs = nowNs
    this.tracker.current.tick(nowNs)
  }

  /** A datagram reaches the IP layer. */
  #enter(bytes: Uint8Array, outcome: Outcome, captureInterface: number): void {
    const { fields, base } = outcome
    const isFragment = (fields[base + P_FRAGMENT] & FRAGMENT_DEFRAG) !== 0
    if (isFragment) this.isElsewhere = this.#belongsElsewhere(bytes, fields, base)
    const path = pathOf(fields, base, this.#topology.mode, this.#topology.local)
    if (path === PATH_UNSEEN) {
      outcome.note = NOTE_NOT_SEEN
      return
    }
    const isSent = path === PATH_OUTPUT || path === PATH_LOOPBACK
    const note = fields[base + P_NOTE]
    if (note === NOTE_IP_CHECKSUM && !isSent) {
      const at = fields[base + P_L3_OFFSET] + 10
      if (this.#checksums.refusesHeader((bytes[at] << 8) | bytes[at + 1])) {
        outcome.note = note
        return
      }
    } else if (note === NOTE_CUT || (note === NOTE_LOOPBACK_ONLY && !isSent)) {
      outcome.note = note
      return
    }
    if (!isFragment) {
      this.journey.travel(bytes, fields, base, path, outcome)
      return
    }
    const done = this.defrag.add(bytes, fields, base, this.#nowNs, outcome.frame, captureInterface)
    if (done === DEFRAG_QUEUED) outcome.note = NOTE_FRAGMENT_QUEUED
    else if (done === DEFRAG_DROPPED) outcome.note = NOTE_FRAGMENT_DROPPED
    else if (done === DEFRAG_COMPLETE) {
      outcome.fragments = this.defrag.frames
      outcome.fragmentCount = this.defrag.frameCount
      this.isElsewhere = this.#belongsElsewhere(this.defrag.bytes, this.defrag.fields, 0)
      if (this.isElsewhere) return
      if (this.defrag.fields[P_NOTE] === NOTE_CUT) outcome.note = NOTE_CUT
      else this.journey.travel(this.defrag.bytes, this.defrag.fields, 0, path, outcome)
    } else if (!this.isElsewhere) this.journey.travel(bytes, fields, base, path, outcome)
  }

  #belongsElsewhere(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    return this.#isOwn !== null && !this.#isOwn(bytes, fields, base)
  }
}
