const HEADER_BYTES = 4
const VERSION = 3

/** By direction: length of the message whose TPKT header came alone in the previous segment; 0 for none. */
export interface FrameMemory {
  readonly bodyLength: [number, number]
}

/** Messages in TPKT frames (RFC 1006, section 6) that lie completely in one segment. */
export function* messagesInSegment(
  bytes: Uint8Array,
  start: number,
  end: number,
  memory: FrameMemory,
  direction: number,
): Generator<{ readonly from: number; readonly end: number }> {
  const awaited = memory.bodyLength[direction]
  let at = start
  if (!isFrame(bytes, at, end) && awaited > 0) {
    memory.bodyLength[direction] = 0
    if (awaited > end - start) return
    yield { from: start, end: start + awaited }
    at = start + awaited
    if (end - at <= HEADER_BYTES) return
  } else if (!isFrame(bytes, at, end)) return
  memory.bodyLength[direction] = 0
  while (isFrame(bytes, at, end)) {
    const length = (bytes[at + 2] << 8) | bytes[at + 3]
    if (length < HEADER_BYTES) return
    if (at + length > end) {
      // Some send the header in a segment of its own.
      if (end - at === HEADER_BYTES) memory.bodyLength[direction] = length - HEADER_BYTES
      return
    }
    yield { from: at + HEADER_BYTES, end: at + length }
    at += length
    if (end - at <= HEADER_BYTES) return
  }
}

function isFrame(bytes: Uint8Array, at: number, end: number): boolean {
  return end - at >= HEADER_BYTES && bytes[at] === VERSION && bytes[at + 1] === 0
}
