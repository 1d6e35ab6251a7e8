import type { RulePacket } from '../packet/rule-packet.ts'
import type { RuleFinder } from './walk-context.ts'

/**
 * The places in the chains of a table of the rules that one packet may match. The fields that they are found by do not
 * change on its way.
 */
export class CandidatePlaces {
  /** Whether the places found are the same for all packets that steady conditions cannot tell apart (steadiness.ts). */
  isSteady = true
  readonly #finder: RuleFinder | null
  readonly #packet: RulePacket
  /** By chain, after it was entered first; null: every place. */
  readonly #places: (Int32Array | null | undefined)[] = []

  /** @param finder null: every rule is asked */
  constructor(finder: RuleFinder | null, packet: RulePacket) {
    this.#finder = finder
    this.#packet = packet
  }

  /** The first place from `at` on, or `length`, the end of the chain. */
  next(chain: number, at: number, length: number): number {
    const places = this.#of(chain)
    if (places === null) return at
    let low = 0
    let high = places.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (places[middle] < at) low = middle + 1
      else high = middle
    }
    return low < places.length ? places[low] : Math.max(at, length)
  }

  #of(chain: number): Int32Array | null {
    const known = this.#places[chain]
    if (known !== undefined) return known
    const found = this.#finder?.find(chain, this.#packet) ?? null
    if (found !== null && this.#finder?.isSteady(chain) === false) this.isSteady = false
    this.#places[chain] = found
    return found
  }
}
