import type { CaptureFileInfo, CaptureProblem, FrameReader } from '../capture/frame-reader.ts'
import { memoryForVectors, useVectors } from '../wire/vector-sum.ts'
import { decodeBatch } from './decode-batch.ts'
import { BATCH_BYTES, batchIn, type PacketBatch } from './packet-batch.ts'
import type { PacketSource } from './packet-source.ts'

/** Reads and decodes in the thread that asks, with the next batch in the place of the last one. */
export class ReaderSource implements PacketSource {
  /** Has no effect here: nothing is done ahead, so checksums are verified when somebody asks for them. */
  wantsChecksums = false
  readonly #reader: FrameReader
  readonly #batch: PacketBatch

  constructor(reader: FrameReader) {
    this.#reader = reader
    const memory = memoryForVectors(BATCH_BYTES)
    useVectors(memory)
    this.#batch = batchIn(memory.buffer, 0)
  }

  next(): PacketBatch | null | Promise<PacketBatch | null> {
    const more = this.#reader.read(this.#batch)
    return typeof more === 'boolean' ? this.#decoded(more) : more.then((later) => this.#decoded(later))
  }

  #decoded(more: boolean): PacketBatch | null {
    if (!more) return null
    decodeBatch(this.#batch)
    return this.#batch
  }

  get problems(): readonly CaptureProblem[] {
    return this.#reader.problems
  }

  get bytesRead(): number {
    return this.#reader.bytesRead
  }

  get bytesTotal(): number | null {
    return this.#reader.bytesTotal
  }

  get files(): readonly CaptureFileInfo[] {
    return this.#reader.files
  }

  close(): void {
    this.#reader.close()
  }
}
