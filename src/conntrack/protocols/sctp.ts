import { networkWord } from '../../wire/byte-view.ts'
import { P_L3_CAPTURED, P_L3_OFFSET, P_L4_LENGTH, P_L4_OFFSET } from '../../wire/packet-fields.ts'
import { E_EXPIRY, E_SCTP_FLAGS, E_SCTP_STATE, E_SCTP_TAG, E_STATUS, ENTRY_INTS } from '../entry.ts'
import { type Finding, TRACK_ACCEPT, TRACK_ACCEPT_UNRENEWED, TRACK_INVALID } from '../finding.ts'
import { REASON_SCTP_CANNOT_OPEN, REASON_SCTP_CHUNKS, REASON_SCTP_STATE, REASON_SCTP_TAG } from '../reasons.ts'
import { IPS_ASSURED, IPS_CONFIRMED } from '../status.ts'
import type { Sysctls } from '../sysctls.ts'
import type { ConnectionTable } from '../table.ts'
import { perPolicy, type TimeoutPolicies, type Timeouts } from '../timeout-policy.ts'
import {
  CHUNK_ABORT,
  CHUNK_COOKIE_ACK,
  CHUNK_COOKIE_ECHO,
  CHUNK_DATA,
  CHUNK_HEARTBEAT,
  CHUNK_HEARTBEAT_ACK,
  CHUNK_INIT,
  CHUNK_INIT_ACK,
  CHUNK_SHUTDOWN_ACK,
  CHUNK_SHUTDOWN_COMPLETE,
  SCTP_CLOSED,
  SCTP_COOKIE_ECHOED,
  SCTP_COOKIE_WAIT,
  SCTP_ESTABLISHED,
  SCTP_HEARTBEAT_SENT,
  SCTP_INVALID,
  SCTP_NONE,
  SCTP_SHUTDOWN_ACK_SENT,
  SCTP_SHUTDOWN_RECD,
  SCTP_SHUTDOWN_SENT,
  sctpStateAfter,
} from './sctp-states.ts'

const COMMON_HEADER = 12
const CHUNK_HEADER = 4
/** INIT and INIT ACK without parameters: tag, window, streams both ways, first TSN (RFC 9260, section 3.3.2). */
const INIT_CHUNK = 20
/** Chunk flag T: the sender had no association and reflects the receiver's tag (RFC 9260, section 8.5.1). */
const CHUNK_FLAG_T = 1
/** E_SCTP_FLAGS: a heartbeat with a foreign tag was seen, from the direction in FLAG_FAILED_REPLY. */
const FLAG_HEARTBEAT_FAILED = 1
const FLAG_FAILED_REPLY = 2
/** E_SCTP_FLAGS: an INIT was seen, << direction. */
const FLAG_INIT = 4

const ORDINARY_TAG_EXCEPT =
  (1 << CHUNK_INIT) |
  (1 << CHUNK_SHUTDOWN_COMPLETE) |
  (1 << CHUNK_COOKIE_ECHO) |
  (1 << CHUNK_ABORT) |
  (1 << CHUNK_SHUTDOWN_ACK) |
  (1 << CHUNK_HEARTBEAT) |
  (1 << CHUNK_HEARTBEAT_ACK)
const CANNOT_OPEN = (1 << CHUNK_ABORT) | (1 << CHUNK_SHUTDOWN_COMPLETE) | (1 << CHUNK_COOKIE_ACK)

/** How long an association lives in each state, in nanoseconds. */
function timeoutsByState(timeouts: Timeouts): Float64Array {
  const ns = new Float64Array(SCTP_INVALID)
  ns[SCTP_NONE] = timeouts.nf_conntrack_sctp_timeout_closed * 1e9
  ns[SCTP_CLOSED] = timeouts.nf_conntrack_sctp_timeout_closed * 1e9
  ns[SCTP_COOKIE_WAIT] = timeouts.nf_conntrack_sctp_timeout_cookie_wait * 1e9
  ns[SCTP_COOKIE_ECHOED] = timeouts.nf_conntrack_sctp_timeout_cookie_echoed * 1e9
  ns[SCTP_ESTABLISHED] = timeouts.nf_conntrack_sctp_timeout_established * 1e9
  ns[SCTP_SHUTDOWN_SENT] = timeouts.nf_conntrack_sctp_timeout_shutdown_sent * 1e9
  ns[SCTP_SHUTDOWN_RECD] = timeouts.nf_conntrack_sctp_timeout_shutdown_recd * 1e9
  ns[SCTP_SHUTDOWN_ACK_SENT] = timeouts.nf_conntrack_sctp_timeout_shutdown_ack_sent * 1e9
  ns[SCTP_HEARTBEAT_SENT] = timeouts.nf_conntrack_sctp_timeout_heartbeat_sent * 1e9
  return ns
}

/** The SCTP tracker: chunks in order, each against the state table, with the verification tags of RFC 9260. */
export class SctpTracker {
  readonly #table: ConnectionTable
  readonly #finding: Finding
  /** By timeout policy, then by state. */
  readonly #timeoutNs: readonly Float64Array[]
  /** Bit n: a chunk of type n is in the packet, for n below 32. */
  #chunks = 0

