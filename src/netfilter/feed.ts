import type { PacketBatch } from '../pipeline/packet-batch.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import type { Sink } from './outcome.ts'

interface FeedOptions {
  /** Asked between batches; true ends the feed early. */
  readonly stop: (() => boolean) | undefined
  /** Called between batches with the bytes read so far. */
  readonly onProgress: (bytesRead: number) => void
}

/** The batches of a capture, from its beginning on, with back-pressure from the sinks. */
export class Feed {
  /** What is read now; another source after `startAgain`. */
  source: PacketSource
  /** Batches that were read before the replay started. */
  #beginning: readonly PacketBatch[]
  readonly #sinks: readonly Sink[]
  readonly #options: FeedOptions

  constructor(source: PacketSource, beginning: readonly PacketBatch[], sinks: readonly Sink[], options: FeedOptions) {
    this.source = source
    this.#beginning = beginning
    this.#sinks = sinks
    this.#options = options
  }

  /** Goes back to the beginning of the capture. */
  async startAgain(reopen: () => Promise<PacketSource>): Promise<void> {
    const { wantsChecksums } = this.source
    this.source.close()
    this.source = await reopen()
    this.source.wantsChecksums = wantsChecksums
    this.#beginning = []
  }

  /**
   * Passes all batches to `take`, until it returns false.
   * @returns whether all were taken
   */
  async to(take: (batch: PacketBatch) => boolean | Promise<boolean>): Promise<boolean> {
    const { stop, onProgress } = this.#options
    for (const batch of this.#beginning) {
      const isTaken = take(batch)
      if (!(typeof isTaken === 'boolean' ? isTaken : await isTaken)) return false
      await drain(this.#sinks)
    }
    for (;;) {
      onProgress(this.source.bytesRead)
      if (stop?.() === true) return true
      const next = this.source.next()
      const batch = next instanceof Promise ? await whileIdle(next, this.#sinks) : next
      if (batch === null) return true
      const isTaken = take(batch)
      if (!(typeof isTaken === 'boolean' ? isTaken : await isTaken)) return false
      await drain(this.#sinks)
    }
  }
}

/** Waits for the next batch; meanwhile sinks write what they hold back. */
async function whileIdle<T>(next: Promise<T>, sinks: readonly Sink[]): Promise<T> {
  const [batch] = await Promise.all([next, ...sinks.map(async (sink) => sink.idle?.())])
  return batch
}

async function drain(sinks: readonly Sink[]): Promise<void> {
  for (const sink of sinks) {
    const drained = sink.drain?.()
    if (drained !== undefined) await drained
  }
}
