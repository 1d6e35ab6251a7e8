import {
  FRAGMENT_OFFSET_MASK,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_TCP_FLAGS_WINDOW,
} from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { AnswerTree, type WalkAnswer } from './answer-tree.ts'
import type { Condition, PureTest } from './condition.ts'
import { Dialogue, type Reply } from './dialogue.ts'
import type { FlagClasses } from './flag-classes.ts'
import type { PacketClasses } from './packet-classes.ts'
import type { Trail } from './program.ts'
import { RowMemory } from './row-memory.ts'
import { SMALLEST_DATA_OFFSET } from './steadiness.ts'
import type { UncertainMarks } from './uncertain-marks.ts'
import { marksOf } from './world.ts'

const ROW_BITS = 12
/** Integers of a row before those of the trail. */
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
const W_CONNECTION = 10
const W_CONNECTION_MARK = 11
const W_TRAIL = 12
const NO_CONNECTION = -1
/** Longest trail (Runtime.trail) that is remembered. */
const TRAIL_MAX = 6
const W_CLASSES = W_TRAIL + TRAIL_MAX
/** Bytes of a transport header that rules read for ports, flags and types. */
const HEADER_BYTES = 20

interface WalkMemoryOptions {
  readonly classes: PacketClasses
  /** Conditions whose results are the same for packets of the same classes; all others are questions. */
  readonly divided: ReadonlySet<Condition>
  /** PacketClasses.calls. */
  readonly calls: readonly PureTest[]
  readonly flags: FlagClasses
  readonly uncertainMarks: UncertainMarks
}

/**
 * Answers of walks, by everything by which rules can distinguish packets. Needed since a walk takes as long as a
 * thousand packets where the interfaces of a large ruleset are not known. What can differ between packets of the same
 * classes (a length, a rate) is asked for each packet (AnswerTree); only a packet that replies as none before must
 * walk.
 */
export class WalkMemory {
  readonly #classes: PacketClasses
  readonly #divided: ReadonlySet<Condition>
  readonly #calls: readonly PureTest[]
  readonly #flags: FlagClasses
  readonly #uncertainMarks: UncertainMarks
  readonly #rows: RowMemory
  readonly #trees: (AnswerTree | undefined)[] = new Array(1 << ROW_BITS)
  /** Whether a packet with the classes of the last `find` was seen before. */
  #isKnown = false
  #replies: Reply[] = []

  constructor({ classes, divided, calls, flags, uncertainMarks }: WalkMemoryOptions) {
    this.#classes = classes
    this.#divided = divided
    this.#calls = calls
    this.#flags = flags
    this.#uncertainMarks = uncertainMarks
    this.#rows = new RowMemory(W_CLASSES + calls.length + classes.count, ROW_BITS)
  }

  /** See Check. */
  isQuestion(condition: Condition): boolean {
    return !this.#divided.has(condition)
  }

  /** Whether remembered answers can hold for the packet: it must have a complete transport header. */
  isFor({ fields, base }: RulePacket, { length }: Trail): boolean {
    const protocol = fields[base + P_PROTOCOL]
    const isDamaged = protocol === PROTO_TCP && fields[base + P_TCP_FLAGS_WINDOW] >>> 28 < SMALLEST_DATA_OFFSET
    return (
      (fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) === 0 && protocol >= 0 && !isDamaged && length <= TRAIL_MAX
    )
  }

  /**
   * The remembered answer for a packet in a base chain, from where compiled code stopped; with an empty trail from the
   * beginning.
   */
  find(packet: RulePacket, chain: number, { length, ruleIds }: Trail): WalkAnswer | undefined {
    const { fields, base, connection, connections } = packet
    const { asked } = this.#rows
    asked[W_CHAIN] = chain + 1
    asked[W_STATE] = (packet.state << 2) | (packet.direction + 1)
    asked[W_CONNECTION] = NO_CONNECTION
    asked[W_CONNECTION_MARK] = 0
    if (connection >= 0) {
      const isUncertain = this.#uncertainMarks.has(connections, connection)
      asked[W_CONNECTION] = (connections.protocol(connection) << 1) | (isUncertain ? 1 : 0)
      asked[W_CONNECTION_MARK] = connections.mark(connection)
    }
    asked[W_IN] = packet.inInterface
    asked[W_OUT] = packet.outInterface
    asked[W_FLAGS] = this.#flags[(fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & 0xff]
    const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - fields[base + P_L4_OFFSET]
    asked[W_CAPTURED] = Math.min(captured, HEADER_BYTES)
    asked[W_MARK] = packet.mark
    asked[W_UNKNOWN_MARK] = packet.unknownMark
    asked[W_TRACKING] = packet.tracking
    asked[W_UNCERTAIN] = packet.edits.uncertain
    for (let at = 0; at < TRAIL_MAX; at++) asked[W_TRAIL + at] = at < length ? ruleIds[at] + 1 : 0
    const calls = this.#calls
    for (let at = 0; at < calls.length; at++) asked[W_CLASSES + at] = calls[at].test(packet)
    this.#classes.write(fields, base, asked, W_CLASSES + calls.length)
    const place = this.#rows.find()
    this.#isKnown = place >= 0
    this.#replies = []
    return this.#isKnown ? this.#trees[place]?.find(packet, this.#uncertainMarks, this.#replies) : undefined
  }

  /** The dialogue for a walk of the packet, if `find` had no answer. */
  dialogue(packet: RulePacket): Dialogue {
    return new Dialogue(marksOf(packet, this.#uncertainMarks), this.#replies)
  }

  /** Stores the answer for the packet of the last `dialogue`. */
  keep(dialogue: Dialogue, answer: WalkAnswer): void {
    const place = this.#rows.keep()
    const known = this.#isKnown ? this.#trees[place] : undefined
    const tree = known ?? new AnswerTree()
    tree.keep(dialogue, answer)
    this.#trees[place] = tree
  }
}
