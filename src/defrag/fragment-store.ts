import { grown } from '../wire/grown.ts'

/**
 * Bytes of a block. Less than the kernel accounts for the smallest fragment, so that its limit also bounds our memory.
 */
const BLOCK = 512
const NONE = -1

/**
 * The payload of queued fragments, in chains of blocks of one buffer. Blocks are used again; the buffer grows by
 * doubling.
 */
export class FragmentStore {
  #bytes = new Uint8Array(64 * BLOCK)
  #next = new Int32Array(64)
  #free = NONE
  #used = 0

  /** Bytes allocated. */
  get byteLength(): number {
    return this.#bytes.length
  }

  /** Keeps a copy of bytes[from … to); returns its handle, -1 for no bytes. */
  keep(bytes: Uint8Array, from: number, to: number): number {
    let head = NONE
    let last = NONE
    for (let at = from; at < to; at += BLOCK) {
      const block = this.#take()
      this.#bytes.set(bytes.subarray(at, Math.min(at + BLOCK, to)), block * BLOCK)
      this.#next[block] = NONE
      if (last === NONE) head = block
      else this.#next[last] = block
      last = block
    }
    return head
  }

  /** Copies `length` kept bytes to `target`, from `at` on. */
  copy(handle: number, length: number, target: Uint8Array, at: number): void {
    for (let block = handle; length > 0; block = this.#next[block]) {
      const part = Math.min(length, BLOCK)
      target.set(this.#bytes.subarray(block * BLOCK, block * BLOCK + part), at)
      at += part
      length -= part
    }
  }

  release(handle: number): void {
    while (handle !== NONE) {
      const next = this.#next[handle]
      this.#next[handle] = this.#free
      this.#free = handle
      handle = next
    }
  }

  #take(): number {
    if (this.#free !== NONE) {
      const block = this.#free
      this.#free = this.#next[block]
      return block
    }
    if (this.#used === this.#next.length) {
      this.#bytes = grown(this.#bytes, new Uint8Array(2 * this.#bytes.length))
      this.#next = grown(this.#next, new Int32Array(2 * this.#next.length))
    }
    return this.#used++
  }
}
