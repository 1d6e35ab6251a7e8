import type { PureTest } from '../../ruleset/evaluate/condition.ts'
import { NO_CLASSES, type PacketClasses } from '../../ruleset/evaluate/packet-classes.ts'
import { RowMemory } from '../../ruleset/evaluate/row-memory.ts'
import type { RulePacket } from '../../ruleset/packet/rule-packet.ts'
import type { CompiledRuleset } from '../../ruleset/ruleset.ts'
import { NO_WAY } from './flow-cache.ts'

const ROW_BITS = 12
/** Integers of a row before those of the classes. */
const W_KIND = 0
const W_INTERFACES = 1
const W_CLASSES = 2

/** Most answers of calls that distinguish packets; with more of them, running the rules is not much slower. */
const CALLS_MAX = 16

/**
 * The ways of packets, by everything by which the rules can distinguish packets: another packet with the same values
 * takes the same way, in any connection.
 */
export class WayMemory {
  /** Rules may act before the tracker, so it must be known of a packet that they did nothing to it. */
  readonly asksRaw: boolean
  readonly #classes: PacketClasses
  readonly #calls: readonly PureTest[]
  readonly #rows: RowMemory
  readonly #ways = new Int32Array(1 << ROW_BITS)

  /** Null where rules distinguish packets by more than their headers. */
  static for(ruleset: CompiledRuleset | null): WayMemory | null {
    if (ruleset === null) return new WayMemory(NO_CLASSES)
    const { actsBeforeTracker, classes, classCalls } = ruleset
    return classes === null || classCalls.length > CALLS_MAX
      ? null
      : new WayMemory(classes, classCalls, actsBeforeTracker)
  }

  /** @param calls the tests of PacketClasses.calls */
  constructor(classes: PacketClasses, calls: readonly PureTest[] = [], asksRaw = false) {
    this.asksRaw = asksRaw
    this.#classes = classes
    this.#calls = calls
    this.#rows = new RowMemory(W_CLASSES + calls.length + classes.count, ROW_BITS)
  }

  /** Sets the packet for `find` and `keep`, with its interfaces. */
  ask(packet: RulePacket): void {
    const { fields, base, inInterface, outInterface } = packet
    const { asked } = this.#rows
    const calls = this.#calls
    asked[W_INTERFACES] = (inInterface << 16) ^ outInterface
    for (let at = 0; at < calls.length; at++) asked[W_CLASSES + at] = calls[at].test(packet)
    this.#classes.write(fields, base, asked, W_CLASSES + calls.length)
  }

  /**
   * The way of the packet, NO_WAY where it is not known.
   * @param kind whatever else packets on a way must have in common; not 0
   */
  find(kind: number): number {
    this.#rows.asked[W_KIND] = kind
    const place = this.#rows.find()
    return place < 0 ? NO_WAY : this.#ways[place]
  }

  /** Stores the way of the packet that `find` was last called for. */
  keep(way: number): void {
    this.#ways[this.#rows.keep()] = way
  }
}
