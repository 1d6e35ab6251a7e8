import type { ByteSource } from '../../src/capture/byte-source.ts'
import {
  FRAME_CAPTURED,
  FRAME_DIGITS_MASK,
  FRAME_DIGITS_SHIFT,
  FRAME_FILE,
  FRAME_FLAGS,
  FRAME_INTERFACE,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_OFFSET,
  FRAME_WIRE_LENGTH,
  FrameBatch,
} from '../../src/capture/frame-batch.ts'
import type { CaptureProblem, FrameReader } from '../../src/capture/frame-reader.ts'
import { openSource } from '../../src/capture/open-capture.ts'

/** A frame as tests write it down. */
interface TestFrame {
  seconds: number
  /** What the second field of the record says: microseconds, or nanoseconds with such a magic. */
  fraction: number
  data: Uint8Array
  wireLength?: number
}

interface PcapOptions {
  littleEndian?: boolean
  magic?: number
  minor?: number
  linkType?: number
}

/** A number as bytes: u16(1, true) is little-endian. */
export function u16(value: number, littleEndian = true): Uint8Array {
  const bytes = new Uint8Array(2)
  new DataView(bytes.buffer).setUint16(0, value, littleEndian)
  return bytes
}

export function u32(value: number, littleEndian = true): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, littleEndian)
  return bytes
}

export function u64(value: bigint, littleEndian = true): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), littleEndian)
  return bytes
}

export function bytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** `length` bytes that differ from frame to frame. */
export function payload(length: number, seed = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + seed * 31) & 0xff)
}

export function pcapHeader(options: PcapOptions = {}): Uint8Array {
  const le = options.littleEndian ?? true
  return bytes(
    u32(options.magic ?? 0xa1b2c3d4, le),
    u16(2, le),
    u16(options.minor ?? 4, le),
    u32(0, le),
    u32(0, le),
    u32(262_144, le),
    u32(options.linkType ?? 1, le),
  )
}

export function pcapRecord(frame: TestFrame, options: PcapOptions = {}): Uint8Array {
  const le = options.littleEndian ?? true
  const extra = options.magic === 0xa1b2cd34 ? new Uint8Array(8) : new Uint8Array(0)
  const wireLength = frame.wireLength ?? frame.data.length
  return bytes(
    u32(frame.seconds, le),
    u32(frame.fraction, le),
    u32(frame.data.length, le),
    u32(wireLength, le),
    extra,
    frame.data,
  )
}

export function pcapFile(frames: readonly TestFrame[], options: PcapOptions = {}): Uint8Array {
  return bytes(pcapHeader(options), ...frames.map((frame) => pcapRecord(frame, options)))
}

/** Pads to 32 bits, as pcapng wants it. */
export function padded(data: Uint8Array): Uint8Array {
  return bytes(data, new Uint8Array(-data.length & 3))
}

export function block(type: number, body: Uint8Array, littleEndian = true): Uint8Array {
  const length = u32(body.length + 12, littleEndian)
  return bytes(u32(type, littleEndian), length, body, length)
}

export function sectionHeader(littleEndian = true): Uint8Array {
  const le = littleEndian
  return block(0x0a0d0d0a, bytes(u32(0x1a2b3c4d, le), u16(1, le), u16(0, le), u64(-1n, le)), le)
}

export function option(code: number, value: Uint8Array, littleEndian = true): Uint8Array {
  return bytes(u16(code, littleEndian), u16(value.length, littleEndian), padded(value))
}

export function interfaceBlock(
  options: { linkType?: number; snapLength?: number; options?: Uint8Array } = {},
  littleEndian = true,
): Uint8Array {
  const le = littleEndian
  const head = bytes(u16(options.linkType ?? 1, le), u16(0, le), u32(options.snapLength ?? 0, le))
  return block(1, bytes(head, options.options ?? new Uint8Array(0)), le)
}

