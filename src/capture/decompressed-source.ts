import type { ByteSource } from './byte-source.ts'

/** The output of a decompressor that reads another source: piece by piece, and never ahead of the reader. */
export class DecompressedSource implements ByteSource {
  readonly immediate = false
  readonly #compressed: ByteSource
  readonly #pieces: AsyncIterator<Uint8Array, void>
  #piece: Uint8Array = new Uint8Array(0)

  constructor(compressed: ByteSource, decompress: (source: ByteSource) => AsyncIterable<Uint8Array>) {
    this.#compressed = compressed
    this.#pieces = decompress(compressed)[Symbol.asyncIterator]()
  }

  get bytesRead(): number {
    return this.#compressed.bytesRead
  }

  get bytesTotal(): number | null {
    return this.#compressed.bytesTotal
  }

  read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    if (this.#piece.length === 0) return this.#nextPiece(target, offset, length)
    const part = this.#piece.subarray(0, length)
    target.set(part, offset)
    this.#piece = this.#piece.subarray(part.length)
    return part.length
  }

  async #nextPiece(target: Uint8Array, offset: number, length: number): Promise<number> {
    const next = await this.#pieces.next()
    if (next.done === true) return 0
    if (next.value.length === 0) return this.#nextPiece(target, offset, length)
    this.#piece = next.value
    return this.read(target, offset, length)
  }

  close(): void {
    // Ends the decompressor, at once or after the piece that it is working on.
    void this.#pieces.return?.()
    this.#compressed.close()
  }
}
