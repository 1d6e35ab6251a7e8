import type { MessagePort } from 'node:worker_threads'
import { PacketBatch } from '../../pipeline/packet-batch.ts'
import type { SharedBatches } from '../../pipeline/packet-source.ts'
import type { LabelNames } from '../../ruleset/index.ts'
import type { MachinePlace, MachineSettings } from '../machine-for.ts'
import type { Tally } from '../tally.ts'
import type { AnswerMemory } from './answer-ring.ts'

/** A ruleset as it is sent to another thread, which parses it again. */
export interface RulesetText {
  readonly text: string
  readonly file: string
  /** Names of connection labels, where a file of them was given. */
  readonly labels?: LabelNames | null
}

/** The MachineSettings that can be sent to another thread. */
export interface ShardSettings extends Omit<MachineSettings, 'rules' | 'rules6'> {
  readonly rules: RulesetText | undefined
  readonly rules6: RulesetText | undefined
}

/** A batch as it is sent to another thread. */
type BatchCopy = Pick<PacketBatch, 'count' | 'bytes' | 'info' | 'seconds' | 'rows'>

/** The task of a shard's thread. */
export interface ShardTask {
  readonly shard: number
  readonly shards: number
  readonly settings: ShardSettings
  readonly place: MachinePlace
  /** Batches that come before the shared ones (inference/read-ahead.ts). */
  readonly beginning: readonly BatchCopy[]
  readonly batches: SharedBatches
  readonly answers: AnswerMemory
  /** Receives its AnswerWords, before the answers that refer to them. */
  readonly port: MessagePort
}

/** What a shard returns at its end: packets and bytes of each rule, by id, and its part of the tally. */
export interface ShardResult {
  readonly counters4: Float64Array | null
  readonly counters6: Float64Array | null
  readonly tally: Tally
}

export function copyOf({ count, bytes, info, seconds, rows }: PacketBatch): BatchCopy {
  return { count, bytes, info, seconds, rows }
}

export function batchOf(copy: BatchCopy): PacketBatch {
  const batch = new PacketBatch(copy.seconds.length, copy.bytes.length, copy)
  batch.count = copy.count
  return batch
}