export function packetBlock(
  packet: { interface?: number; time: bigint; data: Uint8Array; wireLength?: number; options?: Uint8Array },
  littleEndian = true,
): Uint8Array {
  const le = littleEndian
  const head = bytes(
    u32(packet.interface ?? 0, le),
    u32(Number(packet.time >> 32n), le),
    u32(Number(packet.time & 0xffffffffn), le),
    u32(packet.data.length, le),
    u32(packet.wireLength ?? packet.data.length, le),
  )
  return block(6, bytes(head, padded(packet.data), packet.options ?? new Uint8Array(0)), le)
}

/** Gives bytes in pieces of the given sizes, over and over, sometimes late: what a pipe does. */
export class PiecewiseSource implements ByteSource {
  readonly immediate = false
  readonly bytesTotal = null
  bytesRead = 0
  closed = false
  readonly #bytes: Uint8Array
  readonly #sizes: readonly number[]
  #turn = 0

  /** @param sizes at least 1 each; one in three comes by promise */
  constructor(content: Uint8Array, sizes: readonly number[]) {
    this.#bytes = content
    this.#sizes = sizes
  }

  read(target: Uint8Array, offset: number, length: number): number | Promise<number> {
    const turn = this.#turn++
    const size = Math.min(length, this.#sizes[turn % this.#sizes.length])
    const piece = this.#bytes.subarray(this.bytesRead, this.bytesRead + size)
    target.set(piece, offset)
    this.bytesRead += piece.length
    return turn % 3 === 2 ? Promise.resolve(piece.length) : piece.length
  }

  close(): void {
    this.closed = true
  }
}

/** A frame as it was read. */
interface ReadFrame {
  time: string
  captured: number
  wireLength: number
  linkType: number
  interface: number
  /** FRAME_FLAG_ bits without the digits. */
  flags: number
  digits: number
  file: number
  data: string
}

/** Reads all there is through batches of the given capacity. */
export async function readAll(reader: FrameReader, capacity = 2048): Promise<ReadFrame[]> {
  const batch = new FrameBatch(capacity)
  const frames: ReadFrame[] = []
  while (await reader.read(batch)) {
    for (let index = 0; index < batch.count; index++) frames.push(frameOf(batch, index))
    // What a reader left in the batch is not its own any more.
    batch.bytes.fill(0xee)
  }
  reader.close()
  return frames
}

function frameOf(batch: FrameBatch, index: number): ReadFrame {
  const row = batch.info.subarray(index * FRAME_INTS, (index + 1) * FRAME_INTS)
  const data = batch.bytes.subarray(row[FRAME_OFFSET], row[FRAME_OFFSET] + row[FRAME_CAPTURED])
  return {
    time: `${batch.seconds[index]}.${String(row[FRAME_NANOSECONDS]).padStart(9, '0')}`,
    captured: row[FRAME_CAPTURED],
    wireLength: row[FRAME_WIRE_LENGTH],
    linkType: row[FRAME_LINK_TYPE],
    interface: row[FRAME_INTERFACE],
    flags: row[FRAME_FLAGS] & 0xff,
    digits: (row[FRAME_FLAGS] >> FRAME_DIGITS_SHIFT) & FRAME_DIGITS_MASK,
    file: row[FRAME_FILE],
    data: Buffer.from(data).toString('hex'),
  }
}

/** Reads a capture that is in memory. */
export async function readBytes(
  content: Uint8Array,
  options: { sizes?: readonly number[]; capacity?: number; reader?: 'native' | 'pcap-parser' } = {},
): Promise<{ frames: ReadFrame[]; problems: CaptureProblem[]; format: string }> {
  const problems: CaptureProblem[] = []
  const source = new PiecewiseSource(content, options.sizes ?? [65_536])
  const reader = await openSource('capture', 0, source, problems, { reader: options.reader ?? 'native' })
  const frames = await readAll(reader, options.capacity)
  return { frames, problems, format: reader.files[0].format }
}
