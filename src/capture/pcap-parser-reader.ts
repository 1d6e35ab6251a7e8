import { EventEmitter } from 'node:events'
import type { PacketHeader, Parser } from 'pcap-parser'
import { type ByteSource, readFully, SourceDamage } from './byte-source.ts'
import { FRAME_CAPTURED_MAX, FRAME_DIGITS_SHIFT, type FrameBatch } from './frame-batch.ts'
import { CaptureError, type CaptureFileInfo, type CaptureProblem, type FrameReader } from './frame-reader.ts'
import { endsInsideRecord, recordTooLong } from './pcap-damage.ts'
import { PCAP_HEADER_LENGTH, parsePcapHeader } from './pcap-header.ts'

const RECORD_HEADER_LENGTH = 16
const MICROSECONDS = 1_000_000
/** pcap-parser copies all that it holds with every piece, so small pieces are faster. */
const PIECE_MAX = 32_768
const PLAIN_MAGICS = new Set(['a1b2c3d4', 'd4c3b2a1'])

/** Looks like a stream to pcap-parser, but is fed piece by piece, so that it never reads ahead. */
class HandFedStream extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

/**
 * Reads plain pcap files with microseconds through the npm package pcap-parser: a second, independent opinion. What
 * that package does not notice (a file that is cut, a record of absurd length) is noticed here, from outside.
 */
export class PcapParserReader implements FrameReader {
  readonly problems: CaptureProblem[]
  readonly files: [CaptureFileInfo]
  readonly #source: ByteSource
  readonly #file: number
  readonly #linkType: number
  readonly #stream: HandFedStream
  #batch: FrameBatch | null = null
  #batchBytes = 0
  #frames = 0
  /** Bytes given to the parser, and bytes of them that became frames or headers. */
  #fed = 0
  #used = PCAP_HEADER_LENGTH
  #ended = false

  /** @param parser reads `stream` */
  private constructor(
    info: CaptureFileInfo,
    file: number,
    linkType: number,
    source: ByteSource,
    problems: CaptureProblem[],
    stream: HandFedStream,
    parser: Parser,
  ) {
    this.problems = problems
    this.files = [info]
    this.#source = source
    this.#file = file
    this.#linkType = linkType
    this.#stream = stream
    parser.on('packetHeader', (header) => this.#checkRecord(header))
    parser.on('packet', (packet) => this.#addFrame(packet.header, packet.data))
    parser.on('error', (error) => this.#damage(0, `pcap-parser refuses the capture: ${error.message}`))
  }

  /** @throws CaptureError when the capture is not one that pcap-parser reads */
  static async open(
    path: string,
    file: number,
    source: ByteSource,
    problems: CaptureProblem[],
  ): Promise<PcapParserReader> {
    const head = await readFully(source, PCAP_HEADER_LENGTH)
    const magic = Buffer.from(head.subarray(0, 4)).toString('hex')
    if (!PLAIN_MAGICS.has(magic)) {
      throw new CaptureError(
        `${path}: pcap-parser reads only plain pcap files with microseconds, and this one begins with ${magic || 'nothing'}; use the default reader`,
      )
    }
    const header = parsePcapHeader(path, head)
    if (header.lengthsSwapped !== 'never') {
      throw new CaptureError(`${path}: pcap-parser reads only version 2.4 of the pcap format; use the default reader`)
    }
    // Loaded by those alone who ask for it.
    const { parse } = await import('pcap-parser')
    const info = { path, format: `${header.description}, pcap-parser`, frames: 0 }
    const stream = new HandFedStream()
    const reader = new PcapParserReader(info, file, header.linkType, source, problems, stream, parse(stream))
    reader.#feed(head)
    return reader
  }

  get bytesRead(): number {
    return this.#source.bytesRead
  }

  get bytesTotal(): number | null {
    return this.#source.bytesTotal
  }

  async read(batch: FrameBatch): Promise<boolean> {
    batch.count = 0
    this.#batch = batch
    this.#batchBytes = 0
    // Every record has at least its header, so a piece of this size holds no more frames than the batch.
    const pieceLength = Math.min(PIECE_MAX, (batch.capacity - 1) * RECORD_HEADER_LENGTH)
    while (batch.count === 0 && !this.#ended) {
      const piece = new Uint8Array(pieceLength)
      const got = await this.#readPiece(piece)
      if (got === 0) this.#finish()
      else this.#feed(piece.subarray(0, got))
    }
    this.files[0].frames += batch.count
    return batch.count > 0
  }

  close(): void {
    this.#ended = true
    this.#source.close()
  }

  async #readPiece(piece: Uint8Array): Promise<number> {
    try {
      return await this.#source.read(piece, 0, piece.length)
    } catch (error) {
      if (!(error instanceof SourceDamage)) throw error
      this.#damage(this.#fed, error.message)
      return 0
    }
  }

  #feed(piece: Uint8Array): void {
    this.#fed += piece.length
    this.#stream.emit('data', Buffer.from(piece.buffer, piece.byteOffset, piece.length))
  }

  /**
   * The parser would wait for the end of such a record up to the end of the file, copying all of it again and again.
   */
  #checkRecord(header: PacketHeader): void {
    const { capturedLength } = header
    if (capturedLength > FRAME_CAPTURED_MAX) this.#damage(this.#used, recordTooLong(capturedLength))
  }

  #addFrame(header: PacketHeader, data: Buffer): void {
    const batch = this.#batch
    this.#used += RECORD_HEADER_LENGTH + data.length
    if (batch === null || this.#ended) return
    const fraction = header.timestampMicroseconds
    batch.bytes.set(data, this.#batchBytes)
    batch.seconds[batch.count] = header.timestampSeconds + Math.floor(fraction / MICROSECONDS)
    const nanoseconds = (fraction % MICROSECONDS) * 1000
    const flags = 6 << FRAME_DIGITS_SHIFT
    const { length } = data
    batch.add(this.#batchBytes, length, header.originalLength, nanoseconds, this.#linkType, 0, flags, this.#file)
    this.#batchBytes += length
    this.#frames++
  }

  #finish(): void {
    const left = this.#fed - this.#used
    if (left > 0) this.#damage(this.#used, endsInsideRecord(left, RECORD_HEADER_LENGTH))
    this.#ended = true
    this.#source.close()
  }

  #damage(byteOffset: number, message: string): void {
    if (this.#ended) return
    this.#ended = true
    this.problems.push({ file: this.files[0].path, byteOffset, afterFrame: this.#frames, message, fatal: true })
  }
}
