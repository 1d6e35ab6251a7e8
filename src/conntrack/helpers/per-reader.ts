/** Thrown when a message ends too early or cannot be what it claims to be. */
export class PerError extends Error {}

/** Value of a choice: which alternative, and where to read it. */
export interface PerChoice {
  readonly index: number
  readonly value: PerReader
}

/** An extension of a sequence: its place among them, and where to read it. */
export interface PerExtension {
  readonly index: number
  readonly value: PerReader
}

/** Nothing here is read that is nested deeper, or longer, than real messages are. */
const COUNT_MAX = 512

/** Reads aligned PER (X.691), the encoding of H.225.0 and H.245. All methods throw PerError. */
export class PerReader {
  readonly bytes: Uint8Array
  /** Place in bits from the start of `bytes`, and the end. */
  #at: number
  readonly #end: number

  /** @param from first byte; @param end byte behind the last */
  constructor(bytes: Uint8Array, from: number, end: number) {
    this.bytes = bytes
    this.#at = from * 8
    this.#end = end * 8
  }

  bits(count: number): number {
    if (this.#at + count > this.#end) throw new PerError('cut')
    let value = 0
    for (let i = 0; i < count; i++, this.#at++) {
      value = value * 2 + ((this.bytes[this.#at >> 3] >> (7 - (this.#at & 7))) & 1)
    }
    return value
  }

  boolean(): boolean {
    return this.bits(1) === 1
  }

  /** First byte that has not been read at all. */
  get place(): number {
    return (this.#at + 7) >> 3
  }

  /** Throws when there are not so many bytes from a place on. */
  mustHold(from: number, count: number): void {
    if ((from + count) * 8 > this.#end) throw new PerError('cut')
  }

  /** Place of so many whole bytes. */
  octets(count: number): number {
    const from = (this.#at + 7) >> 3
    if ((from + count) * 8 > this.#end) throw new PerError('cut')
    this.#at = (from + count) * 8
    return from
  }

  #number(octets: number): number {
    const from = this.octets(octets)
    let value = 0
    for (let i = 0; i < octets; i++) value = value * 256 + this.bytes[from + i]
    return value
  }

  /** Length determinant without bounds; fragments are not known. */
  length(): number {
    const first = this.#number(1)
    if (first < 0x80) return first
    if (first >= 0xc0) throw new PerError('fragmented')
    return (first & 0x3f) * 256 + this.#number(1)
  }

  /** A number between bounds. */
  integer(low: number, high: number): number {
    const range = high - low + 1
    if (range < 256) return low + this.bits(bitsFor(range))
    if (range === 256) return low + this.#number(1)
    if (range <= 0x10000) return low + this.#number(2)
    const octetsMost = Math.ceil(bitsFor(range) / 8)
    const octets = 1 + this.bits(bitsFor(octetsMost))
    return low + this.#number(octets)
  }

  /** Skips an object identifier or a string of octets without bounds. */
  skipString(): void {
    this.octets(this.length())
  }

  /** Skips a string of a bounded number of characters, of so many bits each. */
  skipCharacters(least: number, most: number, bitsEach: number): void {
    const count = this.integer(least, most)
    this.octets(Math.ceil((count * bitsEach) / 8))
    // Half a byte of a string with an odd number of digits is not skipped.
    this.#at -= (8 - ((count * bitsEach) & 7)) & 7
  }

  /** The presence of optional components, first to last. An extensible sequence starts with whether it is extended. */
  present(optional: number): boolean[] {
    return Array.from({ length: optional }, () => this.boolean())
  }

  /** @param alternatives of the root */
  choice(alternatives: number, isExtensible = true): PerChoice {
    const isExtended = isExtensible && this.boolean()
    if (!isExtended) {
      const index = this.bits(bitsFor(alternatives))
      if (index >= alternatives) throw new PerError('no such alternative')
      return { index, value: this }
    }
    if (this.boolean()) throw new PerError('too many alternatives')
    return { index: alternatives + this.bits(6), value: this.#openType() }
  }

  /** The extensions of a sequence that said it has some. */
  extensions(): PerExtension[] {
    if (this.boolean()) throw new PerError('too many extensions')
    const isThere = this.present(this.bits(6) + 1)
    return isThere.flatMap((there, index) => (there ? [{ index, value: this.#openType() }] : []))
  }

  /** Reads a list: `read` is called for each element. */
  each<T>(read: (reader: PerReader) => T): T[] {
    const count = this.length()
    if (count > COUNT_MAX) throw new PerError('too many elements')
    return Array.from({ length: count }, () => read(this))
  }

  /** A list of messages of their own, as octet strings. */
  eachNested(): PerReader[] {
    return this.each((reader) => reader.#openType())
  }

  #openType(): PerReader {
    const length = this.length()
    const from = this.octets(length)
    return new PerReader(this.bytes, from, from + length)
  }
}

/** Bits that hold the numbers below `range`. */
function bitsFor(range: number): number {
  return range <= 1 ? 0 : Math.floor(Math.log2(range - 1)) + 1
}
