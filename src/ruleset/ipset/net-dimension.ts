import { cutToPrefix, PrefixLengths } from './prefix-lengths.ts'

/** A network in the keys of a set: an address, then the length of its prefix. */
export class NetDimension {
  /** Of the networks in the set. */
  readonly #lengths = new PrefixLengths()
  readonly #at: number
  readonly #words: number

  /** @param at where its address begins in the key, @param words of the address */
  constructor(at: number, words: number) {
    this.#at = at
    this.#words = words
  }

  /** Different prefix lengths in the set. */
  get lengthCount(): number {
    return this.#lengths.count
  }

  /** Cuts the address in the key to the prefix length that comes at this place, from 0 for the longest. */
  cut(key: Int32Array, place: number): void {
    this.#cutTo(key, this.#lengths.lengths[place])
  }

  /** Cuts it to the longest prefix in the set; where there is none, it stays whole. */
  cutToLongest(key: Int32Array): void {
    this.#cutTo(key, this.#lengths.count === 0 ? 32 * this.#words : this.#lengths.lengths[0])
  }

  /** The element whose key begins at keys[start] is in the set, or no longer. */
  note(keys: Int32Array, start: number, isIn: boolean): void {
    const length = keys[start + this.#at + this.#words]
    if (isIn) this.#lengths.add(length)
    else this.#lengths.remove(length)
  }

  #cutTo(key: Int32Array, length: number): void {
    cutToPrefix(key, this.#at, this.#words, length)
    key[this.#at + this.#words] = length
  }
}
