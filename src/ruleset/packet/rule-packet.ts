import { LARGE_ZERO } from '../../wire/large-zero.ts'
import type { ConnectionView } from './connection-view.ts'
import { HOOK_PREROUTING } from './hooks.ts'
import { PacketEdits } from './packet-edits.ts'
import { TRACKING_NONE } from './tracking.ts'

/** Bits of `RulePacket.state`, as `-m conntrack --ctstate` tests them. */
export const STATE_INVALID = 1
export const STATE_ESTABLISHED = 2
export const STATE_RELATED = 4
export const STATE_NEW = 8
export const STATE_UNTRACKED = 64

/** `inInterface`/`outInterface`: the hook has no such interface (its name is the empty string to the rules). */
export const INTERFACE_NONE = 0
/** The interface exists but nothing told us its name. Known interfaces are numbered from 1: see RuleEnvironment. */
export const INTERFACE_UNKNOWN = -1

/** What a table said about a packet. */
export const VERDICT_NONE = 0
export const VERDICT_ACCEPT = 1
export const VERDICT_DROP = 2
/** Dropped, and answered by an ICMP error or a TCP reset. */
export const VERDICT_REJECT = 3
/** Depends on something that the capture does not show: see `possibleVerdicts` and `unknown`. */
export const VERDICT_UNKNOWN = 4
export const VERDICT_NAMES = [null, 'ACCEPT', 'DROP', 'REJECT', 'UNKNOWN'] as const

/** The names of the verdicts in a set of bits 1 << VERDICT_, in the order of their codes. */
export function verdictsOf(bits: number): string[] {
  return VERDICT_NAMES.filter((name, code) => name !== null && (bits & (1 << code)) !== 0).map(String)
}

/** `verdictsOf` for all sets of verdicts, indexed by their bits. */
export const VERDICT_SETS: readonly (readonly string[])[] = Array.from(
  { length: 1 << VERDICT_NAMES.length },
  (_, bits) => verdictsOf(bits),
)

/** Most rules on a way that is remembered for later packets. */
export const HITS_MAX = 32

/**
 * The current packet as the rules see it: a single instance, filled anew by the machine for every packet, read and
 * written by the generated code. Header fields are `fields[base + P_…]` (see wire/packet-fields.ts).
 */
export class RulePacket {
  bytes: Uint8Array = new Uint8Array(0)
  fields: Int32Array = new Int32Array(0)
  base = 0
  /** Changes with every packet, to distinguish it from the others. */
  number = 0
  /** The replay's clock: nanoseconds since the first frame; never runs backwards. */
  nowNs = LARGE_ZERO
  /** Seconds since the epoch, whole, for dates and times of day. */
  epochSeconds = LARGE_ZERO
  hook = HOOK_PREROUTING
  inInterface = INTERFACE_NONE
  outInterface = INTERFACE_NONE
  /** One STATE_ bit. */
  state = STATE_INVALID
  /** 0 original, 1 reply; -1 without connection. */
  direction = -1
  /** Entry of the connection table; -1 for none: INVALID, UNTRACKED, or before the tracker, even after `-j CT`. */
  connection = -1
  connections: ConnectionView
  /** True at POSTROUTING for a packet that came through FORWARD: routing has decreased its TTL, which rules see. */
  forwarded = false
  /** The packet's mark (`-m mark`), 0 at the start of its way. */
  mark = 0
  /** Bits of the mark that an undecided rule may have changed; 0 at the start of its way. */
  unknownMark = 0
  /** What CT and NOTRACK in the raw table tell the tracker (tracking.ts); 0 at the start of its way. */
  tracking = 0

  /** What targets changed in the packet: call `begin` before its way, `undo` after it. */
  readonly edits = new PacketEdits()

  /**
   * Written by a table: the rule (RuleInfo.id) that decided. For VERDICT_UNKNOWN: the first rule that could not be
   * decided.
   */
  decidedBy = -1
  /** VERDICT_UNKNOWN: bits 1 << VERDICT_… of the verdicts that are possible. */
  possibleVerdicts = 0
  /** VERDICT_UNKNOWN: index in the ruleset's list of reasons. */
  unknownReason = -1
  /** VERDICT_UNKNOWN of the nat table: whether, or how, the connection is translated could not be decided. */
  isBindingUnsure = false

  /**
   * Whether all checks on the packet's way so far have the same results for the other packets of its connection that go
   * the same way (evaluate/steadiness.ts), and ids of the rules and policies that counted it: hits[0 … hitCount), as
   * far as there is room.
   */
  steady = true
  hitCount = 0
  readonly hits = new Int32Array(HITS_MAX)

  constructor(connections: ConnectionView) {
    this.connections = connections
  }

  /**
   * Sets `tracking` for the tracker, 0 for nothing. After `-j CT` rules see a packet with state NEW, in the original
   * direction of a connection without addresses, ports and mark (oracle: raw-after-ct).
   */
  attach(tracking: number): void {
    if (tracking === this.tracking) return
    this.tracking = tracking
    const isTracked = tracking !== 0 && (tracking & TRACKING_NONE) === 0
    this.state = tracking === 0 ? STATE_INVALID : isTracked ? STATE_NEW : STATE_UNTRACKED
    this.direction = isTracked ? 0 : -1
  }
}
