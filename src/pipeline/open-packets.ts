import { type CaptureOptions, openCapture } from '../capture/open-capture.ts'
import type { PacketSource } from './packet-source.ts'
import { ReaderSource } from './reader-source.ts'
import { ThreadSource } from './thread-source.ts'
import { threadsFor } from './threads-for.ts'

export interface PacketOptions extends CaptureOptions {
  /**
   * How many threads may work: with 1 everything is done in the calling thread, with more a second one reads, decodes
   * and verifies ahead. By default as many as `threadsFor` says.
   */
  threads?: number | undefined
}

/**
 * Opens captures for replay, as `openCapture` does.
 * @throws CaptureError when one of them cannot be read at all
 */
export async function openPackets(paths: readonly string[], options: PacketOptions = {}): Promise<PacketSource> {
  const threads = options.threads ?? threadsFor(paths)
  return threads > 1 ? ThreadSource.open(paths, options) : new ReaderSource(await openCapture(paths, options))
}
