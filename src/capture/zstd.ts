import xxhash, { type XXHash, type XXHashAPI } from 'xxhash-wasm'
import { type ByteSource, SourceDamage } from './byte-source.ts'
import { CompressedInput } from './compressed-input.ts'
import { BLOCK_MAX, fzstdFrame, type ZstdFrame, zlibFrame } from './zstd-frame.ts'

/** Frames (RFC 8878, 3.1). */
const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50
const SKIPPABLE_MASK = 0xfffffff0
/** Bit of a block's header. */
const BLOCK_LAST = 1
/** Types of blocks. */
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3
/** The limit of zstd(1), too, unless told otherwise. */
const WINDOW_MAX = 2 ** 27
const CHECKSUM_FLAG = 4
const CHECKSUM_LENGTH = 4
const ADVICE = 'decompress it before: zstd -dc --long=31 FILE | ctreplay -'

export function isZstd(head: Uint8Array): boolean {
  if (head.length < 4) return false
  const magic = littleEndian(head, 0, 4)
  return magic === MAGIC || (magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC
}

/**
 * Decompresses zstd frames one after the other. It passes on one block at a time, so that no more than a block (128
 * KiB) and the window are in memory.
 *
 * @param open what decompresses frames of several blocks
 * @throws SourceDamage after the last good block of a stream that is cut, corrupt or followed by something else
 */
export async function* unzstd(
  source: ByteSource,
  open: () => ZstdFrame = zlibFrame ?? fzstdFrame,
): AsyncGenerator<Uint8Array, void> {
  const input = new CompressedInput(source, 'zstd')
  const { create64 } = await xxhash()
  for (;;) {
    const head = await input.peek(4)
    if (head.length === 0) return
    if (!isZstd(head)) throw input.followedByOther()
    if (littleEndian(head, 0, 4) === MAGIC) yield* unzstdFrame(input, open, create64)
    else await skipFrame(input)
  }
}

async function skipFrame(input: CompressedInput): Promise<void> {
  let left = littleEndian(await input.take(8), 4, 4)
  while (left > 0) {
    const piece = await input.takeSome()
    if (piece.length === 0) throw input.cutShort()
    if (piece.length > left) input.giveBack(piece.subarray(left))
    left -= Math.min(left, piece.length)
  }
}

async function* unzstdFrame(
  input: CompressedInput,
  open: () => ZstdFrame,
  create64: XXHashAPI['create64'],
): AsyncGenerator<Uint8Array, void> {
  const descriptor = (await input.peekAll(5))[4]
  const header = await input.take(frameHeaderLength(descriptor))
  checkHeader(header)
  const sum = (descriptor & CHECKSUM_FLAG) !== 0 ? create64() : null
  // To open zlib takes ten times as long as a small frame, and a capture may be nothing but small frames.
  const isOneBlock = ((await input.peekAll(1))[0] & BLOCK_LAST) !== 0
  const frame = isOneBlock ? fzstdFrame() : open()
  try {
    yield* unzstdBlocks(input, frame, header, sum)
  } finally {
    frame.close()
  }
  if (sum !== null) await checkSum(input, sum)
}

async function* unzstdBlocks(
  input: CompressedInput,
  frame: ZstdFrame,
  header: Uint8Array,
  sum: XXHash<bigint> | null,
): AsyncGenerator<Uint8Array, void> {
  const window = windowSize(header)
  let length = 0
  if ((await frame.push(withoutChecksum(header), false)).isCorrupt) throw input.corrupt()
  for (let last = false; !last; ) {
    const blockHeader = littleEndian(await input.peekAll(3), 0, 3)
    last = (blockHeader & BLOCK_LAST) !== 0
    const type = (blockHeader >>> 1) & 3
    const size = blockHeader >>> 3
    if (type === BLOCK_RESERVED || size > BLOCK_MAX) throw input.corrupt('not a block')
    // Nothing can be further back than what was decompressed so far.
    if (window > frame.distanceMax && length + BLOCK_MAX > frame.distanceMax) {
      throw tooFarBack(frame.distanceMax, window)
    }
    const block = await input.take(3 + (type === BLOCK_RLE ? 1 : size))
    const { pieces, isCorrupt } = await frame.push(block, last)
    for (const piece of pieces) {
      length += piece.length
      sum?.update(piece)
    }
    yield* pieces
    if (isCorrupt) throw input.corrupt()
  }
}

/** A frame ends with the low half of its content's XXH64. */
async function checkSum(input: CompressedInput, sum: XXHash<bigint>): Promise<void> {
  const stored = littleEndian(await input.take(CHECKSUM_LENGTH), 0, CHECKSUM_LENGTH)
  if (stored !== Number(BigInt.asUintN(32, sum.digest()))) {
    throw input.wrongChecksum()
  }
}

function tooFarBack(distanceMax: number, window: number): SourceDamage {
  return new SourceDamage(
    `the zstd stream may repeat what is more than ${distanceMax} bytes back (its window has ${window}), which is not followed; ${ADVICE}`,
  )
}

function withoutChecksum(header: Uint8Array): Uint8Array {
  const copy = header.slice()
  copy[4] &= ~CHECKSUM_FLAG
  return copy
}

/** Frame_Header: descriptor, then window, dictionary identifier and content size as it says. */
function frameHeaderLength(descriptor: number): number {
  const singleSegment = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3]
  const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]
  return 5 + (singleSegment ? 0 : 1) + dictionary + contentSize
}

function checkHeader(header: Uint8Array): void {
  if ((header[4] & 3) !== 0)
    throw new SourceDamage('the zstd stream needs a dictionary; decompress it with zstd -dc -D')
  const window = windowSize(header)
  if (window <= WINDOW_MAX) return
  throw new SourceDamage(`the zstd stream needs a window of ${window} bytes, more than ${WINDOW_MAX}; ${ADVICE}`)
}

function windowSize(header: Uint8Array): number {
  const descriptor = header[4]
  if ((descriptor & 0x20) === 0) {
    const base = 2 ** (10 + (header[5] >>> 3))
    return base + (base / 8) * (header[5] & 7)
  }
  const sizeLength = [1, 2, 4, 8][descriptor >>> 6]
  const size = littleEndian(header, header.length - sizeLength, sizeLength)
  return sizeLength === 2 ? size + 256 : size
}

function littleEndian(bytes: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let index = length - 1; index >= 0; index--) value = value * 256 + bytes[at + index]
  return value
}
