import type { FrameBatch } from '../capture/frame-batch.ts'
import type { CaptureFileInfo, CaptureProblem, FrameReader } from '../capture/frame-reader.ts'

/** How long the replay may keep the event loop to itself: signals and finished writes are seen in between. */
const TURN_MILLISECONDS = 50

/** A reader that can be stopped at any time, also while it waits for a pipe, and that lets the event loop turn. */
export class InterruptibleReader implements FrameReader {
  private readonly inner: FrameReader
  private stopped = false
  private wake: (() => void) | null = null
  private lastTurn = performance.now()

  constructor(inner: FrameReader) {
    this.inner = inner
  }

  /** From now on there is nothing more to read. */
  stop(): void {
    this.stopped = true
    this.wake?.()
  }

  read(batch: FrameBatch): boolean | Promise<boolean> {
    if (this.stopped) return this.nothing(batch)
    if (performance.now() - this.lastTurn > TURN_MILLISECONDS) return this.readNextTurn(batch)
    const more = this.inner.read(batch)
    return typeof more === 'boolean' ? more : this.untilStopped(batch, more)
  }

  private async readNextTurn(batch: FrameBatch): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve))
    this.lastTurn = performance.now()
    return this.read(batch)
  }

  private untilStopped(batch: FrameBatch, more: Promise<boolean>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.wake = () => resolve(this.nothing(batch))
      more.then((answer) => {
        this.wake = null
        resolve(answer)
      }, reject)
    })
  }

  private nothing(batch: FrameBatch): boolean {
    batch.count = 0
    return false
  }

  get problems(): readonly CaptureProblem[] {
    return this.inner.problems
  }

  get bytesRead(): number {
    return this.inner.bytesRead
  }

  get bytesTotal(): number | null {
    return this.inner.bytesTotal
  }

  get files(): readonly CaptureFileInfo[] {
    return this.inner.files
  }

  close(): void {
    this.inner.close()
  }
}
