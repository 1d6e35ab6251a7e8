import type { MessagePort } from 'node:worker_threads'
import type { Failure } from '../../pipeline/thread-messages.ts'
import type { OpenOutput } from '../open-output.ts'
import type { PacketOutput } from '../packet-sinks.ts'
import type { RecordMemory } from './record-ring.ts'

export interface OutputTask {
  readonly kind: PacketOutput
  readonly output: OpenOutput
}

/** The task of the outputs' thread. */
export interface ReportTask {
  readonly outputs: readonly OutputTask[]
  /** Paths of the captures as given. */
  readonly files: readonly string[]
  readonly records: RecordMemory
  /** Delivers RecordWords, before the records that refer to them. */
  readonly port: MessagePort
}

/** Its result: why it could not write, or null. */
export type ReportResult = Failure | null
