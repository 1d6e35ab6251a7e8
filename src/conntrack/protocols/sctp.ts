import { E_EXPIRY, E_SCTP_STATE, E_SCTP_TAG, E_STATUS, ENTRY_INTS } from '../entry.ts'
import { type Finding, TRACK_ACCEPT, TRACK_ACCEPT_UNRENEWED, TRACK_INVALID } from '../finding.ts'
import { REASON_SCTP_CANNOT_OPEN, REASON_SCTP_CHUNKS, REASON_SCTP_STATE, REASON_SCTP_TAG } from '../reasons.ts'
import { IPS_ASSURED, IPS_CONFIRMED } from '../status.ts'
import type { Sysctls } from '../sysctls.ts'
import type { ConnectionTable } from '../table.ts'
import { perPolicy, type TimeoutPolicies, type Timeouts } from '../timeout-policy.ts'
import { SctpPacket } from './sctp-packet.ts'
import {
  CHUNK_ABORT,
  CHUNK_COOKIE_ACK,
  CHUNK_HEARTBEAT,
  CHUNK_HEARTBEAT_ACK,
  CHUNK_INIT,
  CHUNK_INIT_ACK,
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
import {
  forgetInits,
  HEARTBEAT_FOREIGN,
  HEARTBEAT_WRONG,
  learnFirstTag,
  noteInit,
  noteInitAck,
  tagDue,
  tagFits,
  tagFitsChunk,
  takeHeartbeat,
} from './sctp-tags.ts'

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
  readonly #packet = new SctpPacket()

  constructor(table: ConnectionTable, sysctls: Sysctls, finding: Finding, policies: TimeoutPolicies) {
    this.#table = table
    this.#finding = finding
    this.#timeoutNs = perPolicy(sysctls, policies, timeoutsByState)
  }

  /** Tracks a packet whose common header is whole: a TRACK_ code. */
  track(bytes: Uint8Array, fields: Int32Array, base: number, id: number, direction: number): number {
    const t = this.#table.entries
    const e = id * ENTRY_INTS
    const packet = this.#packet
    packet.read(bytes, fields, base, direction)
    if (!packet.isWellFormed) return this.#badChunks()
    if ((t[e + E_STATUS] & IPS_CONFIRMED) === 0 && t[e + E_SCTP_STATE] === SCTP_NONE && !this.#open(t, e)) {
      this.#finding.set(REASON_SCTP_CANNOT_OPEN, packet.typeOf(packet.first), 0, 0)
      return TRACK_INVALID
    }
    if (!tagFits(t, e, packet)) return this.#wrongTag(packet.tag, tagDue(t, e, packet))
    return this.#walkChunks(t, e)
  }

  /** Learns what the first packet of an association says; false if none can begin so. */
  #open(t: Int32Array, e: number): boolean {
    const packet = this.#packet
    if ((packet.types & CANNOT_OPEN) !== 0) return false
    for (let chunk = packet.first; packet.isChunk(chunk); chunk = packet.after(chunk)) {
      const type = packet.typeOf(chunk)
      const state = sctpStateAfter(0, type, SCTP_NONE)
      if (state === SCTP_NONE || state === SCTP_INVALID) return false
      if (type === CHUNK_INIT && !packet.holdsInit(chunk)) return false
      learnFirstTag(t, e, packet, chunk)
    }
    return true
  }

  #walkChunks(t: Int32Array, e: number): number {
    const packet = this.#packet
    let keepsTimeout = false
    let state = t[e + E_SCTP_STATE]
    for (let chunk = packet.first; packet.isChunk(chunk); chunk = packet.after(chunk)) {
      const type = packet.typeOf(chunk)
      if (!tagFitsChunk(t, e, packet, chunk)) return this.#wrongTag(packet.tag, tagDue(t, e, packet))
      if (type === CHUNK_COOKIE_ACK) forgetInits(t, e)
      if (type === CHUNK_HEARTBEAT || type === CHUNK_HEARTBEAT_ACK) {
        const heartbeat = takeHeartbeat(t, e, packet, type, keepsTimeout)
        if (heartbeat === HEARTBEAT_WRONG) return this.#wrongTag(packet.tag, tagDue(t, e, packet))
        if (heartbeat === HEARTBEAT_FOREIGN) {
          keepsTimeout = true
          continue
        }
      }
      const before = t[e + E_SCTP_STATE]
      state = sctpStateAfter(packet.direction, type, before)
      if (state === SCTP_INVALID) {
        this.#finding.set(REASON_SCTP_STATE, type, before, 0)
        return TRACK_INVALID
      }
      if (type === CHUNK_INIT || type === CHUNK_INIT_ACK) {
        if (!packet.holdsInit(chunk)) return this.#badChunks()
        const initTag = packet.initTagOf(chunk)
        if (type === CHUNK_INIT) noteInit(t, e, packet, initTag)
        else if (!noteInitAck(t, e, packet, initTag)) {
          return this.#wrongTag(initTag, t[e + E_SCTP_TAG + 1 - packet.direction])
        }
        // A repeated INIT does not keep an unanswered entry alive.
        const isRepeated = type === CHUNK_INIT && state === SCTP_CLOSED && before === SCTP_CLOSED
        if (isRepeated && (t[e + E_STATUS] & IPS_CONFIRMED) !== 0) keepsTimeout = true
      }
      t[e + E_SCTP_STATE] = state
      if (state === SCTP_ESTABLISHED && before !== SCTP_ESTABLISHED) t[e + E_STATUS] |= IPS_ASSURED
    }
    if (keepsTimeout) return TRACK_ACCEPT_UNRENEWED
    const timeoutNs = this.#timeoutNs[this.#table.timeoutPolicyOf(e / ENTRY_INTS)][state]
    this.#table.times[(e + E_EXPIRY) >> 1] = this.#table.nowNs + timeoutNs
    return TRACK_ACCEPT
  }

  #wrongTag(tag: number, due: number): number {
    this.#finding.set(REASON_SCTP_TAG, tag, due, 0)
    return TRACK_INVALID
  }

  #badChunks(): number {
    this.#finding.set(REASON_SCTP_CHUNKS, 0, 0, 0)
    return TRACK_INVALID
  }
}
