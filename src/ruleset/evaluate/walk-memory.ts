import {
  FRAGMENT_OFFSET_MASK,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
} from '../../wire/packet-fields.ts'
import type { RulePacket } from '../rule-packet.ts'
import type { PureTest } from './condition.ts'
import type { PacketClasses } from './packet-classes.ts'
import { RowMemory } from './row-memory.ts'

const ROW_BITS = 10
/** Integers of a row before those of the classes. */
const W_CHAIN = 0
const W_STATE = 1
const W_IN = 2
const W_OUT = 3
const W_FLAGS = 4
const W_CAPTURED = 5
const W_MARK = 6
const W_UNKNOWN_MARK = 7
const W_TRACKING = 8
const W_UNCERTAIN = 9
const W_CLASSES = 10
/** What rules read of a transport header when they ask about ports, flags and types. */
const HEADER_BYTES = 20

/** What a walk left behind. */
export interface WalkAnswer {
  readonly verdict: number
  readonly decidedBy: number
  readonly possibleVerdicts: number
  readonly unknownReason: number
  readonly mark: number
  readonly unknownMark: number
  /** Rules and policies that the packet certainly matched. */
  readonly counted: readonly number[]
}

/**
 * Answers of walks that asked for nothing but what other packets have in common (steadiness.ts), by what rules can tell
 * packets apart by: where the interfaces of a large ruleset are not known, a walk takes as long as a thousand packets.
 */
export class WalkMemory {
  readonly #classes: PacketClasses
  /** PacketClasses.calls. */
  readonly #calls: readonly PureTest[]
  readonly #flagsAsked: number
  readonly #rows: RowMemory
  readonly #answers: (WalkAnswer | undefined)[] = new Array(1 << ROW_BITS)

  /** @param calls those of the classes, @param flagsAsked TCP flags that some rule looks at */
  constructor(classes: PacketClasses, calls: readonly PureTest[], flagsAsked: number) {
    this.#classes = classes
    this.#calls = calls
    this.#flagsAsked = flagsAsked
    this.#rows = new RowMemory(W_CLASSES + calls.length + classes.count, ROW_BITS)
  }

  /** Whether what is remembered of others can hold for the packet: it has a transport header. */
  isFor({ fields, base }: RulePacket): boolean {
    return (fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) === 0 && fields[base + P_PROTOCOL] >= 0
  }

  /** Of a packet in a base chain. */
  find(packet: RulePacket, chain: number): WalkAnswer | undefined {
    const { fields, base } = packet
    const { asked } = this.#rows
    asked[W_CHAIN] = chain + 1
    asked[W_STATE] = (packet.state << 3) | ((packet.direction + 1) << 1) | (packet.connection < 0 ? 0 : 1)
    asked[W_IN] = packet.inInterface
    asked[W_OUT] = packet.outInterface
    asked[W_FLAGS] = (fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & this.#flagsAsked
    const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - fields[base + P_L4_OFFSET]
    asked[W_CAPTURED] = Math.min(captured, HEADER_BYTES)
    asked[W_MARK] = packet.mark
    asked[W_UNKNOWN_MARK] = packet.unknownMark
    asked[W_TRACKING] = packet.tracking
    asked[W_UNCERTAIN] = packet.edits.uncertain
    const calls = this.#calls
    for (let at = 0; at < calls.length; at++) asked[W_CLASSES + at] = calls[at].test(packet)
    this.#classes.write(fields, base, asked, W_CLASSES + calls.length)
    const place = this.#rows.find()
    return place < 0 ? undefined : this.#answers[place]
  }

  /** Remembers the answer for the packet that `find` was asked about last. */
  keep(answer: WalkAnswer): void {
    this.#answers[this.#rows.keep()] = answer
  }
}
