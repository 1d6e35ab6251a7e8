import { splitTime } from './capture-clock.ts'
import {
  FRAME_CAPTURED_MAX,
  FRAME_DIGITS_SHIFT,
  FRAME_FLAG_NO_TIME,
  type FrameBatch,
  LINK_TYPE_NONE,
} from './frame-batch.ts'
import type { CaptureProblem } from './frame-reader.ts'
import {
  BLOCK_ENHANCED_PACKET,
  BLOCK_INTERFACE,
  BLOCK_LENGTH_MIN,
  BLOCK_PACKET_OBSOLETE,
  BLOCK_SECTION,
  BLOCK_SIMPLE_PACKET,
  findBlock,
  INTERFACE_LENGTH_MIN,
  isNumberedBlock,
  isPacketBlock,
  PACKET_HEADER_LENGTH,
  SECTION_LENGTH_MIN,
  SIMPLE_HEADER_LENGTH,
  sectionByteOrder,
} from './pcapng-blocks.ts'
import { type CaptureInterface, directionFlags, type OptionTooLong, parseInterface } from './pcapng-options.ts'
import type { DamageLog, RecordDecoder } from './record-decoder.ts'

/** Reads the blocks of a pcapng capture: sections, interfaces and packets; all others are passed over. */
export class PcapngDecoder implements RecordDecoder {
  readonly description = 'pcapng'
  ended = false
  readonly #file: number
  readonly #damage: DamageLog
  #littleEndian = true
  #interfaces: CaptureInterface[] = []
  /**
   * Descriptions of the interfaces, each kept once: a few bytes of a compressed file can describe millions of equal
   * ones.
   */
  readonly #kinds = new Map<string, CaptureInterface>()
  #frames = 0
  /** Offset in the capture of the first byte that is looked at. */
  #base = 0
  #lastSeconds = 0
  #lastNanoseconds = 0
  /** Damage after which the next block has not been found yet. */
  #searching: CaptureProblem | null = null
  /** What was said about the current section if it is of an unknown version: only its end is looked for. */
  #passedOver: CaptureProblem | null = null

  /** @param file index for FRAME_FILE */
  constructor(file: number, damage: DamageLog) {
    this.#file = file
    this.#damage = damage
  }

