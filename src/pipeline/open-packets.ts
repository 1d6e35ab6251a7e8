import { fstatSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type CaptureOptions, openCapture } from '../capture/open-capture.ts'
import type { PacketSource } from './packet-source.ts'
import { ReaderSource } from './reader-source.ts'
import { ThreadSource } from './thread-source.ts'

export interface PacketOptions extends CaptureOptions {
  /**
   * How many threads may work: with 1 all is done in the one that asks, with more a second one reads, decodes and
   * verifies ahead. By default as many as `threadsFor` says.
   */
  threads?: number | undefined
}

/** Starting a thread takes as long as replaying some ten thousand packets. */
const BYTES_THAT_PAY = 32 << 20
/** Threads that share the tracking read the rules again, and have a table each. */
const BYTES_THAT_PAY_SHARED = 256 << 20
const PROCESSORS_TO_SHARE = 4
/** The thread that puts the answers together has as much to do as two that track; more would wait for it. */
const THREADS_SHARING = 4

/**
 * Opens captures for replay, as `openCapture` does.
 * @throws CaptureError when one of them cannot be read at all
 */
export async function openPackets(paths: readonly string[], options: PacketOptions = {}): Promise<PacketSource> {
  const threads = options.threads ?? threadsFor(paths)
  return threads > 1 ? ThreadSource.open(paths, options) : new ReaderSource(await openCapture(paths, options))
}

/** How many threads are worth their while: by the processors that there are, and by what there is to do. */
export function threadsFor(paths: readonly string[], processors = availableParallelism()): number {
  const bytes = paths.reduce((sum, path) => sum + bytesOf(path), 0)
  if (processors < 2 || bytes < BYTES_THAT_PAY) return 1
  const isShared = processors >= PROCESSORS_TO_SHARE && bytes >= BYTES_THAT_PAY_SHARED && canBeReadAgain(paths)
  return isShared ? THREADS_SHARING : 2
}

/** Whether all of them are files, which begin anew when they are opened anew. */
export function canBeReadAgain(paths: readonly string[]): boolean {
  return paths.every((path) => path !== '-' && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

/** A pipe may have no end. What cannot be opened takes no time. */
function bytesOf(path: string): number {
  try {
    const status = path === '-' ? fstatSync(0) : statSync(path)
    return status.isFile() ? status.size : Number.POSITIVE_INFINITY
  } catch {
    return 0
  }
}
