import type { PacketClasses } from '../ruleset/evaluate/packet-classes.ts'
import { NO_WAY } from './flow-cache.ts'

const ROW_BITS = 12
const ROW_SHIFT = 32 - ROW_BITS
/** Integers of a row before those of the classes: the way, what the packet is, interfaces. */
const W_WAY = 0
const W_KIND = 1
const W_INTERFACES = 2
const W_CLASSES = 3
/** Odd, and far from any pattern. */
const SPREAD = 0x9e3779b1

/**
 * The ways that packets took by what rules can tell them apart by: another packet that is the same to the rules takes the
 * same way, in whatever connection. Of packets whose hash is the same the last is remembered.
 */
export class WayMemory {
  readonly #classes: PacketClasses
  readonly #rowInts: number
  readonly #rows: Int32Array
  /** What was asked for last, in the form of a row. */
  readonly #asked: Int32Array
  #row = 0

  constructor(classes: PacketClasses) {
    this.#classes = classes
    this.#rowInts = W_CLASSES + classes.count
    this.#rows = new Int32Array(this.#rowInts << ROW_BITS)
    this.#asked = new Int32Array(this.#rowInts)
  }

  /**
   * The way of a packet, NO_WAY where it is not remembered.
   * @param kind whatever else packets on a way must have in common
   */
  find(fields: Int32Array, base: number, kind: number, inInterface: number, outInterface: number): number {
    const asked = this.#asked
    asked[W_KIND] = kind
    asked[W_INTERFACES] = (inInterface << 16) ^ outInterface
    this.#classes.write(fields, base, asked, W_CLASSES)
    let hash = 0
    for (let at = W_KIND; at < asked.length; at++) hash = Math.imul(hash ^ asked[at] ^ (hash >>> 15), SPREAD)
    const rows = this.#rows
    const row = (hash >>> ROW_SHIFT) * this.#rowInts
    this.#row = row
    for (let at = W_KIND; at < asked.length; at++) if (rows[row + at] !== asked[at]) return NO_WAY
    return rows[row + W_WAY]
  }

  /** Remembers the way of the packet that `find` was asked about last. */
  keep(way: number): void {
    this.#asked[W_WAY] = way
    this.#rows.set(this.#asked, this.#row)
  }
}
