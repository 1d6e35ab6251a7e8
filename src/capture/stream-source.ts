import { createReadStream, readSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type ByteSource, SourceDamage } from './byte-source.ts'

const NOTHING_YET = -1

/**
 * A pipe or socket, whose bytes may have to be waited for. Node's own stream does the waiting (half-written records, a
 * writer that goes away); its high-water mark gives back-pressure. Bytes that are there already are read past it, which
 * makes a replay a quarter faster.
 */
export class StreamSource implements ByteSource {
  readonly immediate = false
  readonly bytesTotal = null
  bytesRead = 0
  readonly #stream: Readable
  /** Also to be read directly; does not block. Null where only the stream is to be read. */
  readonly #descriptor: number | null
  #chunk: Uint8Array = new Uint8Array(0)
  #ended = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  /** @param descriptor that the stream reads, if it does not block */
  constructor(stream: Readable, descriptor: number | null = null) {
    this.#stream = stream
    this.#descriptor = descriptor
    const wake = () => {
      const waiting = this.#wake
      this.#wake = null
      waiting?.()
    }
    stream.on('readable', wake)
    stream.on('end', () => {
      this.#ended = true
      wake()
    })
    stream.on('close', () => {
      this.#ended = true
      wake()
    })
    stream.on('error', (error: Error) => {
      this.#failure = error
      wake()
    })
  }

  /**
   * A pipe. Read as a socket, since a waiting file read would keep the process from ending; so the descriptor no longer
   * blocks (docs.libuv.org, uv_pipe_open), except on Windows.
   */
  static ofPipe(descriptor: number): StreamSource {
    const socket = new Socket({ fd: descriptor, readable: true, writable: false })
    return new StreamSource(socket, process.platform === 'win32' ? null : descriptor)
  }

  /** A device. */
  static ofDevice(descriptor: number): StreamSource {
    return new StreamSource(createReadStream('', { fd: descriptor, highWaterMark: 65_536 }))
  }

  read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    if (this.#chunk.length === 0) {
      const chunk = this.#stream.read() as Uint8Array | null
      if (chunk === null) {
        const got = this.#readNow(target, offset, length)
        return got === NOTHING_YET ? this.#readLater(target, offset, length) : got
      }
      this.#chunk = chunk
      this.bytesRead += chunk.length
    }
    const part = this.#chunk.subarray(0, length)
    target.set(part, offset)
    this.#chunk = this.#chunk.subarray(part.length)
    return part.length
  }

  /** Reads what is there, behind all that the stream has read; 0 at the end. */
  #readNow(target: Uint8Array, offset: number, length: number): number {
    // A stream that was destroyed has closed its descriptor.
    if (this.#descriptor === null || this.#stream.destroyed) return NOTHING_YET
    try {
      const got = readSync(this.#descriptor, target, offset, length, null)
      this.bytesRead += got
      return got
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return NOTHING_YET
      throw new SourceDamage(`the stream broke off: ${(error as Error).message}`)
    }
  }

  #readLater(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    if (this.#failure !== null) throw new SourceDamage(`the stream broke off: ${this.#failure.message}`)
    if (this.#ended) return 0
    return new Promise<void>((resolve) => {
      this.#wake = resolve
    }).then(() => this.read(target, offset, length))
  }

  close(): void {
    this.#stream.destroy()
  }
}
