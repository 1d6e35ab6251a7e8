/** Numbers the frames of a capture, which may be several files merged by time. */
export class FrameNumbers {
  /** Number of the last frame in the capture, from 1; 0 before the first. */
  frame = 0
  /** Number of the last frame in its file, from 1. */
  fileFrame = 0
  #file = -1
  /** By file: its frames so far; stale for the last frame's file. */
  readonly #counts: number[] = []

  /** Numbers the next frame, which is from this file. */
  next(file: number): void {
    if (file !== this.#file) this.#turnTo(file)
    this.frame++
    this.fileFrame++
  }

  #turnTo(file: number): void {
    if (this.#file >= 0) this.#counts[this.#file] = this.fileFrame
    this.#file = file
    this.fileFrame = this.#counts[file] ?? 0
  }
}