  scan(batch: FrameBatch, from: number, end: number, base: number): number {
    const { bytes, capacity } = batch
    this.#base = base
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    while (batch.count < capacity && end - from >= BLOCK_LENGTH_MIN) {
      if (this.#searching !== null) {
        const search = findBlock(view, from, end, this.#littleEndian, this.#interfaces.length)
        from = search.at
        if (!search.found) break
        this.#searching = null
      }
      const type = view.getUint32(from, this.#littleEndian)
      if (type === BLOCK_SECTION) {
        const littleEndian = sectionByteOrder(view, from)
        if (littleEndian === null) {
          from = this.#search(from, from + BLOCK_LENGTH_MIN, base, 'a section header has no valid byte order mark')
          continue
        }
        this.#littleEndian = littleEndian
      }
      const length = view.getUint32(from + 4, this.#littleEndian)
      if (length < BLOCK_LENGTH_MIN || (length & 3) !== 0) {
        from = this.#search(from, from + 4, base, `a block claims an impossible length of ${length} bytes`)
        continue
      }
      if (length > bytes.length) {
        if (isPacketBlock(type)) {
          from = this.#search(from, from + 4, base, `a packet block of ${length} bytes, longer than any frame`)
          continue
        }
        if (this.#passedOver === null && isNumberedBlock(type)) this.#numberedRecord(batch, from)
        return from + length
      }
      if (length > end - from) break
      const trailing = view.getUint32(from + length - 4, this.#littleEndian)
      let after = from + length
      if (trailing !== length) {
        const message = `a block of ${length} bytes ends with the length ${trailing}`
        after = this.#search(from, from + this.#leastLength(view, type, from, length), base, message)
      }
      this.#enterBlock(batch, view, type, from, length, base)
      if (this.ended) break
      from = after
    }
    return from
  }

  finish(offset: number, left: number, missing: number): void {
    if (this.#passedOver !== null) this.#passedOver.fatal = true
    if (this.#searching !== null) {
      this.#searching.fatal = true
    } else if (missing > 0) {
      this.#report(offset, `the capture ends ${missing} bytes before the end of a block`, true)
    } else if (left > 0) {
      this.#report(offset, `the capture ends inside a block, ${left} bytes into it`, true)
    }
  }

  #enterBlock(batch: FrameBatch, view: DataView, type: number, from: number, length: number, base: number): void {
    if (this.#passedOver !== null && type !== BLOCK_SECTION) return
    switch (type) {
      case BLOCK_ENHANCED_PACKET:
      case BLOCK_PACKET_OBSOLETE:
        this.#packet(batch, view, type, from, length, base)
        return
      case BLOCK_SIMPLE_PACKET:
        this.#simplePacket(batch, view, from, length, base)
        return
      case BLOCK_INTERFACE:
        if (length < INTERFACE_LENGTH_MIN) {
          this.#report(base + from, `an interface description block of only ${length} bytes`, true)
        } else {
          this.#addInterface(parseInterface(view, from + 8, from + length - 4, this.#littleEndian, this.#optionTooLong))
        }
        return
      case BLOCK_SECTION:
        this.#section(view, from, length, base)
        return
      default:
        if (isNumberedBlock(type)) this.#numberedRecord(batch, from)
    }
  }

  #addInterface(described: CaptureInterface): void {
    const kind = `${described.linkType} ${described.snapLength} ${described.resolution} ${described.offsetSeconds}`
    const known = this.#kinds.get(kind)
    if (known === undefined) this.#kinds.set(kind, described)
    this.#interfaces.push(known ?? described)
  }

  #section(view: DataView, from: number, length: number, base: number): void {
    this.#interfaces = []
    this.#kinds.clear()
    if (length < SECTION_LENGTH_MIN) {
      this.#report(base + from, `a section header of only ${length} bytes`, true)
      return
    }
    const major = view.getUint16(from + 12, this.#littleEndian)
    const minor = view.getUint16(from + 14, this.#littleEndian)
    this.#passedOver =
      major === 1
        ? null
        : this.#report(base + from, `a section of the unknown pcapng version ${major}.${minor}, which is passed over`)
  }

  /** Enhanced and obsolete packet blocks differ only in the width of the interface number. */
  #packet(batch: FrameBatch, view: DataView, type: number, from: number, length: number, base: number): void {
    const littleEndian = this.#littleEndian
    const room = length - PACKET_HEADER_LENGTH - 4
    if (room < 0) {
      this.#report(base + from, `a packet block of only ${length} bytes`)
      return
    }
    const number =
      type === BLOCK_ENHANCED_PACKET ? view.getUint32(from + 8, littleEndian) : view.getUint16(from + 8, littleEndian)
    const captured = view.getUint32(from + 20, littleEndian)
    if (number >= this.#interfaces.length) {
      this.#unknownInterface(number, base + from)
      return
    }
    if (captured > room || captured > FRAME_CAPTURED_MAX) {
      this.#report(base + from, `a frame of ${captured} bytes is said to be in a block of ${length} bytes`)
      return
    }
    const capturer = this.#interfaces[number]
    const index = batch.count
    const high = view.getUint32(from + 12, littleEndian)
    const low = view.getUint32(from + 16, littleEndian)
    const nanoseconds = splitTime(capturer.clock, high, low, batch.seconds, index)
    this.#lastSeconds = batch.seconds[index]
    this.#lastNanoseconds = nanoseconds
    const optionsAt = PACKET_HEADER_LENGTH + ((captured + 3) & ~3)
    let flags = capturer.clock.digits << FRAME_DIGITS_SHIFT
    if (optionsAt + 8 <= length) {
      const end = from + length - 4
      flags |= directionFlags(view, from + optionsAt, end, littleEndian, this.#optionTooLong)
    }
    const wireLength = view.getUint32(from + 24, littleEndian)
    this.#row(batch, from + PACKET_HEADER_LENGTH, captured, wireLength, capturer.linkType, number, flags)
  }

  #simplePacket(batch: FrameBatch, view: DataView, from: number, length: number, base: number): void {
    if (length < SIMPLE_HEADER_LENGTH + 4) {
      this.#report(base + from, `a simple packet block of only ${length} bytes`)
      return
    }
    if (this.#interfaces.length === 0) {
      this.#unknownInterface(0, base + from)
      return
    }
    const capturer = this.#interfaces[0]
    const wireLength = view.getUint32(from + 8, this.#littleEndian)
    const limit = capturer.snapLength === 0 ? wireLength : Math.min(wireLength, capturer.snapLength)
    const captured = Math.min(limit, length - SIMPLE_HEADER_LENGTH - 4)
    if (captured > FRAME_CAPTURED_MAX) {
      this.#report(base + from, `a frame of ${captured} bytes, more than the ${FRAME_CAPTURED_MAX} that one may have`)
      return
    }
    batch.seconds[batch.count] = this.#lastSeconds
    const flags = (capturer.clock.digits << FRAME_DIGITS_SHIFT) | FRAME_FLAG_NO_TIME
    this.#row(batch, from + SIMPLE_HEADER_LENGTH, captured, wireLength, capturer.linkType, 0, flags)
  }

  /** A record that is not a packet: it only takes a frame number. */
  #numberedRecord(batch: FrameBatch, from: number): void {
    batch.seconds[batch.count] = this.#lastSeconds
    this.#row(batch, from + BLOCK_LENGTH_MIN, 0, 0, LINK_TYPE_NONE, 0, FRAME_FLAG_NO_TIME)
  }

  #row(
    batch: FrameBatch,
    offset: number,
    captured: number,
    wireLength: number,
    linkType: number,
    interfaceNumber: number,
    flags: number,
  ): void {
    batch.add(offset, captured, wireLength, this.#lastNanoseconds, linkType, interfaceNumber, flags, this.#file)
    this.#frames++
  }

  #unknownInterface(number: number, offset: number): void {
    const known = this.#interfaces.length
    this.#report(
      offset,
      `a packet names interface ${number}, but its section describes ${known}; the frame is left out`,
    )
  }

  readonly #optionTooLong: OptionTooLong = (at, code, length) => {
    this.#report(
      this.#base + at,
      `option ${code} of a block claims ${length} bytes, more than are left of the block; it and those after it are left out`,
    )
  }

  #report(offset: number, message: string, fatal = false): CaptureProblem {
    if (fatal) this.ended = true
    return this.#damage.add(offset, this.#frames, message, fatal)
  }

  /** Damage at `from`: reading continues with the first certain block from `after` on. */
  #search(from: number, after: number, base: number, message: string): number {
    this.#searching = this.#report(base + from, message)
    return after
  }

  /** Bytes that certainly belong to a block whose two lengths differ: up to the end of its frame, or only its head. */
  #leastLength(view: DataView, type: number, from: number, length: number): number {
    if (type !== BLOCK_ENHANCED_PACKET && type !== BLOCK_PACKET_OBSOLETE) return BLOCK_LENGTH_MIN - 4
    if (length < PACKET_HEADER_LENGTH + 4) return BLOCK_LENGTH_MIN - 4
    const captured = view.getUint32(from + 20, this.#littleEndian)
    const least = PACKET_HEADER_LENGTH + ((captured + 3) & ~3)
    return captured <= FRAME_CAPTURED_MAX && least <= length ? least : BLOCK_LENGTH_MIN - 4
  }
}
