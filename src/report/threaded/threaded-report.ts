import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'
import type { Outcome, PassedSink, Sink } from '../../netfilter/outcome.ts'
import { errorOf } from '../../pipeline/thread-messages.ts'
import { BRIEF_MILLISECONDS, resultOf, startThread } from '../../pipeline/worker-thread.ts'
import { OutputError } from '../open-output.ts'
import { RecordRing, STATE_FAILED, STATE_UNREAD } from './record-ring.ts'
import { RecordWriter } from './record-writer.ts'
import type { OutputTask, ReportResult, ReportTask } from './report-task.ts'

/** How long records of a live capture are held back. */
const PATIENCE_MILLISECONDS = 50

/** Per-packet outputs that another thread formats and writes: this sink only writes the records that they need. */
export class ThreadedReport implements Sink {
  readonly passed: PassedSink
  readonly #ring = new RecordRing()
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #writer: RecordWriter
  readonly #result: Promise<ReportResult>
  #lastFlush = performance.now()
  #flushSoon: NodeJS.Timeout | null = null
  /** Why the thread ended too early; null where it did not. */
  #death: Error | null = null

  constructor(outputs: readonly OutputTask[], files: readonly string[]) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const task: ReportTask = { outputs, files, records: this.#ring.memory, port: port2 }
    this.#worker = startThread('report-thread', import.meta.url, task)
    this.#result = resultOf(this.#worker, (why) => this.#die(why))
    // A rejection is handled where the result is awaited.
    this.#result.catch(() => {})
    // The thread does not keep the process alive when a replay ends with an error.
    this.#worker.unref()
    this.#port.unref()
    this.#writer = new RecordWriter(this.#ring, (word) => this.#port.postMessage(word))
    this.passed = this.#writer.passed
  }

  /** The readers of all outputs have gone away. */
  get readersGone(): boolean {
    return this.#ring.state === STATE_UNREAD
  }

  packet(outcome: Outcome): void {
    this.#writer.packet(outcome)
  }

  drain(): Promise<void> | void {
    const now = performance.now()
    if (now - this.#lastFlush > PATIENCE_MILLISECONDS) this.#flush(now)
    if (!this.#ring.hasRoom || this.#isOver) return this.#waitForRoom()
  }

  /** Hands over held-back records soon, but not at once: the next batch of a file may be about to come. */
  idle(): void {
    this.#flushSoon ??= setTimeout(() => this.#flush(performance.now()), PATIENCE_MILLISECONDS).unref()
  }

  async end(): Promise<void> {
    if (this.#flushSoon !== null) clearTimeout(this.#flushSoon)
    this.#writer.flush(false)
    this.#ring.end()
    await this.#written()
    this.#port.close()
  }

  get #isOver(): boolean {
    return this.#death !== null || this.#ring.state === STATE_FAILED
  }

  #flush(now: number): void {
    if (this.#flushSoon !== null) clearTimeout(this.#flushSoon)
    this.#flushSoon = null
    this.#lastFlush = now
    this.#writer.flush(true)
  }

  async #waitForRoom(): Promise<void> {
    while (!this.#isOver) {
      if (this.#ring.waitForRoom(BRIEF_MILLISECONDS)) return
      await turn()
    }
    await this.#written()
  }

  /** Waits for the thread to end. */
  async #written(): Promise<void> {
    this.#worker.ref()
    const failure = await this.#result
    if (failure === null) return
    throw failure.name === OutputError.name ? new OutputError(failure.message) : errorOf(failure)
  }

  #die(why: string): Error {
    this.#death ??= new Error(`the thread that writes the outputs has died: ${why} (--threads 2)`)
    return this.#death
  }
}
