import { closeSync, write, writeSync } from 'node:fs'
import { codeOf, type OpenOutput, type OutputError, openOutput, outputError } from './open-output.ts'

const CHUNK_BYTES = 1 << 20
/** Chunks waiting to be written before drain() makes the replay wait for the reader of the output. */
const QUEUE_CHUNKS = 2
/** When a non-blocking pipe or socket is full: milliseconds until the next try, at first and at most. */
const RETRY_MS = 0.0625
const RETRY_MS_MAX = 2

/** Never notified: waiting for it is a sleep. */
const NEVER = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

interface FilledChunk {
  readonly bytes: Uint8Array
  readonly length: number
}

/**
 * A file or pipe that is written in large chunks, off the main thread, while the next chunk is being filled. Chunks are
 * reused. When the reader of a pipe goes away, `readerGone` becomes true and everything after that is discarded.
 */
export class ByteOutput {
  readerGone = false
  readonly #output: OpenOutput
  readonly #blocks: boolean
  readonly #queue: FilledChunk[] = []
  readonly #spare: Uint8Array[] = []
  #pump: Promise<void> | null = null
  #failure: OutputError | null = null

  /**
   * @param target as for `openOutput`, or its result
   * @param blocks whether to write synchronously, in a thread that has nothing else to do
   */
  constructor(target: string | number | OpenOutput, blocks = false) {
    this.#output = typeof target === 'object' ? target : openOutput(target)
    this.#blocks = blocks
  }

  /** A chunk to fill, of at least `length` bytes. */
  take(length = 0): Uint8Array {
    if (length > CHUNK_BYTES) return new Uint8Array(length)
    return this.#spare.pop() ?? new Uint8Array(CHUNK_BYTES)
  }

  /** Hands a chunk over for writing: its first `length` bytes. */
  give(bytes: Uint8Array, length: number): void {
    if (this.readerGone || length === 0) this.#keep(bytes)
    else this.#queue.push({ bytes, length })
  }

  /** Starts writing the chunks that were handed over; waits only when the reader of the output is slow. */
  drain(): Promise<void> | void {
    if (this.#failure !== null) throw this.#failure
    if (this.#blocks) return this.#writeNow()
    if (this.#pump === null && this.#queue.length > 0) this.#pump = this.#writeQueue()
    if (this.#pump !== null && this.#queue.length > QUEUE_CHUNKS) return this.#waited()
  }

  /** Writes all that was given, and closes a file. */
  async end(): Promise<void> {
    await this.drain()
    await this.#pump
    if (this.#output.owned) closeSync(this.#output.fd)
    if (this.#failure !== null) throw this.#failure
  }

  async #waited(): Promise<void> {
    await this.#pump
    if (this.#failure !== null) throw this.#failure
  }

  async #writeQueue(): Promise<void> {
    for (let chunk = this.#queue[0]; chunk !== undefined; chunk = this.#queue[0]) {
      try {
        await this.#writeChunk(chunk)
      } catch (error) {
        this.#giveUp(error)
        break
      }
      this.#queue.shift()
      this.#keep(chunk.bytes)
    }
    this.#pump = null
  }

  #writeNow(): void {
    for (let chunk = this.#queue.shift(); chunk !== undefined; chunk = this.#queue.shift()) {
      let retryMs = RETRY_MS
      for (let from = 0; from < chunk.length; ) {
        try {
          from += writeSync(this.#output.fd, chunk.bytes, from, chunk.length - from)
          retryMs = RETRY_MS
        } catch (error) {
          if (codeOf(error) === 'EAGAIN') {
            Atomics.wait(NEVER, 0, 0, retryMs)
            retryMs = nextRetryMs(retryMs)
          } else {
            this.#giveUp(error)
            break
          }
        }
      }
      this.#keep(chunk.bytes)
    }
    if (this.#failure !== null) throw this.#failure
  }

  #giveUp(error: unknown): void {
    this.#queue.length = 0
    if (codeOf(error) === 'EPIPE') this.readerGone = true
    else this.#failure = outputError(this.#output.name, error)
  }

  async #writeChunk(chunk: FilledChunk): Promise<void> {
    let retryMs = RETRY_MS
    for (let from = 0; from < chunk.length; ) {
      try {
        from += await this.#writeSome(chunk, from)
        retryMs = RETRY_MS
      } catch (error) {
        if (codeOf(error) !== 'EAGAIN') throw error
        await new Promise((resolve) => setTimeout(resolve, retryMs))
        retryMs = nextRetryMs(retryMs)
      }
    }
  }

  #writeSome(chunk: FilledChunk, from: number): Promise<number> {
    return new Promise((resolve, reject) => {
      write(this.#output.fd, chunk.bytes, from, chunk.length - from, null, (error, written) =>
        error === null ? resolve(written) : reject(error),
      )
    })
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === CHUNK_BYTES && this.#spare.length <= QUEUE_CHUNKS) this.#spare.push(bytes)
  }
}

function nextRetryMs(retryMs: number): number {
  return Math.min(2 * retryMs, RETRY_MS_MAX)
}
