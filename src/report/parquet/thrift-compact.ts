import type { GrowingBytes } from './growing-bytes.ts'

const TRUE = 1
const FALSE = 2
const INT32 = 5
const INT64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12

const encoder = new TextEncoder()

/**
 * Writes structures in Thrift's compact protocol, the format of Parquet's headers. Fields are written in ascending
 * order of their numbers. Numbers are whole, from 0 to 2^52 - 1.
 */
export class ThriftWriter {
  readonly #out: GrowingBytes
  readonly #outer: number[] = []
  #lastField = 0

  constructor(out: GrowingBytes) {
    this.#out = out
  }

  int32(field: number, value: number): void {
    this.#header(field, INT32)
    this.#out.varint(value * 2)
  }

  int64(field: number, value: number): void {
    this.#header(field, INT64)
    this.#out.varint(value * 2)
  }

  bool(field: number, value: boolean): void {
    this.#header(field, value ? TRUE : FALSE)
  }

  text(field: number, text: string): void {
    this.#header(field, BINARY)
    this.#textElement(text)
  }

  int32List(field: number, values: readonly number[]): void {
    this.#list(field, values.length, INT32)
    for (const value of values) this.#out.varint(value * 2)
  }

  textList(field: number, texts: readonly string[]): void {
    this.#list(field, texts.length, BINARY)
    for (const text of texts) this.#textElement(text)
  }

  /** The elements follow, each between element() and end(). */
  structList(field: number, count: number): void {
    this.#list(field, count, STRUCT)
  }

  struct(field: number): void {
    this.#header(field, STRUCT)
    this.element()
  }

  /** Begins a structure that has no field header: an element of a list, or the outermost. */
  element(): void {
    this.#outer.push(this.#lastField)
    this.#lastField = 0
  }

  end(): void {
    this.#out.byte(0)
    this.#lastField = this.#outer.pop() ?? 0
  }

  #list(field: number, count: number, type: number): void {
    this.#header(field, LIST)
    if (count < 15) {
      this.#out.byte((count << 4) | type)
    } else {
      this.#out.byte(0xf0 | type)
      this.#out.varint(count)
    }
  }

  #textElement(text: string): void {
    const bytes = encoder.encode(text)
    this.#out.varint(bytes.length)
    this.#out.append(bytes)
  }

  #header(field: number, type: number): void {
    this.#out.byte(((field - this.#lastField) << 4) | type)
    this.#lastField = field
  }
}
