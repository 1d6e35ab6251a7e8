import { fstatSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** From this size on a second thread pays: starting one takes as long as replaying some ten thousand packets. */
const BYTES_THAT_PAY = 32 << 20
/**
 * From this size on sharing the tracking pays: each thread reads the rules again and has a connection table of its own.
 */
const BYTES_THAT_PAY_SHARED = 256 << 20
const PROCESSORS_TO_SHARE = 4
/** Threads in all, two of which track: the one that puts the answers together has as much to do as two that track. */
const THREADS_SHARING = 4

/** How many threads pay off, by the number of processors and the size of the captures. */
export function threadsFor(paths: readonly string[], processors = availableParallelism()): number {
  const bytes = paths.reduce((sum, path) => sum + bytesOf(path), 0)
  if (processors < 2 || bytes < BYTES_THAT_PAY) return 1
  const isShared = processors >= PROCESSORS_TO_SHARE && bytes >= BYTES_THAT_PAY_SHARED && canBeReadAgain(paths)
  return isShared ? THREADS_SHARING : 2
}

/** Whether all of them are files, which can be read again from the beginning. */
export function canBeReadAgain(paths: readonly string[]): boolean {
  return paths.every((path) => path !== '-' && statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

/** Size of the capture: infinite for a pipe, 0 for what cannot be opened. */
function bytesOf(path: string): number {
  try {
    const status = path === '-' ? fstatSync(0) : statSync(path)
    return status.isFile() ? status.size : Number.POSITIVE_INFINITY
  } catch {
    return 0
  }
}
