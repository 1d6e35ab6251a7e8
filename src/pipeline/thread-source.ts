import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { FRAME_FILE, FRAME_INTS } from '../capture/frame-batch.ts'
import { CaptureError, type CaptureFileInfo, type CaptureProblem } from '../capture/frame-reader.ts'
import type { CaptureOptions } from '../capture/open-capture.ts'
import { FLOW_SEED } from '../wire/flow-hash.ts'
import { LARGE_ZERO } from '../wire/large-zero.ts'
import { captureWorker } from './capture-worker.ts'
import type { PacketBatch } from './packet-batch.ts'
import type { PacketSource, SharedBatches } from './packet-source.ts'
import { SlotRing } from './slot-ring.ts'
import { errorOf, type ThreadMessage, type ThreadTask } from './thread-messages.ts'
import { BRIEF_MILLISECONDS, whenEnded } from './worker-thread.ts'

/** Batches that another thread reads, decodes and verifies, some of them ahead. */
export class ThreadSource implements PacketSource {
  readonly files: CaptureFileInfo[] = []
  readonly #ring = new SlotRing()
  readonly #worker: Worker
  readonly #port: MessagePort
  /** Problems told, those of batches ahead included. */
  readonly #problems: CaptureProblem[] = []
  #bytesTotal: number | null = null
  #failure: Error | null = null
  #holdsSlot = false
  #slotsGiven = 0
  /** Problems and bytes up to the batch given last. */
  #problemsGiven = 0
  #bytesRead = LARGE_ZERO
  /** Why the thread ended too early; null where it did not. */
  #death: Error | null = null
  #closed = false
  #wake: (() => void) | null = null

  private constructor(paths: readonly string[], options: CaptureOptions) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    // From the first batch on: what is inferred from the beginning of a capture depends on its checksums.
    this.#ring.wantsChecksums = true
    const task: ThreadTask = { paths, options, flowSeed: FLOW_SEED, ring: this.#ring.memory, port: port2 }
    this.#worker = captureWorker()
    this.#worker.postMessage(task, [port2])
    this.#worker.on('message', () => this.#wake?.())
    whenEnded(this.#worker, (why) => this.#die(why))
  }

  /** @throws what opening the captures throws, CaptureError above all */
  static async open(paths: readonly string[], options: CaptureOptions = {}): Promise<ThreadSource> {
    const source = new ThreadSource(paths, options)
    await source.#until(() => source.#opened())
    if (source.#failure !== null) throw source.#failure
    return source
  }

  next(): PacketBatch | null | Promise<PacketBatch | null> {
    this.#freeSlot()
    const ready = this.#take()
    if (ready !== undefined) return ready
    this.#ring.waitBriefly(BRIEF_MILLISECONDS)
    const now = this.#take()
    return now === undefined ? this.#until(() => this.#take()) : now
  }

  get wantsChecksums(): boolean {
    return this.#ring.wantsChecksums
  }

  set wantsChecksums(wanted: boolean) {
    this.#ring.wantsChecksums = wanted
  }

  get shared(): SharedBatches {
    return { ring: this.#ring.memory, nextSlot: this.#slotsGiven }
  }

  get problems(): readonly CaptureProblem[] {
    return this.#problems.slice(0, this.#problemsGiven)
  }

  get bytesRead(): number {
    return this.#bytesRead
  }

  get bytesTotal(): number | null {
    return this.#bytesTotal
  }

  close(): void {
    this.#closed = true
    this.#holdsSlot = false
    this.#port.close()
    void this.#worker.terminate()
    this.#wake?.()
  }

  #freeSlot(): void {
    if (!this.#holdsSlot) return
    this.#holdsSlot = false
    this.#ring.free()
  }

  /** The next batch, null at the end, undefined when there is nothing yet. */
  #take(): PacketBatch | null | undefined {
    if (this.#closed) return null
    // Read before looking for a slot, so that slots filled before the end are not missed.
    const hasEnded = this.#ring.hasEnded
    const batch = this.#ring.take()
    if (batch !== null) {
      this.#holdsSlot = true
      this.#slotsGiven++
      this.#problemsGiven = this.#ring.problems
      this.#bytesRead = this.#ring.bytesRead
      if (this.#problemsGiven > this.#problems.length) this.#readMessages()
      this.#countFrames(batch)
      return batch
    }
    if (!hasEnded) return undefined
    this.#readMessages()
    this.#problemsGiven = this.#problems.length
    if (this.#failure !== null) throw this.#failure
    return null
  }

  /** Looks, sleeps until the thread has something to say, and looks again, until something is there. */
  async #until<T>(look: () => T | undefined): Promise<T> {
    this.#worker.ref()
    try {
      for (;;) {
        this.#ring.callForWord()
        const found = look()
        if (found !== undefined) return found
        if (this.#death !== null) throw this.#death
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      this.#wake = null
      this.#worker.unref()
    }
  }

  #opened(): true | undefined {
    const hasEnded = this.#ring.hasEnded
    this.#readMessages()
    return hasEnded || this.files.length > 0 ? true : undefined
  }

  #readMessages(): void {
    for (;;) {
      const message = receiveMessageOnPort(this.#port)?.message as ThreadMessage | undefined
      if (message === undefined) return
      if (message.kind === 'problem') this.#problems.push(message.problem)
      else if (message.kind === 'failure') this.#failure = errorOf(message.failure)
      else this.#describe(message.files, message.bytesTotal)
    }
  }

  /** The thread's counts include frames that are still ahead; here only frames that were given count. */
  #describe(files: readonly CaptureFileInfo[], bytesTotal: number | null): void {
    this.#bytesTotal = bytesTotal
    for (const [index, { path, format }] of files.entries()) {
      this.files[index] = { path, format, frames: this.files[index]?.frames ?? 0 }
    }
  }

  #countFrames({ count, info }: PacketBatch): void {
    const { files } = this
    if (files.length === 1) files[0].frames += count
    else for (let i = 0; i < count; i++) files[info[i * FRAME_INTS + FRAME_FILE]].frames++
  }

  #die(why: string): void {
    if (this.#closed || this.#ring.hasEnded) return
    this.#death ??= new CaptureError(`the thread that reads the capture has died: ${why} (--threads 1)`)
    this.#wake?.()
  }
}
