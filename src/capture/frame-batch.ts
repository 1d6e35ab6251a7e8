/**
 * A batch of frames: what every capture reader fills and the pipeline consumes.
 *
 * One batch owns one byte buffer. The reader copies the file's bytes into it (or reads straight into it) and
 * describes each frame by a row of integers, so that nothing is allocated per frame. All of it is valid until the
 * batch is filled again.
 */

/** Integers per frame in `FrameBatch.info`. */
export const FRAME_INTS = 8

/** Offset of the frame's first byte (its link layer header) in `FrameBatch.bytes`. */
export const FRAME_OFFSET = 0
/** Bytes of the frame that the capture holds. */
export const FRAME_CAPTURED = 1
/** Bytes the frame had on the wire. */
export const FRAME_WIRE_LENGTH = 2
/** Nanoseconds within `FrameBatch.seconds`, 0 to 999,999,999. */
export const FRAME_NANOSECONDS = 3
/** LINKTYPE_ value (https://www.tcpdump.org/linktypes.html), or LINK_TYPE_NONE. */
export const FRAME_LINK_TYPE = 4
/** Number of the pcapng interface in its section; 0 for pcap. */
export const FRAME_INTERFACE = 5
/** FRAME_FLAG_ bits. */
export const FRAME_FLAGS = 6
/** Index of the capture file among those named on the command line. */
export const FRAME_FILE = 7

/** The capture says the frame came in (pcapng epb_flags). */
export const FRAME_FLAG_INBOUND = 1
/** The capture says the frame was sent by the capturing machine (pcapng epb_flags). */
export const FRAME_FLAG_OUTBOUND = 2
/**
 * The capture holds no time for this frame (pcapng simple packet block). Its time fields are those of the previous
 * frame, or 0.
 */
export const FRAME_FLAG_NO_TIME = 4
/** Bits 8 to 11: decimal digits of the second that the capture's clock resolves (6 microseconds, 9 nanoseconds). */
export const FRAME_DIGITS_SHIFT = 8
export const FRAME_DIGITS_MASK = 15
/** `timeDigits` of a frame without a time. */
export const NO_TIME_DIGITS = -1

/** Decimal digits of the frame's time by its flags; NO_TIME_DIGITS where it has none. */
export function timeDigits(flags: number): number {
  return (flags & FRAME_FLAG_NO_TIME) !== 0 ? NO_TIME_DIGITS : (flags >>> FRAME_DIGITS_SHIFT) & FRAME_DIGITS_MASK
}

/**
 * FRAME_LINK_TYPE of a pcapng record that is no packet, yet has a frame number in Wireshark: a custom block, a journal
 * entry, a system call event. It has no bytes here, and no time.
 */
export const LINK_TYPE_NONE = -1

/** The largest frame that is kept whole; libpcap's MAXIMUM_SNAPLEN. */
export const FRAME_CAPTURED_MAX = 262_144

/** The arrays of a batch, which are passed in where another thread shares them. */
export interface FrameArrays {
  readonly bytes: Uint8Array
  readonly info: Int32Array
  readonly seconds: Float64Array
}

export class FrameBatch implements FrameArrays {
  /** Frames in the batch. */
  count = 0
  readonly capacity: number
  readonly bytes: Uint8Array
  readonly info: Int32Array
  /** Whole seconds since the epoch, one per frame. */
  readonly seconds: Float64Array

  /** @param capacity frames; @param byteLength at least FRAME_CAPTURED_MAX plus what a reader wants to read at once */
  constructor(capacity = 2048, byteLength = 2 * FRAME_CAPTURED_MAX, arrays: FrameArrays | null = null) {
    this.capacity = capacity
    this.bytes = arrays?.bytes ?? new Uint8Array(byteLength)
    this.info = arrays?.info ?? new Int32Array(capacity * FRAME_INTS)
    this.seconds = arrays?.seconds ?? new Float64Array(capacity)
  }

  /**
   * Adds a frame, whose `seconds` are there already. No frame was shorter on the wire than what was captured of it;
   * 2^31 and more is nonsense, too.
   * @param offset of its first byte in `bytes`
   */
  add(
    offset: number,
    captured: number,
    wireLength: number,
    nanoseconds: number,
    linkType: number,
    interfaceNumber: number,
    flags: number,
    file: number,
  ): void {
    const { info } = this
    const row = this.count++ * FRAME_INTS
    info[row + FRAME_OFFSET] = offset
    info[row + FRAME_CAPTURED] = captured
    info[row + FRAME_WIRE_LENGTH] = wireLength < captured ? captured : Math.min(wireLength, 0x7fffffff)
    info[row + FRAME_NANOSECONDS] = nanoseconds
    info[row + FRAME_LINK_TYPE] = linkType
    info[row + FRAME_INTERFACE] = interfaceNumber
    info[row + FRAME_FLAGS] = flags
    info[row + FRAME_FILE] = file
  }
}
