import type { CaptureFileInfo, CaptureProblem } from '../capture/frame-reader.ts'
import type { PacketBatch } from '../pipeline/packet-batch.ts'
import type { PacketSource, SharedBatches } from '../pipeline/packet-source.ts'

/** How long the replay may run before the event loop gets a turn, in which it sees signals and finished writes. */
const TURN_MILLISECONDS = 50

/**
 * A source that can be stopped at any time, even while it waits for a pipe, and that regularly lets the event loop run.
 */
export class InterruptibleSource implements PacketSource {
  readonly #inner: PacketSource
  #stopped = false
  #wake: (() => void) | null = null
  #lastTurn = performance.now()

  constructor(inner: PacketSource) {
    this.#inner = inner
  }

  /** From now on there is nothing more to replay. */
  stop(): void {
    this.#stopped = true
    this.#wake?.()
  }

  next(): PacketBatch | null | Promise<PacketBatch | null> {
    if (this.#stopped) return null
    if (performance.now() - this.#lastTurn > TURN_MILLISECONDS) return this.#afterTurn()
    const batch = this.#inner.next()
    return batch instanceof Promise ? this.#untilStopped(batch) : batch
  }

  async #afterTurn(): Promise<PacketBatch | null> {
    await new Promise((resolve) => setImmediate(resolve))
    this.#lastTurn = performance.now()
    return this.next()
  }

  #untilStopped(batch: Promise<PacketBatch | null>): Promise<PacketBatch | null> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(null)
      batch.then((answer) => {
        this.#wake = null
        resolve(answer)
      }, reject)
    })
  }

  get wantsChecksums(): boolean {
    return this.#inner.wantsChecksums
  }

  set wantsChecksums(wanted: boolean) {
    this.#inner.wantsChecksums = wanted
  }

  get problems(): readonly CaptureProblem[] {
    return this.#inner.problems
  }

  get bytesRead(): number {
    return this.#inner.bytesRead
  }

  get bytesTotal(): number | null {
    return this.#inner.bytesTotal
  }

  get files(): readonly CaptureFileInfo[] {
    return this.#inner.files
  }

  get shared(): SharedBatches | undefined {
    return this.#inner.shared
  }

  close(): void {
    this.#inner.close()
  }
}
