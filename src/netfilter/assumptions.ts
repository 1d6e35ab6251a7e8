const ENTRIES_AT_LEAST = 1024

/** Connections that are there because their first packet, whose verdict is not known, is taken to have passed. */
export class Assumptions {
  /** By entry of the connection table: number of the connection, and that packet's frame. */
  #numbers = new Int32Array(0)
  #frames = new Float64Array(0)

  get isEmpty(): boolean {
    return this.#numbers.length === 0
  }

  /** @param number of the connection, by which it is told from others that had the entry before */
  note(entry: number, number: number, frame: number): void {
    if (entry >= this.#numbers.length) this.#grow(entry + 1)
    this.#numbers[entry] = number
    this.#frames[entry] = frame
  }

  /** The frame that the connection rests on; 0 for none. */
  frameOf(entry: number, number: number): number {
    return this.#numbers[entry] === number ? this.#frames[entry] : 0
  }

  #grow(entries: number): void {
    const length = Math.max(ENTRIES_AT_LEAST, 2 * entries)
    const numbers = new Int32Array(length)
    const frames = new Float64Array(length)
    numbers.set(this.#numbers)
    frames.set(this.#frames)
    this.#numbers = numbers
    this.#frames = frames
  }
}
