import { createReadStream } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type ByteSource, SourceDamage } from './byte-source.ts'

/**
 * A pipe or socket, whose bytes may have to be waited for. Node's own stream does the waiting (EAGAIN, half-written
 * records, a writer that goes away); its high-water mark gives back-pressure.
 */
export class StreamSource implements ByteSource {
  readonly immediate = false
  readonly bytesTotal = null
  bytesRead = 0
  readonly #stream: Readable
  #chunk: Uint8Array = new Uint8Array(0)
  #ended = false
  #failure: Error | null = null
  #wake: (() => void) | null = null

  constructor(stream: Readable) {
    this.#stream = stream
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

  /** A pipe that was opened by name. Read as a socket, since a waiting file read would keep the process from ending. */
  static ofPipe(descriptor: number): StreamSource {
    return new StreamSource(new Socket({ fd: descriptor, readable: true, writable: false }))
  }

  /** A device that was opened by name. */
  static ofDevice(descriptor: number): StreamSource {
    return new StreamSource(createReadStream('', { fd: descriptor, highWaterMark: 65_536 }))
  }

  read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    if (this.#chunk.length === 0) {
      const chunk = this.#stream.read() as Uint8Array | null
      if (chunk === null) return this.#readLater(target, offset, length)
      this.#chunk = chunk
      this.bytesRead += chunk.length
    }
    const part = this.#chunk.subarray(0, length)
    target.set(part, offset)
    this.#chunk = this.#chunk.subarray(part.length)
    return part.length
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
