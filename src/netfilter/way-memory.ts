import type { PureTest } from '../ruleset/evaluate/condition.ts'
import { NO_CLASSES, type PacketClasses } from '../ruleset/evaluate/packet-classes.ts'
import { RowMemory } from '../ruleset/evaluate/row-memory.ts'
import type { RulePacket } from '../ruleset/rule-packet.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { NO_WAY } from './flow-cache.ts'

const ROW_BITS = 12
/** Integers of a row before those of the classes. */
const W_KIND = 0
const W_INTERFACES = 1
const W_CLASSES = 2

/** Answers by which packets are told apart; where there are more of them, going all the way is not much slower. */
const CALLS_MAX = 16

/**
 * The ways that packets took by what rules can tell them apart by: another packet that is the same to the rules takes the
 * same way, in whatever connection.
 */
export class WayMemory {
  /** Rules may do something to packets before the tracker: it must be known of a packet that they did not. */
  readonly asksRaw: boolean
  readonly #classes: PacketClasses
  readonly #calls: readonly PureTest[]
  readonly #rows: RowMemory
  readonly #ways = new Int32Array(1 << ROW_BITS)

  /** Null where rules tell packets apart by more than their headers. */
  static for(ruleset: CompiledRuleset | null): WayMemory | null {
    if (ruleset === null) return new WayMemory(NO_CLASSES)
    const { actsBeforeTracker, classes, classCalls } = ruleset
    return classes === null || classCalls.length > CALLS_MAX
      ? null
      : new WayMemory(classes, classCalls, actsBeforeTracker)
  }

  /** @param calls answer PacketClasses.calls */
  constructor(classes: PacketClasses, calls: readonly PureTest[] = [], asksRaw = false) {
    this.asksRaw = asksRaw
    this.#classes = classes
    this.#calls = calls
    this.#rows = new RowMemory(W_CLASSES + calls.length + classes.count, ROW_BITS)
  }

  /** The packet that is asked about from now on, between its interfaces. */
  ask(packet: RulePacket): void {
    const { fields, base, inInterface, outInterface } = packet
    const { asked } = this.#rows
    const calls = this.#calls
    asked[W_INTERFACES] = (inInterface << 16) ^ outInterface
    for (let at = 0; at < calls.length; at++) asked[W_CLASSES + at] = calls[at].test(packet)
    this.#classes.write(fields, base, asked, W_CLASSES + calls.length)
  }

  /**
   * The way of the packet, NO_WAY where it is not remembered.
   * @param kind whatever else packets on a way must have in common; not 0
   */
  find(kind: number): number {
    this.#rows.asked[W_KIND] = kind
    const place = this.#rows.find()
    return place < 0 ? NO_WAY : this.#ways[place]
  }

  /** Remembers the way of the packet for what `find` was asked last. */
  keep(way: number): void {
    this.#ways[this.#rows.keep()] = way
  }
}
