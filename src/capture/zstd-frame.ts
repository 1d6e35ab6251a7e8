import type { Transform } from 'node:stream'
import * as zlib from 'node:zlib'
import { Decompress } from 'fzstd'

/** Most bytes of a block (RFC 8878, 3.1.1.2.3). */
export const BLOCK_MAX = 131_072

/** Decompresses a frame whose header says that no checksum follows: first the header is fed, then block after block. */
export interface ZstdFrame {
  /** The largest distance back that it resolves correctly, in bytes. */
  readonly distanceMax: number
  /** @param last whether these are the last bytes of the frame; nothing may follow what was corrupt */
  push(bytes: Uint8Array, last: boolean): Promise<Decompressed>
  close(): void
}

interface Decompressed {
  readonly pieces: readonly Uint8Array[]
  readonly isCorrupt: boolean
}

/** Everywhere, but slow. Whatever it throws, the input is damaged. */
class FzstdFrame implements ZstdFrame {
  /**
   * A distance is coded as a power of two plus extra bits, less 3 (RFC 8878, 3.1.1.3.2.1.1), and fzstd may lose all
   * extra bits but the lowest 25. So the first one that it may get wrong is 2^26 with the 26th extra bit set.
   */
  readonly distanceMax = 2 ** 26 + 2 ** 25 - 3 - 1
  #pieces: Uint8Array[] = []
  readonly #frame = new Decompress((piece) => this.#pieces.push(piece))

  push(bytes: Uint8Array, last: boolean): Promise<Decompressed> {
    this.#pieces = []
    let isCorrupt = false
    try {
      this.#frame.push(bytes, false)
      // It delivers very short frames only when it is told that this was all.
      if (last) this.#frame.push(new Uint8Array(0), true)
    } catch {
      isCorrupt = true
    }
    return Promise.resolve({ pieces: this.#pieces, isCorrupt })
  }

  close(): void {}
}

/** In zlib's own thread, and three to ten times as fast. */
class ZlibFrame implements ZstdFrame {
  readonly distanceMax = Number.POSITIVE_INFINITY
  readonly #stream: Transform
  #pieces: Uint8Array[] = []
  #isCorrupt = false
  #answer: () => void = () => {}

  constructor(stream: Transform) {
    this.#stream = stream
    stream.on('data', (piece: Uint8Array) => this.#pieces.push(piece))
    stream.on('error', () => {
      this.#isCorrupt = true
      this.#answer()
    })
  }

  async push(bytes: Uint8Array): Promise<Decompressed> {
    this.#pieces = []
    await new Promise<void>((resolve) => {
      this.#answer = resolve
      this.#stream.write(bytes, (error) => {
        // The event of the error follows.
        if (!error) resolve()
      })
    })
    return { pieces: this.#pieces, isCorrupt: this.#isCorrupt }
  }

  close(): void {
    this.#stream.destroy()
  }
}

/** Of Node's zlib since 22.15 (nodejs.org/api/zlib.html). */
interface ZstdOfZlib {
  readonly createZstdDecompress?: (options: { chunkSize: number }) => Transform
}

const { createZstdDecompress } = zlib as ZstdOfZlib

export function fzstdFrame(): ZstdFrame {
  return new FzstdFrame()
}

/** Null where Node is too old. */
export const zlibFrame: (() => ZstdFrame) | null =
  createZstdDecompress === undefined ? null : () => new ZlibFrame(createZstdDecompress({ chunkSize: BLOCK_MAX }))
