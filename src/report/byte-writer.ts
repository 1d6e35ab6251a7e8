/**
 * Text written as bytes, eight at a time. Building a line per packet from strings would take twenty times as long: here
 * fixed texts are stored as bit patterns of float64 numbers, and numbers and addresses come from tables.
 *
 * Every method takes the offset to write at and returns the offset after the text; it may overwrite up to SLACK bytes
 * after that.
 */

/** Bytes after the end of a text that a method may overwrite. */
export const SLACK = 8

/** A fixed text, cut into eight-byte words. */
export interface Snippet {
  readonly words: Float64Array
  /** Bytes of the text; the last word may reach past it. */
  readonly length: number
}

const encoder = new TextEncoder()

/**
 * UTF-8 never yields the bytes of a float64 NaN (that needs 0x7f or 0xff after 0xf0 or more), so every word survives.
 */
export function snippet(text: string): Snippet {
  const bytes = encoder.encode(text)
  const words = new Float64Array(Math.ceil(bytes.length / 8))
  const padded = new Uint8Array(words.length * 8)
  padded.set(bytes)
  const view = new DataView(padded.buffer)
  for (let i = 0; i < words.length; i++) words[i] = view.getFloat64(i * 8, true)
  return { words, length: bytes.length }
}

/** A text of 8 to 16 ASCII characters: its first eight bytes and its last eight, which may overlap. */
interface ShortText {
  readonly head: number
  readonly tail: number
  readonly length: number
}

export function shortText(text: string): ShortText {
  if (text.length < 8 || text.length > 16) throw new RangeError(`not 8 to 16 characters: ${text}`)
  return { head: snippet(text.slice(0, 8)).words[0], tail: snippet(text.slice(-8)).words[0], length: text.length }
}

/**
 * 0 to 9999 as four ASCII bytes with leading zeros, the first digit in the lowest byte. Empty until the first writer.
 */
const PADDED = new Int32Array(10_000)

function fillPadded(): void {
  for (let n = 0; n < 10_000; n++) {
    const digits = (n / 1000) | 0 | ((((n / 100) % 10) | 0) << 8) | ((((n / 10) % 10) | 0) << 16) | ((n % 10) << 24)
    PADDED[n] = 0x30303030 + digits
  }
}

/**
 * 16-bit numbers (ports, lengths) as text, and its length: 0 until it is first needed. Looking up a whole number is
 * faster than branching on the number of its digits, which processors predict badly.
 */
const NUMBERS = 1 << 16
const NUMBER_TEXT = new Float64Array(NUMBERS)
const NUMBER_LENGTH = new Uint8Array(NUMBERS)

function makeNumber(n: number): void {
  const text = String(n)
  NUMBER_TEXT[n] = snippet(text).words[0]
  NUMBER_LENGTH[n] = text.length
}

/** "255." and its length, indexed by octet. */
const OCTET = new Int32Array(256)
const OCTET_LENGTH = new Uint8Array(256)
for (let n = 0; n < 256; n++) {
  OCTET[n] = fourBytes(`${n}.`.padEnd(4, ' '))
  OCTET_LENGTH[n] = String(n).length + 1
}

function fourBytes(text: string): number {
  return text.charCodeAt(0) | (text.charCodeAt(1) << 8) | (text.charCodeAt(2) << 16) | (text.charCodeAt(3) << 24)
}

const HEX = encoder.encode('0123456789abcdef')
const COLON = 0x3a
const POINT = 0x2e
const MINUS = 0x2d

