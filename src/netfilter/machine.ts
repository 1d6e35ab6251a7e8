import {
  FRAME_FILE,
  FRAME_FLAG_NO_TIME,
  FRAME_FLAGS,
  FRAME_INTERFACE,
  FRAME_INTS,
  FRAME_NANOSECONDS,
  FRAME_WIRE_LENGTH,
} from '../capture/frame-batch.ts'
import { FrameNumbers } from '../capture/frame-numbers.ts'
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
import { NO_WAY } from './fast-path/flow-cache.ts'
import { Journey } from './journey.ts'
import type { MachineOptions } from './machine-options.ts'
import type { Outcome, PassedPackets } from './outcome.ts'
import { PATH_LOOPBACK, PATH_OUTPUT, PATH_UNSEEN, pathOf } from './routing.ts'
import type { Topology } from './topology.ts'

/**
 * The machine on which the rules run. Takes decoded frames one after the other, reassembles fragments, takes the
 * datagrams through the hooks, and fills an Outcome for each frame.
 */
export class Machine {
  readonly journey: Journey
  readonly defrag: Defragmenter
  /** Frames whose time was before that of an earlier frame: the clock stood still for them. */
  framesBackInTime = 0

  /** The outcome of the last described frame comes from another machine (MachineOptions.isOwn). */
  isElsewhere = false

  readonly #topology: Topology
  readonly #checksums: ChecksumPolicy
  readonly #isOwn: ((bytes: Uint8Array, fields: Int32Array, base: number) => boolean) | null
  #epochSecondsAtStart = Number.NaN
  #nowNs = LARGE_ZERO
  readonly #numbers = new FrameNumbers()

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
    return this.#numbers.frame
  }

  /**
   * Processes frame `index` of the batch and fills in `outcome`. Calling `approach` for several packets before is
   * faster, and changes nothing else.
   */
  process(batch: PacketBatch, index: number, outcome: Outcome): void {
    this.describe(batch, index, this.advance(batch, index), outcome)
  }

  /**
   * Looks up packets [from, to) of a batch together, before `advance` is called for any of them.
   * @param to at most APPROACHED more than `from`
   */
  approach(batch: PacketBatch, from: number, to: number): void {
    this.journey.fastPath?.approach(batch.rows, from, to)
  }

  /** Advances the clock to frame `index` of the batch, which is not processed further. */
  advanceClock(batch: PacketBatch, index: number): void {
    const { info } = batch
    const row = index * FRAME_INTS
    this.#numbers.next(info[row + FRAME_FILE])
    if ((info[row + FRAME_FLAGS] & FRAME_FLAG_NO_TIME) === 0) {
      this.#tick(batch.seconds[index], info[row + FRAME_NANOSECONDS])
    }
  }

  /**
   * Advances the clock to frame `index` of the batch; its packet takes the short way where possible (FastPath).
   * @returns the number of that way; NO_WAY where `describe` has to process the packet
   */
  advance(batch: PacketBatch, index: number): number {
    this.advanceClock(batch, index)
    const { info, rows } = batch
    const row = index * FRAME_INTS
    const base = index * PACKET_INTS
    const { fastPath } = this.journey
    if (fastPath === null || rows[base + P_FAMILY] === IP_NONE) return NO_WAY
    return fastPath.take(batch.bytes, rows, base, this.#numbers.frame, info[row + FRAME_WIRE_LENGTH])
  }

  /** Processes the frame that `advance` was called for, unless it took the short way, and fills in `outcome`. */
  describe(batch: PacketBatch, index: number, way: number, outcome: Outcome): void {
    const row = index * FRAME_INTS
    this.isElsewhere = false
    beginOutcome(outcome, batch, index, this.#numbers)
    if (way !== NO_WAY) this.journey.fastPath?.describe(way, outcome)
    else if (batch.rows[outcome.base + P_FAMILY] === IP_NONE) outcome.note = batch.rows[outcome.base + P_NOTE]
    else this.#enter(batch.bytes, outcome, batch.info[row + FRAME_INTERFACE])
  }

  /** Whether the way that `advance` returned is brief (Way.isBrief). */
  isBrief(way: number): boolean {
    return this.journey.fastPath?.isBrief(way) === true
  }

  /** Brings the counters of the rules up to date. Returns the packets that took the short way since the last call. */
  settle(): PassedPackets[] {
    return this.journey.fastPath?.settle() ?? []
  }

  /** Advances the clock, which only follows the capture, and stands still where the capture's time runs backwards. */
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

  /** Takes a datagram from the IP layer on. */
  #enter(bytes: Uint8Array, outcome: Outcome, captureInterface: number): void {
    const { fields, base } = outcome
    const isFragment = (fields[base + P_FRAGMENT] & FRAGMENT_DEFRAG) !== 0
    if (isFragment) this.isElsewhere = this.#belongsElsewhere(bytes, fields, base)
    const { mode, local } = this.#topology
    const path = pathOf(fields, base, mode, local)
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
    const { defrag } = this
    const done = defrag.add(bytes, fields, base, this.#nowNs, outcome.frame, captureInterface)
    if (done === DEFRAG_QUEUED) outcome.note = NOTE_FRAGMENT_QUEUED
    else if (done === DEFRAG_DROPPED) outcome.note = NOTE_FRAGMENT_DROPPED
    else if (done === DEFRAG_COMPLETE) {
      outcome.fragments = defrag.frames
      outcome.fragmentCount = defrag.frameCount
      this.isElsewhere = this.#belongsElsewhere(defrag.bytes, defrag.fields, 0)
      if (this.isElsewhere) return
      // The datagram has the header of its first fragment, this frame maybe another TTL.
      const whole = pathOf(defrag.fields, 0, mode, local)
      if (defrag.fields[P_NOTE] === NOTE_CUT) outcome.note = NOTE_CUT
      else this.journey.travel(defrag.bytes, defrag.fields, 0, whole, outcome)
    } else if (!this.isElsewhere) this.journey.travel(bytes, fields, base, path, outcome)
  }

  #belongsElsewhere(bytes: Uint8Array, fields: Int32Array, base: number): boolean {
    return this.#isOwn !== null && !this.#isOwn(bytes, fields, base)
  }
}
