import type { MessagePort } from 'node:worker_threads'
import { CaptureError, type CaptureFileInfo, type CaptureProblem } from '../capture/frame-reader.ts'
import type { CaptureOptions } from '../capture/open-capture.ts'
import type { RingMemory } from './slot-ring.ts'

/** What the capture's thread is to do. */
export interface ThreadTask {
  readonly paths: readonly string[]
  readonly options: CaptureOptions
  /** With which flows must be hashed. */
  readonly flowSeed: number
  readonly ring: RingMemory
  /** Where its messages go, in the order in which things happened, and always ahead of the slots that they concern. */
  readonly port: MessagePort
}

export type ThreadMessage =
  | { readonly kind: 'files'; readonly files: readonly CaptureFileInfo[]; readonly bytesTotal: number | null }
  | { readonly kind: 'problem'; readonly problem: CaptureProblem }
  | { readonly kind: 'failure'; readonly failure: Failure }

/** An error on its way between threads, which would lose its class. */
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
