import { grown } from '../wire/grown.ts'
import type { ByteOutput } from './byte-output.ts'
import { ByteWriter, SLACK } from './byte-writer.ts'

/**
 * Bytes from which on a chunk is worth writing; smaller ones wait PATIENCE_MILLISECONDS first (a live capture on a
 * pipe).
 */
const WORTH_WRITING = 3 << 18
const PATIENCE_MILLISECONDS = 50

/**
 * Lines of bytes on their way to an output. A line is begun with room(), written through `writer` and ended with `at`.
 */
export class LineBuffer {
  readonly writer: ByteWriter
  /** Offset after the last whole line. */
  at = 0
  readonly #output: ByteOutput
  #lastWrite = performance.now()

  constructor(output: ByteOutput) {
    this.#output = output
    this.writer = new ByteWriter(output.take())
  }

  /** The offset for a line of `length` bytes, in a new chunk if necessary. Only to be called between two lines. */
  room(length: number): number {
    if (this.at + length + SLACK > this.writer.bytes.length) this.#handOver(length + SLACK)
    return this.at
  }

  /** Makes room in the middle of a line, for a free text: the beginning of the line moves to a larger buffer. */
  moreRoom(at: number, length: number): number {
    const needed = at + length + SLACK
    const { bytes } = this.writer
    if (needed > bytes.length) {
      this.writer.reset(grown(bytes.subarray(0, at), new Uint8Array(needed * 2)))
    }
    return at
  }

  drain(): Promise<void> | void {
    const isWorthIt = this.at >= WORTH_WRITING || performance.now() - this.#lastWrite > PATIENCE_MILLISECONDS
    return isWorthIt ? this.idle() : this.#output.drain()
  }

  /** Starts writing everything there is. */
  idle(): Promise<void> | void {
    if (this.at > 0) {
      this.#handOver(0)
      this.#lastWrite = performance.now()
    }
    return this.#output.drain()
  }

  end(): Promise<void> {
    this.#handOver(0)
    return this.#output.end()
  }

  #handOver(nextLength: number): void {
    this.#output.give(this.writer.bytes, this.at)
    this.writer.reset(this.#output.take(nextLength))
    this.at = 0
  }
}
