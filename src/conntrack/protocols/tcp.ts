import { P_TCP_FLAGS_WINDOW, TCP_RST } from '../../wire/packet-fields.ts'
import { E_EXPIRY, E_STATUS, E_TCP_LAST_WINDOW, E_TCP_STATE, ENTRY_INTS, TCP_SIDE_FLAGS } from '../entry.ts'
import {
  type Finding,
  TRACK_ACCEPT,
  TRACK_ACCEPT_AND_REMOVE,
  TRACK_ACCEPT_UNRENEWED,
  TRACK_INVALID,
  TRACK_REOPEN,
} from '../finding.ts'
import { offsetAt } from '../nat/sequence-offsets.ts'
import { REASON_TCP_CHALLENGE_ACK, REASON_TCP_FLAGS, REASON_TCP_IGNORED, REASON_TCP_STATE } from '../reasons.ts'
import { IPS_ASSURED, IPS_CONFIRMED, IPS_SEEN_REPLY, IPS_SEQ_ADJUST } from '../status.ts'
import type { Sysctls } from '../sysctls.ts'
import type { ConnectionTable } from '../table.ts'
import { perPolicy, type TimeoutPolicies } from '../timeout-policy.ts'
import { answersStraySyn, grantsIgnoredSyn, keepIgnored, resumeIgnoredSyn } from './tcp-ignored.ts'
import { openConnection } from './tcp-open.ts'
import { answerOpening, moveOrdinary } from './tcp-ordinary.ts'
import { answersIgnored, CLOSE_INVALID, CLOSE_KEEP_STATE, CLOSE_SKIP_WINDOW, judgeReset } from './tcp-reset.ts'
import { Segment } from './tcp-segment.ts'
import { flagsOfSides, sideAt, TCP_SIDE_CLOSE_INIT, TCP_SIDE_DATA_UNACKNOWLEDGED } from './tcp-side.ts'
import {
  SEGMENT_ACK,
  SEGMENT_FIN,
  SEGMENT_RST,
  SEGMENT_SYN,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_IGNORE,
  TCP_INVALID,
  TCP_NONE,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_SYN_SENT2,
  TCP_TIME_WAIT,
  TCP_TRANSITIONS,
  VALID_FLAGS,
} from './tcp-states.ts'
import { TcpTimeouts } from './tcp-timeouts.ts'
import { checkWindow, WINDOW_ACCEPT, WINDOW_IGNORE } from './tcp-window.ts'
import {
  EXPECTS_CHALLENGE_ACK,
  lastDirectionOf,
  lastKindOf,
  retransmissionsOf,
  SIMULTANEOUS_OPEN,
  stateOf,
  withLast,
  withState,
} from './tcp-word.ts'

/** A FIN or RST out of the window shortens the life of an assured entry only while more than this is left. */
const MUCH_LIFE_LEFT_NS = 120e9

/**
 * The TCP tracker of Linux 6.18: state table, special cases, window, timeouts, in the kernel's order. Probes with the
 * kernel's own answers: test/kernel/probes.
 */
export class TcpTracker {
  readonly #table: ConnectionTable
  readonly #finding: Finding
  /** By timeout policy. */
  readonly #timeouts: readonly TcpTimeouts[]
  readonly #loose: boolean
  readonly #liberal: boolean
  readonly #ignoreInvalidRst: boolean
  readonly #segment = new Segment()

  constructor(table: ConnectionTable, sysctls: Sysctls, finding: Finding, policies: TimeoutPolicies) {
    this.#table = table
    this.#finding = finding
    this.#timeouts = perPolicy(sysctls, policies, (timeouts) => new TcpTimeouts(timeouts))
    this.#loose = sysctls.nf_conntrack_tcp_loose !== 0
    this.#liberal = sysctls.nf_conntrack_tcp_be_liberal !== 0
    this.#ignoreInvalidRst = sysctls.nf_conntrack_tcp_ignore_invalid_rst !== 0
  }

  /** Whether the flags may stand together; header length and checksum have been looked at before. */
  flagsAreValid(fields: Int32Array, base: number): boolean {
    const flags = (fields[base + P_TCP_FLAGS_WINDOW] >>> 16) & 0x1ff
    if (VALID_FLAGS[flags & 0x3f] === 1) return true
    this.#finding.set(REASON_TCP_FLAGS, flags, 0, 0)
    return false
  }

