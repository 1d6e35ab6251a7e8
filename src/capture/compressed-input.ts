import { type ByteSource, SourceDamage } from './byte-source.ts'

const CHUNK = 65_536

/**
 * The input of a decompressor, which can look ahead, take an exact number of bytes, and give back bytes that it did not
 * use. It also says what is wrong with the stream.
 */
export class CompressedInput {
  readonly #source: ByteSource
  readonly #format: 'gzip' | 'zstd'
  readonly #scratch = new Uint8Array(CHUNK)
  #bytes: Uint8Array = new Uint8Array(0)

  constructor(source: ByteSource, format: 'gzip' | 'zstd') {
    this.#source = source
    this.#format = format
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

  /** The next `length` bytes without consuming them. @throws SourceDamage when there are not as many */
  async peekAll(length: number): Promise<Uint8Array> {
    const piece = await this.peek(length)
    if (piece.length < length) throw this.cutShort()
    return piece
  }

  /** Consumes the next `length` bytes. @throws SourceDamage when there are not as many */
  async take(length: number): Promise<Uint8Array> {
    const piece = await this.peekAll(length)
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

  cutShort(): SourceDamage {
    return new SourceDamage(`the ${this.#format} stream is cut short`)
  }

  /** @param how after a colon, where that is known */
  corrupt(how = ''): SourceDamage {
    return new SourceDamage(`the ${this.#format} stream is corrupt${how === '' ? '' : `: ${how}`}`)
  }

  wrongChecksum(): SourceDamage {
    return this.corrupt('its checksum is wrong, frames before this place may be damaged')
  }

  followedByOther(): SourceDamage {
    return new SourceDamage(`something else follows the ${this.#format} stream; it is left out`)
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
