import { type ByteSource, SourceDamage } from './byte-source.ts'
import { FRAME_CAPTURED_MAX, type FrameBatch } from './frame-batch.ts'
import type { CaptureFileInfo, CaptureProblem, FrameReader } from './frame-reader.ts'
import type { DamageLog, RecordDecoder } from './record-decoder.ts'

/** Bytes asked for at once: large enough to make a system call cheap, small enough to stay in the cache. */
const READ_SIZE = 262_144
/**
 * The first batch of a capture is small: it can be looked at sooner, and a second one comes before V8 compiles what
 * decodes them, which would otherwise be made for one buffer alone and soon be thrown away.
 */
const FIRST_READ_SIZE = 16_384
/** Bytes that a batch needs besides the largest frame, for the record header and what follows the frame. */
const BATCH_SLACK = 4096
/** Problems kept per capture, so that a capture full of damage does not fill the memory. */
const PROBLEMS_MAX = 1000

/**
 * Reads one capture: fills the batch's buffer from the source, and lets the decoder of the format find the frames in
 * it.
 */
export class FileReader implements FrameReader, DamageLog {
  readonly problems: CaptureProblem[]
  readonly files: [CaptureFileInfo]
  readonly #source: ByteSource
  readonly #decoder: RecordDecoder
  #problemCount = 0
  /** The beginning of a record whose end did not come with the last read. */
  #kept = new Uint8Array(0)
  #keptLength = 0
  /** Offset in the capture of the first byte of the batch. */
  #base: number
  /** The unread bytes are batch.bytes[#from, #end). */
  #from = 0
  #end = 0
  /** Bytes still to come that are to be skipped. */
  #skip = 0
  #readSize = FIRST_READ_SIZE
  #sourceEnded = false
  #ended = false
  /** Why the source ended too early; null where it did not. */
  #failure: string | null = null

  /**
   * @param offset of the first byte of `source` in the capture
   * @param problems receives the damage found; shared by the captures of one replay
   */
  constructor(
    path: string,
    wrapping: string,
    source: ByteSource,
    makeDecoder: (damage: DamageLog) => RecordDecoder,
    offset: number,
    problems: CaptureProblem[],
  ) {
    this.problems = problems
    this.#source = source
    this.#decoder = makeDecoder(this)
    this.#base = offset
    this.files = [{ path, format: this.#decoder.description + wrapping, frames: 0 }]
  }

  get bytesRead(): number {
    return this.#source.bytesRead
  }

  get bytesTotal(): number | null {
    return this.#source.bytesTotal
  }

  add(byteOffset: number, afterFrame: number, message: string, fatal: boolean): CaptureProblem {
    const problem = { file: this.files[0].path, byteOffset, afterFrame, message, fatal }
    this.#problemCount++
    if (this.#problemCount < PROBLEMS_MAX || fatal) {
      this.problems.push(problem)
    } else if (this.#problemCount === PROBLEMS_MAX) {
      this.problems.push({ ...problem, message: `${message}; from here on only damage that ends the file is listed` })
    }
    return problem
  }

  read(batch: FrameBatch): boolean | Promise<boolean> {
    batch.count = 0
    if (this.#ended) return false
    const room = batch.bytes.length
    if (room < FRAME_CAPTURED_MAX + BATCH_SLACK || room < this.#keptLength) {
      throw new RangeError(`a batch of ${room} bytes is too small for frames of up to ${FRAME_CAPTURED_MAX} bytes`)
    }
    batch.bytes.set(this.#kept.subarray(0, this.#keptLength))
    this.#from = 0
    this.#end = this.#keptLength
    // Frames that are already complete must not wait for a slow source.
    if (this.#sourceEnded || (!this.#source.immediate && this.#keptLength > 0)) {
      this.#scan(batch)
      if (batch.count > 0) return this.#leave(batch)
    }
    return this.#fill(batch)
  }

  close(): void {
    this.#ended = true
    this.#source.close()
  }

  #fill(batch: FrameBatch): boolean | Promise<boolean> {
    while (!this.#ended) {
      if (this.#sourceEnded) {
        this.#finish()
        break
      }
      this.#makeRoom(batch)
      const wanted = Math.min(batch.bytes.length - this.#end, Math.max(this.#readSize - this.#end, BATCH_SLACK))
      let got: number | Promise<number>
      try {
        got = this.#source.read(batch.bytes, this.#end, wanted)
      } catch (error) {
        got = this.#sourceFailed(error)
      }
      if (typeof got !== 'number') {
        return got
          .catch((error) => this.#sourceFailed(error))
          .then((count) => {
            this.#take(batch, count)
            return batch.count > 0 ? this.#leave(batch) : this.#fill(batch)
          })
      }
      this.#take(batch, got)
      if (batch.count > 0) return this.#leave(batch)
    }
    return this.#leave(batch)
  }

  /** With no frame in the batch yet, the unread bytes can move to the front. */
  #makeRoom(batch: FrameBatch): void {
    if (this.#from === 0) return
    batch.bytes.copyWithin(0, this.#from, this.#end)
    this.#base += this.#from
    this.#end -= this.#from
    this.#from = 0
  }

  #take(batch: FrameBatch, got: number): void {
    if (got === 0) this.#sourceEnded = true
    this.#end += got
    if (this.#skip > 0) {
      const gone = Math.min(this.#skip, this.#end - this.#from)
      this.#skip -= gone
      this.#from += gone
    }
    if (this.#skip === 0) this.#scan(batch)
  }

  #scan(batch: FrameBatch): void {
    const from = this.#from
    const after = this.#decoder.scan(batch, from, this.#end, this.#base)
    if (after > this.#end) {
      this.#skip = after - this.#end
      this.#from = this.#end
    } else {
      this.#from = after
    }
    if (this.#decoder.ended) this.#ended = true
    // Bytes left over after a full batch must be copied, so next time only as many are read as fill a batch.
    const full = batch.count === batch.capacity
    this.#readSize = full && this.#source.immediate ? this.#from - from + BATCH_SLACK : READ_SIZE
  }

  /** Saves the unread bytes, since the caller now uses the batch. */
  #leave(batch: FrameBatch): boolean {
    const length = this.#ended ? 0 : this.#end - this.#from
    if (length > this.#kept.length) this.#kept = new Uint8Array(length + READ_SIZE)
    this.#kept.set(batch.bytes.subarray(this.#from, this.#from + length))
    this.#keptLength = length
    this.#base += this.#from
    this.files[0].frames += batch.count
    if (this.#ended) {
      this.#source.close()
      this.#kept = new Uint8Array(0)
    }
    return batch.count > 0
  }

  /** What came before the failure is replayed; the capture ends there. */
  #sourceFailed(error: unknown): number {
    if (!(error instanceof SourceDamage)) throw error
    this.#failure = error.message
    return 0
  }

  #finish(): void {
    const offset = this.#base + this.#from
    const left = this.#end - this.#from
    if (this.#failure === null) this.#decoder.finish(offset, left, this.#skip)
    else this.add(offset + left, this.files[0].frames, this.#failure, true)
    this.#ended = true
  }
}
