import type { PureTest } from '../ruleset/evaluate/condition.ts'
import type { PacketClasses } from '../ruleset/evaluate/packet-classes.ts'
import { RowMemory } from '../ruleset/evaluate/row-memory.ts'
import type { RulePacket } from '../ruleset/rule-packet.ts'
import { NO_WAY } from './flow-cache.ts'

const ROW_BITS = 12
/** Integers of a row before those of the classes. */
const W_KIND = 0
const W_INTERFACES = 1
const W_CLASSES = 2

/**
 * The ways that packets took by what rules can tell them apart by: another packet that is the same to the rules takes the
 * same way, in whatever connection.
 */
export class WayMemory {
  readonly #classes: PacketClasses
  readonly #calls: readonly PureTest[]
  readonly #rows: RowMemory
  readonly #ways = new Int32Array(1 << ROW_BITS)

  /** @param calls answer PacketClasses.calls */
  constructor(classes: PacketClasses, calls: readonly PureTest[] = []) {
    this.#classes = classes
    this.#calls = calls
    this.#rows = new RowMemory(W_CLASSES + calls.length + classes.count, ROW_BITS)
  }

  /**
   * The way of a packet between these interfaces, NO_WAY where it is not remembered.
   * @param kind whatever else packets on a way must have in common; not 0
   */
  find(packet: RulePacket, kind: number): number {
    const { fields, base, inInterface, outInterface } = packet
    const { asked } = this.#rows
    const calls = this.#calls
    asked[W_KIND] = kind
    asked[W_INTERFACES] = (inInterface << 16) ^ outInterface
    for (let at = 0; at < calls.length; at++) asked[W_CLASSES + at] = calls[at].test(packet)
    this.#classes.write(fields, base, asked, W_CLASSES + calls.length)
    const place = this.#rows.find()
    return place < 0 ? NO_WAY : this.#ways[place]
  }

  /** Remembers the way of the packet that `find` was asked about last. */
  keep(way: number): void {
    this.#ways[this.#rows.keep()] = way
  }
}
