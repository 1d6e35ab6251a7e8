import { fstatSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Starting a thread takes as long as replaying some ten thousand packets. */
const BYTES_THAT_PAY = 32 << 20
/** Threads that share the tracking read the rules again, and have a table each. */
const BYTES_THAT_PAY_SHARED = 256 << 20
const PROCESSORS_TO_SHARE = 4
/** The thread that puts the answers together has as much to do as two that track; more would wait for it. */
const THREADS_SHARING = 4

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
