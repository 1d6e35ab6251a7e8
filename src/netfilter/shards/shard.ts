import { FRAME_INTS } from '../../capture/frame-batch.ts'
import { SYSCTL_DEFAULTS } from '../../conntrack/sysctls.ts'
import { PacketBatch } from '../../pipeline/packet-batch.ts'
import { FRAGMENT_DEFRAG, IP_NONE, P_DST, P_FAMILY, P_FRAGMENT, P_SRC, PACKET_INTS } from '../../wire/packet-fields.ts'
import type { ChecksumPolicy } from '../checksum-policy.ts'
import { APPROACHED } from '../fast-path/fast-path.ts'
import type { Machine } from '../machine.ts'
import { Outcome } from '../outcome.ts'
import { ANSWER_NUMBERS } from './answer-rows.ts'
import { AnswerTeller, type AnswerWord } from './answer-words.ts'
import { shardOf } from './host-pair.ts'
import { TablePressure } from './table-pressure.ts'

interface ShardOptions {
  /** Its number, from 0, and how many there are. */
  readonly shard: number
  readonly shards: number
  /** Its machine, with `isOwn` from `ownDatagrams`. */
  readonly machine: Machine
  readonly checksums: ChecksumPolicy
  readonly tell: (word: AnswerWord) => void
}

/** For MachineOptions.isOwn. */
export function ownDatagrams(shard: number, shards: number) {
  return (bytes: Uint8Array, fields: Int32Array, base: number): boolean =>
    shardOf(bytes, fields, base, shards) === shard
}

/**
 * A machine that processes only the packets between certain pairs of hosts. It sees every frame of the capture, so that
 * frame numbers, the clock and fragments are those of the whole.
 */
export class Shard {
  /** A connection was announced that may concern other shards, so that their answers from here on may be wrong. */
  concernsOthers = false
  readonly #options: ShardOptions
  readonly #pressure = new TablePressure()
  readonly #outcome = new Outcome()
  /** The packets of this shard side by side, so that their connections can be looked up together. */
  #own = new PacketBatch(1, 1)
  /** By row of the batch: 1 where the packet belongs to this shard (or is a fragment). */
  #isTaken = new Uint8Array(0)
  readonly #teller: AnswerTeller
  #announced = 0

  constructor(options: ShardOptions) {
    this.#options = options
    this.#teller = new AnswerTeller(options.tell)
  }

  /** The upper bound of this shard's part of one table for all (TablePressure), since the last call. */
  takePressure(): number {
    return this.#pressure.take(this.#options.machine.tracker.current.table)
  }

  /** Processes its packets of the next batch, and writes each answer to the row with the packet's place. */
  take(batch: PacketBatch, answers: Float64Array): void {
    const { machine } = this.#options
    const own = this.#gather(batch)
    let at = 0
    for (let i = 0; i < batch.count; i++) {
      if (this.#isTaken[i] === 0) {
        machine.advanceClock(batch, i)
        continue
      }
      if (at % APPROACHED === 0) machine.approach(own, at, Math.min(at + APPROACHED, own.count))
      this.#answer(own, at, answers, i * ANSWER_NUMBERS)
      at++
    }
  }

  #answer(own: PacketBatch, index: number, answers: Float64Array, to: number): void {
    const { machine, checksums, shard } = this.#options
    const { tracker } = machine
    const outcome = this.#outcome
    const { table } = tracker.current
    const { created } = table
    const { forgiven } = checksums
    this.#pressure.note(machine.nowNs, table)
    machine.describe(own, index, machine.advance(own, index), outcome)
    if (machine.isElsewhere) {
      checksums.forgiven = forgiven
      return
    }
    const opened = table.created - created
    const { connectionNumber } = outcome
    const entry = connectionNumber > 0 ? tracker.current.id : -1
    const isOpened = opened > 0 && connectionNumber === table.created
    this.#teller.write(answers, to, outcome, shard, entry, opened, isOpened)
    if (tracker.onlooker.announced.announced !== this.#announced) this.#lookAtAnnounced()
  }

  /** Helpers that only look on (HelperOnlooker) may expect connections between hosts of another shard. */
  #lookAtAnnounced(): void {
    const { machine, shard, shards } = this.#options
    const { announced } = machine.tracker.onlooker
    this.#announced = announced.announced
    const row = new Int32Array(PACKET_INTS)
    const bytes = new Uint8Array(0)
    for (const { family, source, sourceMask, destination } of announced.live(machine.nowNs)) {
      row[P_FAMILY] = family
      row.set(source ?? [], P_SRC)
      row.set(destination, P_DST)
      const isBetweenTwo = source !== null && (sourceMask ?? -1) === -1
      if (!isBetweenTwo || shardOf(bytes, row, 0, shards) !== shard) this.concernsOthers = true
    }
    if (announced.count * shards > SYSCTL_DEFAULTS.nf_conntrack_expect_max) this.concernsOthers = true
  }

  /** Copies this shard's rows into a batch of their own; the bytes are shared. */
  #gather(batch: PacketBatch): PacketBatch {
    const { shard, shards } = this.#options
    const { rows, info, seconds, bytes, count } = batch
    if (this.#isTaken.length < batch.capacity) this.#isTaken = new Uint8Array(batch.capacity)
    if (this.#own.capacity < batch.capacity || this.#own.bytes !== bytes) this.#own = besides(batch, this.#own)
    const own = this.#own
    let at = 0
    for (let i = 0; i < count; i++) {
      const base = i * PACKET_INTS
      const isTaken =
        rows[base + P_FAMILY] !== IP_NONE &&
        ((rows[base + P_FRAGMENT] & FRAGMENT_DEFRAG) !== 0 || shardOf(bytes, rows, base, shards) === shard)
      this.#isTaken[i] = isTaken ? 1 : 0
      if (!isTaken) continue
      const to = at * PACKET_INTS
      for (let field = 0; field < PACKET_INTS; field++) own.rows[to + field] = rows[base + field]
      const frame = i * FRAME_INTS
      const toFrame = at * FRAME_INTS
      for (let field = 0; field < FRAME_INTS; field++) own.info[toFrame + field] = info[frame + field]
      own.seconds[at++] = seconds[i]
    }
    own.count = at
    return own
  }
}

/** A batch that shares the bytes of another one, with room for as many frames. */
function besides({ capacity, bytes }: PacketBatch, last: PacketBatch): PacketBatch {
  const fits = last.capacity === capacity
  return new PacketBatch(capacity, 0, {
    bytes,
    info: fits ? last.info : new Int32Array(capacity * FRAME_INTS),
    seconds: fits ? last.seconds : new Float64Array(capacity),
    rows: fits ? last.rows : new Int32Array(capacity * PACKET_INTS),
  })
}
