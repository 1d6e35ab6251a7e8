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
import { SPREAD } from './head-cache.ts'
import type { PacketClasses } from './packet-classes.ts'

const ROW_BITS = 10
const ROW_SHIFT = 32 - ROW_BITS
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
  readonly #rowInts: number
  readonly #rows: Int32Array
  readonly #answers: (WalkAnswer | undefined)[]
  /** What was asked for last, in the form of a row, and where its row is. */
  readonly #asked: Int32Array
  #number = 0

  /** @param calls those of the classes, @param flagsAsked TCP flags that some rule looks at */
  constructor(classes: PacketClasses, calls: readonly PureTest[], flagsAsked: number) {
    this.#classes = classes
    this.#calls = calls
    this.#flagsAsked = flagsAsked
    this.#rowInts = W_CLASSES + calls.length + classes.count
    this.#rows = new Int32Array(this.#rowInts << ROW_BITS)
    this.#answers = new Array(1 << ROW_BITS)
    this.#asked = new Int32Array(this.#rowInts)
  }

  /** Whether what is remembered of others can hold for the packet: it has a transport header. */
  isFor({ fields, base }: RulePacket): boolean {
    return (fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) === 0 && fields[base + P_PROTOCOL] >= 0
  }

  /** Of a packet in a base chain. */
  find(packet: RulePacket, chain: number): WalkAnswer | undefined {
    const { fields, base } = packet
    const asked = this.#asked
    asked[W_CHAIN] = chain
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
    let hash = 0
    for (let at = 0; at < asked.length; at++) hash = Math.imul(hash ^ asked[at] ^ (hash >>> 15), SPREAD)
    this.#number = hash >>> ROW_SHIFT
    const row = this.#number * this.#rowInts
    for (let at = 0; at < asked.length; at++) if (this.#rows[row + at] !== asked[at]) return undefined
    return this.#answers[this.#number]
  }

  /** Remembers the answer for the packet that `find` was asked about last. */
  keep(answer: WalkAnswer): void {
    this.#rows.set(this.#asked, this.#number * this.#rowInts)
    this.#answers[this.#number] = answer
  }
}
