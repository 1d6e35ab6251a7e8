import type { ByteSource } from './byte-source.ts'

const CHUNK = 65_536

/**
 * The input of a decompressor, which can look ahead, take an exact number of bytes, and give back bytes that it did not
 * use.
 */
export class CompressedInput {
  readonly #source: ByteSource
  readonly #scratch = new Uint8Array(CHUNK)
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(source: ByteSource) {
    this.#source = source
  }

  /** The next `length` bytes without consuming them; fewer at the end. */
  async peek(length: number): Promise<Uint8Array> {
    while (this.#bytes.length < length) {
      const more = await this.#readChunk()
      if (more.length === 0) break
      this.#bytes = concatenated(this.#bytes, more)
    }
    return this.#bytes.subarray(0, length)
  }

  /** Consumes the next `length` bytes; null when there are not as many. */
  async take(length: number): Promise<Uint8Array | null> {
    const piece = await this.peek(length)
    if (piece.length < length) return null
    this.#bytes = this.#bytes.subarray(length)
    return piece
  }

  /** As many bytes as are there, at least one; none at the end. */
  async takeSome(): Promise<Uint8Array> {
    const some = this.#bytes
    this.#bytes = new Uint8Array(0)
    return some.length > 0 ? some : await this.#readChunk()
  }

  giveBack(bytes: Uint8Array): void {
    this.#bytes = concatenated(bytes, this.#bytes)
  }

  /** A new array each time, since decompressors keep what they are given for a while. */
  async #readChunk(): Promise<Uint8Array> {
    return this.#scratch.slice(0, await this.#source.read(this.#scratch, 0, CHUNK))
  }
}

function concatenated(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  if (second.length === 0) return first
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