  constructor(table: ConnectionTable, sysctls: Sysctls, finding: Finding, policies: TimeoutPolicies) {
    this.#table = table
    this.#finding = finding
    this.#timeoutNs = perPolicy(sysctls, policies, timeoutsByState)
  }

  /** Tracks a packet whose common header is whole: a TRACK_ code. */
  track(bytes: Uint8Array, fields: Int32Array, base: number, id: number, direction: number): number {
    const t = this.#table.entries
    const e = id * ENTRY_INTS
    const at = fields[base + P_L4_OFFSET]
    const end = Math.min(at + fields[base + P_L4_LENGTH], fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED])
    if (!this.#chunksAreWellFormed(bytes, at, end)) {
      this.#finding.set(REASON_SCTP_CHUNKS, 0, 0, 0)
      return TRACK_INVALID
    }
    if ((t[e + E_STATUS] & IPS_CONFIRMED) === 0 && t[e + E_SCTP_STATE] === SCTP_NONE) {
      if ((this.#chunks & CANNOT_OPEN) !== 0 || !this.#open(t, e, bytes, at, end)) {
        this.#finding.set(REASON_SCTP_CANNOT_OPEN, bytes[at + COMMON_HEADER], 0, 0)
        return TRACK_INVALID
      }
    }
    const tag = networkWord(bytes, at + 4)
    if ((this.#chunks & ORDINARY_TAG_EXCEPT) === 0 && tag !== t[e + E_SCTP_TAG + direction]) {
      return this.#wrongTag(tag, t[e + E_SCTP_TAG + direction])
    }
    return this.#walkChunks(t, e, bytes, at, end, tag, direction)
  }

  #walkChunks(
    t: Int32Array,
    e: number,
    bytes: Uint8Array,
    at: number,
    end: number,
    tag: number,
    direction: number,
  ): number {
    let keepsTimeout = false
    let state = t[e + E_SCTP_STATE]
    for (let chunk = at + COMMON_HEADER; chunk + CHUNK_HEADER <= end; chunk += chunkStep(bytes, chunk)) {
      const type = bytes[chunk]
      if (!this.#tagFits(t, e, type, bytes[chunk + 1], tag, direction)) {
        return this.#wrongTag(tag, t[e + E_SCTP_TAG + direction])
      }
      if (type === CHUNK_COOKIE_ACK) t[e + E_SCTP_FLAGS] &= ~(3 * FLAG_INIT)
      else if (type === CHUNK_HEARTBEAT || type === CHUNK_HEARTBEAT_ACK) {
        if (t[e + E_SCTP_TAG + direction] === 0) t[e + E_SCTP_TAG + direction] = tag
        else if (tag !== t[e + E_SCTP_TAG + direction]) {
          if ((this.#chunks & (1 << CHUNK_DATA)) !== 0 || keepsTimeout) {
            return this.#wrongTag(tag, t[e + E_SCTP_TAG + direction])
          }
          if (type === CHUNK_HEARTBEAT) {
            t[e + E_SCTP_FLAGS] = (t[e + E_SCTP_FLAGS] & ~FLAG_FAILED_REPLY) | FLAG_HEARTBEAT_FAILED
            if (direction === 1) t[e + E_SCTP_FLAGS] |= FLAG_FAILED_REPLY
            keepsTimeout = true
            continue
          }
          const failedDirection = (t[e + E_SCTP_FLAGS] & FLAG_FAILED_REPLY) !== 0 ? 1 : 0
          if ((t[e + E_SCTP_FLAGS] & FLAG_HEARTBEAT_FAILED) === 0 || failedDirection === direction) {
            return this.#wrongTag(tag, t[e + E_SCTP_TAG + direction])
          }
          t[e + E_SCTP_FLAGS] &= ~FLAG_HEARTBEAT_FAILED
          t[e + E_SCTP_TAG + direction] = tag
          t[e + E_SCTP_TAG + 1 - direction] = 0
        } else t[e + E_SCTP_FLAGS] &= ~FLAG_HEARTBEAT_FAILED
      }
      const before = t[e + E_SCTP_STATE]
      state = sctpStateAfter(direction, type, before)
      if (state === SCTP_INVALID) {
        this.#finding.set(REASON_SCTP_STATE, type, before, 0)
        return TRACK_INVALID
      }
      if (type === CHUNK_INIT) {
        if (chunk + INIT_CHUNK > end) return this.#chunkCut()
        this.#noteInit(t, e, direction, networkWord(bytes, chunk + 4))
        // A repeated INIT does not keep an unanswered entry alive.
        if (state === SCTP_CLOSED && before === SCTP_CLOSED && (t[e + E_STATUS] & IPS_CONFIRMED) !== 0) {
          keepsTimeout = true
        }
      } else if (type === CHUNK_INIT_ACK) {
        if (chunk + INIT_CHUNK > end) return this.#chunkCut()
        const initTag = networkWord(bytes, chunk + 4)
        const known = t[e + E_SCTP_TAG + 1 - direction]
        const peerAsked = (t[e + E_SCTP_FLAGS] & (FLAG_INIT << (1 - direction))) !== 0
        const bothAsked = (t[e + E_SCTP_FLAGS] & (3 * FLAG_INIT)) === 3 * FLAG_INIT
        // The answer to an INIT names the sender's tag, unless its own INIT has named it before.
        if (known !== initTag && (bothAsked || (!peerAsked && known !== 0))) return this.#wrongTag(initTag, known)
        t[e + E_SCTP_TAG + 1 - direction] = initTag
      }
      t[e + E_SCTP_STATE] = state
      if (state === SCTP_ESTABLISHED && before !== SCTP_ESTABLISHED) t[e + E_STATUS] |= IPS_ASSURED
    }
    if (keepsTimeout) return TRACK_ACCEPT_UNRENEWED
    const timeoutNs = this.#timeoutNs[this.#table.timeoutPolicyOf(e / ENTRY_INTS)][state]
    this.#table.times[(e + E_EXPIRY) >> 1] = this.#table.nowNs + timeoutNs
    return TRACK_ACCEPT
  }

  /**
   * INIT, INIT ACK and SHUTDOWN COMPLETE stand alone, COOKIE ECHO and COOKIE ACK come first, no chunk is of length 0.
   */
  #chunksAreWellFormed(bytes: Uint8Array, at: number, end: number): boolean {
    let count = 0
    let alone = false
    this.#chunks = 0
    for (let chunk = at + COMMON_HEADER; chunk + CHUNK_HEADER <= end; chunk += chunkStep(bytes, chunk)) {
      const type = bytes[chunk]
      if (type === CHUNK_INIT || type === CHUNK_INIT_ACK || type === CHUNK_SHUTDOWN_COMPLETE) alone = true
      if (count > 0 && (alone || type === CHUNK_COOKIE_ACK || type === CHUNK_COOKIE_ECHO)) return false
      if (bytes[chunk + 2] === 0 && bytes[chunk + 3] === 0) return false
      if (type < 32) this.#chunks |= 1 << type
      count++
    }
    return count > 0
  }

