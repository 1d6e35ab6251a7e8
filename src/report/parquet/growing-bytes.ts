import { grown } from '../../wire/grown.ts'

/** Bytes that are appended to; little-endian, as all of Parquet. */
export class GrowingBytes {
  bytes = new Uint8Array(1 << 16)
  view = new DataView(this.bytes.buffer)
  length = 0

  clear(): void {
    this.length = 0
  }

  /** Makes room for `count` more bytes, which may then be written at `length`. */
  ensure(count: number): void {
    if (this.length + count <= this.bytes.length) return
    this.bytes = grown(this.bytes, new Uint8Array((this.length + count) * 2))
    this.view = new DataView(this.bytes.buffer)
  }

  byte(value: number): void {
    this.ensure(1)
    this.bytes[this.length++] = value
  }

  int32(value: number): void {
    this.ensure(4)
    this.view.setInt32(this.length, value, true)
    this.length += 4
  }

  append(bytes: Uint8Array): void {
    this.ensure(bytes.length)
    this.bytes.set(bytes, this.length)
    this.length += bytes.length
  }

  /** ULEB128. @param value a whole number from 0 to 2^53 - 1 */
  varint(value: number): void {
    while (value >= 128) {
      this.byte((value % 128) | 128)
      value = Math.floor(value / 128)
    }
    this.byte(value)
  }
}
