import { fstatSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { type CaptureOptions, openCapture } from '../capture/open-capture.ts'
import type { PacketSource } from './packet-source.ts'
import { ReaderSource } from './reader-source.ts'
import { ThreadSource } from './thread-source.ts'

export interface PacketOptions extends CaptureOptions {
  /**
   * How many threads may work: with 1 all is done in the one that asks, with more a second one reads, decodes and
   * verifies ahead. By default the second one helps where there is a processor for it, and enough to do.
   */
  threads?: number | undefined
}

/** Starting a thread takes as long as replaying some ten thousand packets. */
const BYTES_THAT_PAY = 32 << 20

/**
 * Opens captures for replay, as `openCapture` does.
 * @throws CaptureError when one of them cannot be read at all
 */
export async function openPackets(paths: readonly string[], options: PacketOptions = {}): Promise<PacketSource> {
  const threads = options.threads ?? (isWorthAThread(paths) ? 2 : 1)
  return threads > 1 ? ThreadSource.open(paths, options) : new ReaderSource(await openCapture(paths, options))
}

function isWorthAThread(paths: readonly string[]): boolean {
  if (availableParallelism() < 2) return false
  return paths.reduce((sum, path) => sum + bytesOf(path), 0) >= BYTES_THAT_PAY
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
