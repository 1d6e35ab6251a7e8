/**
 * Where a capture's bytes come from: a file, a pipe, a decompressor. A small pull interface, so that readers need not
 * know which it is, and nothing is read before it is asked for.
 */
export interface ByteSource {
  /**
   * Puts up to `length` bytes (at least 1) into `target` at `offset` and gives their number; 0 at the end. Gives what
   * is there rather than waiting for more. A promise only where waiting is needed; one read at a time. `target` must
   * stay untouched until then. Throws (or rejects with) SourceDamage when the bytes end before their time.
   */
  read(target: Uint8Array, offset: number, length: number): number | Promise<number>
  /** True when `read` never waits for somebody else's bytes: a plain file. */
  readonly immediate: boolean
  /** Bytes read so far from disk or pipe, before decompression. */
  readonly bytesRead: number
  /** Bytes to be read in all, before decompression; null when unknown. */
  readonly bytesTotal: number | null
  close(): void
}

/**
 * The bytes end too early: a compressed stream is cut short or corrupt, or the disk fails. What was read before is
 * good.
 */
export class SourceDamage extends Error {
  override name = 'SourceDamage'
}

/** Delivers bytes that were read ahead to recognise the format, then the rest of the source that they came from. */
export class PrefixedSource implements ByteSource {
  #prefix: Uint8Array
  readonly #rest: ByteSource

  constructor(prefix: Uint8Array, rest: ByteSource) {
    this.#prefix = prefix
    this.#rest = rest
  }

  get immediate(): boolean {
    return this.#rest.immediate
  }

  get bytesRead(): number {
    return this.#rest.bytesRead
  }

  get bytesTotal(): number | null {
    return this.#rest.bytesTotal
  }

  read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    if (this.#prefix.length === 0) return this.#rest.read(target, offset, length)
    const part = this.#prefix.subarray(0, length)
    target.set(part, offset)
    this.#prefix = this.#prefix.subarray(part.length)
    return part.length
  }

  close(): void {
    this.#rest.close()
  }
}

/** Reads until `wanted` bytes or the end, and gives them: fewer only at the end. */
export async function readFully(source: ByteSource, wanted: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(wanted)
  let filled = 0
  while (filled < wanted) {
    const got = await source.read(buffer, filled, wanted - filled)
    if (got === 0) break
    filled += got
  }
  return buffer.subarray(0, filled)
}