export class ByteWriter {
  bytes: Uint8Array
  view: DataView
  #lastThousands = Number.POSITIVE_INFINITY
  #lastThousandsText = 0
  #lastThousandsLength = 0
  #lastSeconds = -1
  #lastSecondsText: ShortText = { head: 0, tail: 0, length: 8 }

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (PADDED[0] === 0) fillPadded()
  }

  /** Writes into another buffer from now on. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  snippet(at: number, { words, length }: Snippet): number {
    const view = this.view
    const count = words.length
    let to = at
    let i = 0
    // Four at a time: half the time of a plain loop.
    for (; i + 3 < count; i += 4) {
      view.setFloat64(to, words[i], true)
      view.setFloat64(to + 8, words[i + 1], true)
      view.setFloat64(to + 16, words[i + 2], true)
      view.setFloat64(to + 24, words[i + 3], true)
      to += 32
    }
    for (; i < count; i++) {
      view.setFloat64(to, words[i], true)
      to += 8
    }
    return at + length
  }

  /** Writes a short text; faster than a snippet. */
  short(at: number, text: ShortText): number {
    this.view.setFloat64(at, text.head, true)
    at += text.length
    this.view.setFloat64(at - 8, text.tail, true)
    return at
  }

  /** @param n a whole number from 0 to 2^53 - 1 */
  decimal(at: number, n: number): number {
    if (n >= NUMBERS) return this.#longDecimal(at, n)
    if (NUMBER_LENGTH[n] === 0) makeNumber(n)
    this.view.setFloat64(at, NUMBER_TEXT[n], true)
    return at + NUMBER_LENGTH[n]
  }

  #longDecimal(at: number, n: number): number {
    const high = n < 0x40000000 ? (n / 10_000) | 0 : Math.floor(n / 10_000)
    at = this.decimal(at, high)
    this.view.setInt32(at, PADDED[n - high * 10_000], true)
    return at + 4
  }

  /** As decimal(), for numbers that mostly grow by one: all digits but the last four are kept from the last call. */
  growing(at: number, n: number): number {
    const low = n - this.#lastThousands
    if (low < 0 || low >= 10_000) return this.#nextThousands(at, n)
    const { view } = this
    view.setFloat64(at, this.#lastThousandsText, true)
    at += this.#lastThousandsLength
    view.setInt32(at, PADDED[low], true)
    return at + 4
  }

  #nextThousands(at: number, n: number): number {
    const end = this.decimal(at, n)
    const length = end - at - 4
    if (length >= 1 && length <= 8) {
      this.#lastThousands = n - (n % 10_000)
      this.#lastThousandsText = this.view.getFloat64(at, true)
      this.#lastThousandsLength = length
    }
    return end
  }

  /** The first `digits` (0 to 9) decimals of a fraction given in nanoseconds, without the point. */
  fraction(at: number, nanoseconds: number, digits: number): number {
    const high = (nanoseconds / 100_000) | 0
    const low = nanoseconds - high * 100_000
    const tens = (low / 10) | 0
    this.view.setInt32(at, PADDED[high], true)
    this.view.setInt32(at + 4, PADDED[tens], true)
    this.bytes[at + 8] = 0x30 + low - tens * 10
    return at + digits
  }

  /** Seconds since the epoch with `digits` decimals; instants before 1970 get a minus sign. */
  time(at: number, seconds: number, nanoseconds: number, digits: number): number {
    if (digits === 0 || seconds < 0 || seconds > Number.MAX_SAFE_INTEGER) {
      return this.#rareTime(at, seconds, nanoseconds, digits)
    }
    at = seconds === this.#lastSeconds ? this.short(at, this.#lastSecondsText) : this.#wholeSeconds(at, seconds)
    return this.fraction(at, nanoseconds, Math.min(digits, 9))
  }

  /** Writes the seconds and the point, kept for further frames of the same second. */
  #wholeSeconds(at: number, seconds: number): number {
    const end = this.decimal(at, seconds)
    this.bytes[end] = POINT
    const length = end + 1 - at
    if (length >= 8 && length <= 16) {
      const { view } = this
      this.#lastSeconds = seconds
      this.#lastSecondsText = { head: view.getFloat64(at, true), tail: view.getFloat64(end - 7, true), length }
    }
    return end + 1
  }

  #rareTime(at: number, seconds: number, nanoseconds: number, digits: number): number {
    if (seconds < 0) {
      this.bytes[at++] = MINUS
      seconds = -seconds
      if (nanoseconds > 0) {
        seconds--
        nanoseconds = 1_000_000_000 - nanoseconds
      }
    }
    at = seconds <= Number.MAX_SAFE_INTEGER ? this.decimal(at, seconds) : this.text(at, String(seconds))
    if (digits === 0) return at
    this.bytes[at++] = POINT
    return this.fraction(at, nanoseconds, Math.min(digits, 9))
  }

  /** @param address a big-endian word */
  ipv4(at: number, address: number): number {
    const view = this.view
    const a = address >>> 24
    const b = (address >>> 16) & 255
    const c = (address >>> 8) & 255
    const d = address & 255
    view.setInt32(at, OCTET[a], true)
    at += OCTET_LENGTH[a]
    view.setInt32(at, OCTET[b], true)
    at += OCTET_LENGTH[b]
    view.setInt32(at, OCTET[c], true)
    at += OCTET_LENGTH[c]
    view.setInt32(at, OCTET[d], true)
    return at + OCTET_LENGTH[d] - 1
  }

  /**
   * RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`, and IPv4-mapped
   * addresses with their IPv4 part in decimal.
   * @param words four big-endian words from words[from]
   */
  ipv6(at: number, words: Int32Array, from: number): number {
    let longest = 0
    let longestAt = -1
    let run = 0
    for (let group = 0; group < 8; group++) {
      if (groupOf(words, from, group) !== 0) run = 0
      else if (++run > longest) {
        longest = run
        longestAt = group - run + 1
      }
    }
    const bytes = this.bytes
    const mapped = longestAt === 0 && longest === 5 && groupOf(words, from, 5) === 0xffff
    if (longest < 2) longestAt = -1
    const groups = mapped ? 6 : 8
    for (let group = 0; group < groups; group++) {
      if (group === longestAt) {
        bytes[at++] = COLON
        if (longestAt === 0) bytes[at++] = COLON
        group += longest - 1
        continue
      }
      at = this.#hex(at, groupOf(words, from, group))
      if (group < 7) bytes[at++] = COLON
    }
    return mapped ? this.ipv4(at, words[from + 3]) : at
  }

  #hex(at: number, group: number): number {
    const bytes = this.bytes
    if (group >= 0x1000) bytes[at++] = HEX[group >>> 12]
    if (group >= 0x100) bytes[at++] = HEX[(group >>> 8) & 15]
    if (group >= 0x10) bytes[at++] = HEX[(group >>> 4) & 15]
    bytes[at++] = HEX[group & 15]
    return at
  }

  /** Any text, as UTF-8; the caller has made room for three bytes a character. */
  text(at: number, text: string): number {
    return at + encoder.encodeInto(text, this.bytes.subarray(at)).written
  }
}

function groupOf(words: Int32Array, from: number, group: number): number {
  const word = words[from + (group >> 1)]
  return (group & 1) === 0 ? word >>> 16 : word & 0xffff
}
