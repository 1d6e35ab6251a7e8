import { constants, crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib'
import { type ByteSource, SourceDamage } from './byte-source.ts'
import { CompressedInput } from './compressed-input.ts'

/** Member header and trailer (RFC 1952, 2.3). */
const FIXED_HEADER_LENGTH = 10
const TRAILER_LENGTH = 8
const METHOD_DEFLATE = 8
const FLAG_HEADER_CRC = 2
const FLAG_EXTRA = 4
const FLAG_NAME = 8
const FLAG_COMMENT = 16
const FLAGS_RESERVED = 0xe0

/**
 * Decompressed bytes that zlib's thread hands over at a time. Each handing over costs a change of threads: with zlib's
 * usual 16 KiB that took longer than the decompression.
 */
const PIECE = 128 * 1024

/**
 * Compressed bytes of a member that are kept, so that a corrupt place can be located to the byte. In a larger member,
 * the bytes of the last piece before it are lost.
 */
const HISTORY_MAX = 4 * 1024 * 1024
/** Decompressed bytes beyond which that search gives up. */
const RECOVERY_MAX = 256 * 1024 * 1024

export function isGzip(head: Uint8Array): boolean {
  return head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === METHOD_DEFLATE
}

/**
 * Decompresses gzip members one after the other. Zeros after the last one are padding, as on tapes.
 *
 * @throws SourceDamage after the last good byte of a stream that is cut, corrupt or followed by something else
 */
export async function* gunzip(source: ByteSource): AsyncGenerator<Uint8Array, void> {
  const input = new CompressedInput(source, 'gzip')
  for (let members = 0; ; members++) {
    const head = await input.peek(FIXED_HEADER_LENGTH)
    if (head.length === 0 || (members > 0 && head[0] === 0)) return
    if (members > 0 && !isGzip(head)) throw input.followedByOther()
    await skipMemberHeader(input)
    const sum = { crc: 0, length: 0 }
    for await (const piece of inflateMember(input)) {
      sum.crc = crc32(piece, sum.crc)
      sum.length = (sum.length + piece.length) >>> 0
      yield piece
    }
    await checkTrailer(input, sum)
  }
}

async function skipMemberHeader(input: CompressedInput): Promise<void> {
  const fixed = await input.take(FIXED_HEADER_LENGTH)
  const flags = fixed[3]
  if ((flags & FLAGS_RESERVED) !== 0) throw input.corrupt('reserved flags in a header')
  if ((flags & FLAG_EXTRA) !== 0) {
    const length = await input.take(2)
    await input.take(length[0] | (length[1] << 8))
  }
  if ((flags & FLAG_NAME) !== 0) await skipText(input)
  if ((flags & FLAG_COMMENT) !== 0) await skipText(input)
  if ((flags & FLAG_HEADER_CRC) !== 0) await input.take(2)
}

async function skipText(input: CompressedInput): Promise<void> {
  while ((await input.take(1))[0] !== 0);
}

async function checkTrailer(input: CompressedInput, sum: { crc: number; length: number }): Promise<void> {
  const trailer = await input.take(TRAILER_LENGTH)
  const view = new DataView(trailer.buffer, trailer.byteOffset, trailer.byteLength)
  if (view.getUint32(0, true) !== sum.crc || view.getUint32(4, true) !== sum.length) {
    throw input.wrongChecksum()
  }
}

/**
 * Inflates one member in zlib's own thread. Header and trailer are read here, since zlib would drop what it has just
 * decompressed when it finds damage.
 */
async function* inflateMember(input: CompressedInput): AsyncGenerator<Uint8Array, void> {
  const engine = createInflateRaw({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: PIECE })
  const history = new History()
  const feeding = feed(engine, input, history)
  let delivered = 0
  try {
    for await (const piece of engine as AsyncIterable<Buffer>) {
      delivered += piece.length
      yield piece
    }
  } catch {
    const rest = history.recover(delivered)
    if (rest.length > 0) yield rest
    throw input.corrupt()
  } finally {
    engine.destroy()
  }
  const failure = await feeding
  if (failure !== null) throw failure
}

/** Feeds the engine up to the end of the member; returns what went wrong when the input ended first. */
async function feed(engine: InflateRaw, input: CompressedInput, history: History): Promise<SourceDamage | null> {
  let fed = 0
  const stopped = new Promise<void>((resolve) => {
    engine.once('end', resolve)
    engine.once('close', resolve)
    engine.on('error', () => resolve())
  })
  for (;;) {
    const chunk = await input.takeSome().catch((error: SourceDamage) => error)
    if (chunk instanceof SourceDamage || chunk.length === 0) {
      engine.end()
      await stopped
      return chunk instanceof SourceDamage ? chunk : input.cutShort()
    }
    history.add(chunk)
    fed += chunk.length
    await Promise.race([stopped, new Promise<void>((resolve) => engine.write(chunk, () => resolve()))])
    if (engine.bytesWritten < fed) {
      // The member ends within this chunk; the rest is its trailer and what follows.
      input.giveBack(chunk.subarray(chunk.length - (fed - engine.bytesWritten)))
      return null
    }
    if (engine.destroyed) return null
  }
}

/** The compressed bytes of a member so far, up to HISTORY_MAX. */
class History {
  #chunks: Uint8Array[] = []
  #length = 0

  add(chunk: Uint8Array): void {
    if (this.#length > HISTORY_MAX) return
    this.#length += chunk.length
    if (this.#length > HISTORY_MAX) this.#chunks = []
    else this.#chunks.push(chunk)
  }

  /** The decompressed bytes after the first `delivered` ones, up to the first corrupt byte. */
  recover(delivered: number): Uint8Array {
    const compressed = Buffer.concat(this.#chunks)
    let good = 0
    let bad = compressed.length
    while (bad - good > 1) {
      const middle = (good + bad) >>> 1
      if (inflatePrefix(compressed, middle) === null) bad = middle
      else good = middle
    }
    const output = good === 0 ? null : inflatePrefix(compressed, good)
    return output === null ? new Uint8Array(0) : output.subarray(delivered)
  }
}

function inflatePrefix(compressed: Uint8Array, length: number): Uint8Array | null {
  try {
    const options = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: RECOVERY_MAX }
    return inflateRawSync(compressed.subarray(0, length), options)
  } catch {
    return null
  }
}
