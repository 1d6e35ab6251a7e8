import { FRAME_NANOSECONDS, type FrameBatch } from './frame-batch.ts'
import {
  CaptureError,
  type CaptureFileInfo,
  type CaptureProblem,
  type FrameReader,
  unreadable,
} from './frame-reader.ts'

/** Opens a capture from its beginning; damage is added to the list. */
export type OpenCapture = (problems: CaptureProblem[]) => Promise<FrameReader>

/**
 * One of several captures. It is looked into for the time of its first frame, closed again, and opened when its turn
 * comes: so of thousands of captures only those being read are open.
 */
export class WaitingCapture implements FrameReader {
  readonly problems: CaptureProblem[]
  readonly bytesTotal: number | null
  /** Time of the first frame; infinity where there is none. */
  readonly startSeconds: number
  readonly startNanoseconds: number
  readonly #open: OpenCapture
  readonly #path: string
  #files: readonly CaptureFileInfo[]
  #bytesRead = 0
  #reader: FrameReader | null = null
  #ended: boolean

  private constructor(open: OpenCapture, problems: CaptureProblem[], glance: FrameReader, first: FrameBatch) {
    this.#open = open
    this.problems = problems
    this.bytesTotal = glance.bytesTotal
    this.#files = glance.files.map(({ path, format }) => ({ path, format, frames: 0 }))
    this.#path = this.#files[0].path
    this.#ended = first.count === 0
    this.startSeconds = this.#ended ? Number.POSITIVE_INFINITY : first.seconds[0]
    this.startNanoseconds = this.#ended ? 0 : first.info[FRAME_NANOSECONDS]
    if (!this.#ended) return
    this.#bytesRead = glance.bytesRead
    problems.push(...glance.problems)
  }

  /**
   * @param batch filled with the first frames, which are read again later
   * @throws CaptureError where it cannot be read at all
   */
  static async of(open: OpenCapture, problems: CaptureProblem[], batch: FrameBatch): Promise<WaitingCapture> {
    const glance = await open([])
    try {
      await glance.read(batch)
      return new WaitingCapture(open, problems, glance, batch)
    } finally {
      glance.close()
    }
  }

  get files(): readonly CaptureFileInfo[] {
    return this.#reader?.files ?? this.#files
  }

  get bytesRead(): number {
    return this.#reader?.bytesRead ?? this.#bytesRead
  }

  read(batch: FrameBatch): boolean | Promise<boolean> {
    if (this.#reader !== null && !this.#ended) return this.#reader.read(batch)
    batch.count = 0
    return this.#ended ? false : this.#openAndRead(batch)
  }

  close(): void {
    this.#ended = true
    this.#reader?.close()
  }

  async #openAndRead(batch: FrameBatch): Promise<boolean> {
    try {
      this.#reader = await this.#open(this.problems)
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error
      this.problems.push(
        unreadable(this.#path, `it could be opened at first, but not when its turn came (${error.message})`),
      )
      this.#ended = true
      return false
    }
    if (!this.#ended) return this.#reader.read(batch)
    // Closed while it was opened.
    this.#reader.close()
    return false
  }
}