  #open(t: Int32Array, e: number, bytes: Uint8Array, at: number, end: number): boolean {
    const tag = networkWord(bytes, at + 4)
    for (let chunk = at + COMMON_HEADER; chunk + CHUNK_HEADER <= end; chunk += chunkStep(bytes, chunk)) {
      const type = bytes[chunk]
      const state = sctpStateAfter(0, type, SCTP_NONE)
      if (state === SCTP_NONE || state === SCTP_INVALID) return false
      if (type === CHUNK_INIT) {
        if (chunk + INIT_CHUNK > end) return false
        t[e + E_SCTP_TAG + 1] = networkWord(bytes, chunk + 4)
        return true
      }
      if (type === CHUNK_HEARTBEAT) t[e + E_SCTP_TAG] = tag
      else if (type === CHUNK_SHUTDOWN_ACK) t[e + E_SCTP_TAG + 1] = tag
    }
    return true
  }

  /** RFC 9260, section 8.5.1. */
  #tagFits(t: Int32Array, e: number, type: number, chunkFlags: number, tag: number, direction: number): boolean {
    switch (type) {
      case CHUNK_INIT:
        return tag === 0
      case CHUNK_ABORT:
      case CHUNK_SHUTDOWN_COMPLETE:
        return tag === t[e + E_SCTP_TAG + ((chunkFlags & CHUNK_FLAG_T) !== 0 ? 1 - direction : direction)]
      case CHUNK_COOKIE_ECHO:
        return tag === t[e + E_SCTP_TAG + direction]
      default:
        return true
    }
  }

  /** Notes an INIT. One with the tag that is known already is a repetition, not a new start. */
  #noteInit(t: Int32Array, e: number, direction: number, initTag: number): void {
    const peerTag = e + E_SCTP_TAG + 1 - direction
    if (t[peerTag] === initTag && (t[e + E_STATUS] & IPS_CONFIRMED) !== 0) return
    const both = 3 * FLAG_INIT
    if ((t[e + E_SCTP_FLAGS] & both) === both) t[e + E_SCTP_FLAGS] &= ~(FLAG_INIT << (1 - direction))
    t[e + E_SCTP_FLAGS] |= FLAG_INIT << direction
    t[peerTag] = initTag
  }

  #wrongTag(tag: number, due: number): number {
    this.#finding.set(REASON_SCTP_TAG, tag, due, 0)
    return TRACK_INVALID
  }

  #chunkCut(): number {
    this.#finding.set(REASON_SCTP_CHUNKS, 0, 0, 0)
    return TRACK_INVALID
  }
}

function chunkStep(bytes: Uint8Array, chunk: number): number {
  return (((bytes[chunk + 2] << 8) | bytes[chunk + 3]) + 3) & ~3
}
