import type { MessagePort } from 'node:worker_threads'
import { CaptureError, type CaptureFileInfo, type CaptureProblem } from '../capture/frame-reader.ts'
import type { CaptureOptions } from '../capture/open-capture.ts'
import type { RingMemory } from './slot-ring.ts'

/** What the capture's thread is to do. */
export interface ThreadTask {
  readonly paths: readonly string[]
  readonly options: CaptureOptions
  /** The seed with which flows are hashed (flow-hash.ts). */
  readonly flowSeed: number
  readonly ring: RingMemory
  /** Receives its messages, in the order of events, and always before the slots that they are about. */
  readonly port: MessagePort
}

export type ThreadMessage =
  | { readonly kind: 'files'; readonly files: readonly CaptureFileInfo[]; readonly bytesTotal: number | null }
  | { readonly kind: 'problem'; readonly problem: CaptureProblem }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** An error as it is sent between threads, which would lose its class otherwise. */
export interface Failure {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
}

const CLASSES: readonly (new (message: string) => Error)[] = [CaptureError, RangeError, TypeError]

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: undefined }
  const known = CLASSES.find((one) => error instanceof one)
  return { name: known?.name ?? error.name, message: error.message, stack: error.stack }
}

export function errorOf({ name, message, stack }: Failure): Error {
  const error = new (CLASSES.find((one) => one.name === name) ?? Error)(message)
  if (stack !== undefined) error.stack = stack
  return error
}
