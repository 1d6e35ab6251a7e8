/** Writes aligned PER (X.691), as far as the messages of the probes need it. */
export class PerWriter {
  readonly #bits: number[] = []

  bits(text: string): this {
    for (const bit of text.replaceAll(' ', '')) this.#bits.push(bit === '1' ? 1 : 0)
    return this
  }

  number(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits.push(Math.floor(value / 2 ** i) % 2)
    return this
  }

  align(): this {
    while (this.#bits.length % 8 !== 0) this.#bits.push(0)
    return this
  }

  octets(...values: readonly number[]): this {
    this.align()
    for (const value of values) this.number(value, 8)
    return this
  }

  /** An open type, or an octet string: its length and its bytes. */
  wrapped(...values: readonly number[]): this {
    return this.octets(values.length, ...values)
  }

  /** The extensions of a sequence, by their places. */
  extensions(values: Readonly<Record<number, readonly number[]>>): this {
    const most = Math.max(...Object.keys(values).map(Number))
    this.bits('0').number(most, 6)
    for (let i = 0; i <= most; i++) this.bits(values[i] === undefined ? '0' : '1')
    for (let i = 0; i <= most; i++) if (values[i] !== undefined) this.wrapped(...values[i])
    return this
  }

  also(write: (writer: PerWriter) => PerWriter): this {
    write(this)
    return this
  }

  bytes(): number[] {
    this.align()
    const bytes: number[] = []
    for (let i = 0; i < this.#bits.length; i += 8) bytes.push(Number.parseInt(this.#bits.slice(i, i + 8).join(''), 2))
    return bytes
  }
}