  /** As `track`, for ordinary segments (tcp-ordinary.ts). False, with nothing changed, for all others. */
  trackOrdinary(fields: Int32Array, base: number, id: number, direction: number, frame: number): boolean {
    const table = this.#table
    const t = table.entries
    const e = id * ENTRY_INTS
    if (!moveOrdinary(t, e, direction, fields, base, frame) && !answerOpening(t, e, direction, fields, base, frame))
      return false
    const word = t[e + E_TCP_STATE]
    const timeouts = this.#timeoutsOf(id)
    const timeout = timeouts.choose(
      stateOf(word),
      retransmissionsOf(word),
      false,
      hasUnacknowledged(t, e),
      t[e + E_TCP_LAST_WINDOW] === 0,
    )
    table.times[(e + E_EXPIRY) >> 1] = table.nowNs + timeouts.ns[timeout]
    return true
  }

  /** Tracks a well-formed segment of the entry `id` in `direction`: a TRACK_ code. */
  track(fields: Int32Array, base: number, id: number, direction: number, frame: number): number {
    const t = this.#table.entries
    const e = id * ENTRY_INTS
    const segment = this.#segment
    segment.read(fields, base, direction, frame)
    const { kind } = segment

    if ((t[e + E_STATUS] & IPS_CONFIRMED) === 0 && stateOf(t[e + E_TCP_STATE]) === TCP_NONE) {
      if (!openConnection(t, e, segment, this.#loose, this.#finding)) return TRACK_INVALID
      // There are no bounds yet that the first segment could violate.
      if (kind === SEGMENT_SYN) return this.#settle(t, e, segment, TCP_NONE, TCP_SYN_SENT)
    }

    const word = t[e + E_TCP_STATE]
    const storedState = stateOf(word)
    let oldState = storedState
    let newState = TCP_TRANSITIONS[(direction << 7) | (kind << 4) | oldState]
    let checksWindow = true

    if (newState === TCP_SYN_SENT && oldState >= TCP_TIME_WAIT) {
      const hasClosed = (flagsOfSides(t, e) & TCP_SIDE_CLOSE_INIT) !== 0
      if (hasClosed || (lastDirectionOf(word) === direction && lastKindOf(word) === SEGMENT_RST)) return TRACK_REOPEN
      newState = TCP_IGNORE
    }
    switch (newState) {
      case TCP_IGNORE:
        if (grantsIgnoredSyn(t, e, segment)) {
          oldState = TCP_SYN_SENT
          newState = TCP_SYN_RECV
          resumeIgnoredSyn(t, e, segment)
          break
        }
        keepIgnored(t, e, segment, oldState)
        this.#finding.set(REASON_TCP_IGNORED, kind | (direction << 4), oldState, 0)
        return TRACK_ACCEPT
      case TCP_INVALID:
        this.#finding.set(REASON_TCP_STATE, kind | (direction << 4), oldState, 0)
        return TRACK_INVALID
      case TCP_TIME_WAIT:
        if (answersStraySyn(t, e, segment, oldState)) {
          t[e + E_TCP_STATE] &= ~EXPECTS_CHALLENGE_ACK
          this.#finding.set(REASON_TCP_CHALLENGE_ACK, 0, 0, 0)
          return TRACK_ACCEPT
        }
        break
      case TCP_SYN_SENT2:
        t[e + E_TCP_STATE] |= SIMULTANEOUS_OPEN
        break
      case TCP_SYN_RECV:
        if (direction === 1 && kind === SEGMENT_ACK && (t[e + E_TCP_STATE] & SIMULTANEOUS_OPEN) !== 0) {
          newState = TCP_ESTABLISHED
        }
        break
      case TCP_CLOSE:
        if (kind === SEGMENT_RST) {
          const how = judgeReset(t, e, segment, oldState, this.#ignoreInvalidRst, this.#finding)
          if (how === CLOSE_INVALID) return TRACK_INVALID
          if (how === CLOSE_SKIP_WINDOW) checksWindow = false
          if (how === CLOSE_KEEP_STATE) {
            newState = oldState
            checksWindow = !answersIgnored(t, e, segment, oldState)
          }
        }
        break
    }

    if (checksWindow) {
      if ((t[e + E_STATUS] & IPS_SEQ_ADJUST) !== 0) {
        segment.lowerAck(offsetAt(this.#table, id, 1 - direction, segment.ack - 1))
      }
      const verdict = checkWindow(t, e, storedState, segment, this.#liberal, this.#finding)
      if (verdict !== WINDOW_ACCEPT) {
        if (verdict === WINDOW_IGNORE) return TRACK_ACCEPT
        this.#rememberInvalid(t, e, segment)
        return TRACK_INVALID
      }
    }
    return this.#settle(t, e, segment, oldState, newState)
  }

  /**
   * The reset that REJECT sends in answer to a segment closes the connection. A RST gets no answer, and a connection
   * that is closed does not live longer for it.
   */
  close(fields: Int32Array, base: number, id: number): void {
    const e = id * ENTRY_INTS
    const t = this.#table.entries
    const flags = fields[base + P_TCP_FLAGS_WINDOW] >>> 16
    if (stateOf(t[e + E_TCP_STATE]) === TCP_CLOSE || (flags & TCP_RST) !== 0) return
    t[e + E_TCP_STATE] = withState(t[e + E_TCP_STATE], TCP_CLOSE)
    this.#table.times[(e + E_EXPIRY) >> 1] = this.#table.nowNs + this.#timeoutsOf(id).ns[TCP_CLOSE]
  }

  /**
   * Two FIN or RST out of the window, one from each side: the peers and the entry disagree, so its life is shortened.
   */
  #rememberInvalid(t: Int32Array, e: number, { direction, kind }: Segment): void {
    if ((t[e + E_STATUS] & IPS_ASSURED) === 0 || (kind !== SEGMENT_FIN && kind !== SEGMENT_RST)) return
    const word = t[e + E_TCP_STATE]
    const lastKind = lastKindOf(word)
    if (lastDirectionOf(word) !== direction && (lastKind === SEGMENT_FIN || lastKind === SEGMENT_RST)) {
      const times = this.#table.times
      const { nowNs } = this.#table
      const left = times[(e + E_EXPIRY) >> 1] - nowNs
      const { unacknowledged } = this.#timeoutsOf(e / ENTRY_INTS)
      if (left >= MUCH_LIFE_LEFT_NS && left > unacknowledged) {
        times[(e + E_EXPIRY) >> 1] = nowNs + unacknowledged
      }
    } else {
      t[e + E_TCP_STATE] = withLast(word, direction, kind)
    }
  }

  #timeoutsOf(id: number): TcpTimeouts {
    return this.#timeouts[this.#table.timeoutPolicyOf(id)]
  }

  /** The segment counts: new state, timeout, ASSURED. */
  #settle(t: Int32Array, e: number, segment: Segment, oldState: number, newState: number): number {
    const { direction, kind } = segment
    const word = withLast(withState(t[e + E_TCP_STATE], newState), direction, kind)
    t[e + E_TCP_STATE] = word
    const isFirstFin = newState === TCP_FIN_WAIT && oldState !== TCP_FIN_WAIT
    if (isFirstFin) t[sideAt(e, direction) + TCP_SIDE_FLAGS] |= TCP_SIDE_CLOSE_INIT

    const timeouts = this.#timeoutsOf(e / ENTRY_INTS)
    const timeout = timeouts.choose(
      newState,
      retransmissionsOf(word),
      kind === SEGMENT_RST,
      hasUnacknowledged(t, e),
      t[e + E_TCP_LAST_WINDOW] === 0,
    )
    let timeoutNs = timeouts.ns[timeout]
    const status = t[e + E_STATUS]
    if ((status & IPS_SEEN_REPLY) === 0) {
      if (segment.isReset) return TRACK_ACCEPT_AND_REMOVE
      // A SYN that repeats or crosses the opening one does not keep an unanswered entry alive.
      if (kind === SEGMENT_SYN && oldState === TCP_SYN_SENT) return TRACK_ACCEPT_UNRENEWED
      if (newState === TCP_ESTABLISHED && timeoutNs > timeouts.unacknowledged) {
        timeoutNs = timeouts.unacknowledged
      }
    } else if (
      (status & IPS_ASSURED) === 0 &&
      (oldState === TCP_SYN_RECV || oldState === TCP_ESTABLISHED) &&
      newState === TCP_ESTABLISHED
    ) {
      t[e + E_STATUS] = status | IPS_ASSURED
    }
    this.#table.times[(e + E_EXPIRY) >> 1] = this.#table.nowNs + timeoutNs
    return TRACK_ACCEPT
  }
}

/** Either side has sent data that the other has not acknowledged. */
function hasUnacknowledged(t: Int32Array, e: number): boolean {
  return (flagsOfSides(t, e) & TCP_SIDE_DATA_UNACKNOWLEDGED) !== 0
}
