const LENGTHS = 129

/** The prefix lengths of the networks in a set, longest first, kept up to date as networks are added and removed. */
export class PrefixLengths {
  readonly #counts = new Int32Array(LENGTHS)
  readonly lengths = new Int32Array(LENGTHS)
  count = 0

  add(length: number): void {
    if (this.#counts[length]++ === 0) this.#list()
  }

  remove(length: number): void {
    if (--this.#counts[length] === 0) this.#list()
  }

  #list(): void {
    this.count = 0
    for (let length = LENGTHS - 1; length >= 0; length--) {
      if (this.#counts[length] > 0) this.lengths[this.count++] = length
    }
  }
}

/** Clears the bits after the prefix in an address of `words` words at key[at …]. */
export function cutToPrefix(key: Int32Array, at: number, words: number, length: number): void {
  for (let i = 0; i < words; i++) {
    const bits = length - 32 * i
    if (bits <= 0) key[at + i] = 0
    else if (bits < 32) key[at + i] &= -1 << (32 - bits)
  }
}
