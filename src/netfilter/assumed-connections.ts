import { grown } from '../wire/grown.ts'

const ENTRIES_AT_LEAST = 1024

/** Connections that exist only because a packet with an unknown verdict is taken to have passed. */
export class AssumedConnections {
  /** By entry of the connection table: the connection's number, and the frame of that packet. */
  #numbers = new Int32Array(0)
  #frames = new Float64Array(0)

  get isEmpty(): boolean {
    return this.#numbers.length === 0
  }

  /** @param number of the connection: an entry is used again for later connections, a number is not */
  note(entry: number, number: number, frame: number): void {
    if (entry >= this.#numbers.length) this.#grow(entry + 1)
    this.#numbers[entry] = number
    this.#frames[entry] = frame
  }

  /** The frame of the packet that was taken to have passed; 0 where the connection needs no such assumption. */
  frameOf(entry: number, number: number): number {
    return this.#numbers[entry] === number ? this.#frames[entry] : 0
  }

  #grow(entries: number): void {
    const length = Math.max(ENTRIES_AT_LEAST, 2 * entries)
    this.#numbers = grown(this.#numbers, new Int32Array(length))
    this.#frames = grown(this.#frames, new Float64Array(length))
  }
}
