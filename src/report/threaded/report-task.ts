import type { MessagePort } from 'node:worker_threads'
import type { Failure } from '../../pipeline/thread-messages.ts'
import type { OpenOutput } from '../open-output.ts'
import type { PacketOutput } from '../packet-sinks.ts'
import type { RecordMemory } from './record-ring.ts'

export interface OutputTask {
  readonly kind: PacketOutput
  readonly output: OpenOutput
}

/** What the outputs' thread is to do. */
export interface ReportTask {
  readonly outputs: readonly OutputTask[]
  /** Paths of the captures as given. */
  readonly files: readonly string[]
  readonly records: RecordMemory
  /** Where RecordWords come, ahead of the records that refer to them. */
  readonly port: MessagePort
}

/** What it says at its end: why it could not write, or null. */
export type ReportResult = Failure | null
