import type { ValueSet } from '../evaluate/value-set.ts'
import type { Box } from './box.ts'
import type { Dimensions } from './dimensions.ts'

/**
 * Chooses single packets of a box, one value for each dimension. Most boxes have packets that no rule takes, and a few
 * tries mostly find one. The same numbers are drawn each time.
 */
export class Probe {
  readonly #dimensions: Dimensions
  #seed = 1

  constructor(dimensions: Dimensions) {
    this.#dimensions = dimensions
  }

  /** A packet of the box: its value for each dimension. */
  of(box: Box): readonly number[] {
    const packet: number[] = []
    for (let dimension = 0; dimension < this.#dimensions.count; dimension++) {
      packet.push(this.#valueIn(this.#dimensions.domain(dimension)))
    }
    for (const [at, dimension] of box.dimensions.entries()) packet[dimension] = this.#valueIn(box.sets[at])
    return packet
  }

  #valueIn(set: ValueSet): number {
    const { low, high } = set[Math.floor(this.#chance() * set.length)]
    return low + Math.floor(this.#chance() * (high - low + 1))
  }

  /** From 0 to less than 1 (Numerical Recipes' linear congruential generator). */
  #chance(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0
    return this.#seed / 0x1_0000_0000
  }
}
