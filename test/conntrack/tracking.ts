import {
  E_EXPIRY,
  E_KIND,
  E_SCTP_STATE,
  E_STATUS,
  E_TCP_STATE,
  ENTRY_INTS,
  KIND_PROTOCOL_MASK,
} from '../../src/conntrack/entry.ts'
import { TRACKER_CANNOT_TELL, TRACKER_DROPPED } from '../../src/conntrack/finding.ts'
import { SCTP_STATE_NAMES } from '../../src/conntrack/protocols/sctp-states.ts'
import { TCP_STATE_NAMES } from '../../src/conntrack/protocols/tcp-states.ts'
import { reasonText } from '../../src/conntrack/reasons.ts'
import { IPS_ASSURED, IPS_SEEN_REPLY } from '../../src/conntrack/status.ts'
import { sysctlsWith } from '../../src/conntrack/sysctls.ts'
import { Tracker } from '../../src/conntrack/tracker.ts'
import { decodeToFields } from '../support/row.ts'

const LABELS = ['ESTABLISHED', 'RELATED', 'NEW', 'ESTABLISHED/reply', 'RELATED/reply', '', '', 'UNTRACKED', 'INVALID']

/** A tracker on a clock of its own, spoken to in packets. Every packet is accepted unless told otherwise. */
export class Tracking {
  readonly tracker: Tracker
  /** Seconds since the start. */
  now = 0
  #frame = 0

  constructor(sysctls: Readonly<Record<string, string | number>> = {}, seed = 1) {
    const texts = Object.entries(sysctls).map(([name, value]) => [name, String(value)] as const)
    this.tracker = new Tracker(sysctlsWith(new Map(texts)), seed)
  }

  /** Tracks an IP datagram and lets it pass: its label, or 'TABLE FULL' or 'CUT'. */
  say(packet: Uint8Array, captured = packet.length): string {
    return this.#track(packet, captured, true)
  }

  /** The same, but a rule drops the packet. */
  sayDropped(packet: Uint8Array): string {
    return this.#track(packet, packet.length, false)
  }

  /** The same, but a rule answers it with a reset. */
  sayReset(packet: Uint8Array): string {
    return this.#track(packet, packet.length, false, true)
  }

  /** The last label of several packets. */
  sayAll(packets: readonly Uint8Array[]): string {
    return packets.map((packet) => this.say(packet)).at(-1) ?? ''
  }

  #track(packet: Uint8Array, captured: number, passes: boolean, resets = false): string {
    this.#frame++
    const fields = decodeToFields(packet.subarray(0, captured), { captured, wireLength: packet.length })
    const { tracker } = this
    tracker.current.tick(this.now * 1e9)
    const done = tracker.track(packet, fields, 0, true, this.#frame)
    if (done === TRACKER_DROPPED) return 'TABLE FULL'
    if (done === TRACKER_CANNOT_TELL) return 'CUT'
    if (resets) tracker.closeByReset(fields, 0)
    if (passes) tracker.current.confirm()
    else tracker.current.drop()
    return LABELS[tracker.current.info]
  }

  /** Somebody else tracked a frame. */
  skipFrame(): void {
    this.#frame++
  }

  wait(seconds: number): this {
    this.now += seconds
    return this
  }

  /** Why the last packet was INVALID or ignored; null for nothing to say. */
  get reason(): string | null {
    const { reason, a, b, frame } = this.tracker.finding
    return reasonText(reason, a, b, frame)
  }

  /** TCP or SCTP state of the last packet's connection. */
  get state(): string {
    const e = this.tracker.current.id * ENTRY_INTS
    const { entries } = this.tracker.current.table
    return (entries[e + E_KIND] & KIND_PROTOCOL_MASK) === 6
      ? TCP_STATE_NAMES[entries[e + E_TCP_STATE] & 15]
      : SCTP_STATE_NAMES[entries[e + E_SCTP_STATE]]
  }

  /** Seconds that the last packet's connection has left. */
  get left(): number {
    return this.tracker.current.table.times[(this.tracker.current.id * ENTRY_INTS + E_EXPIRY) >> 1] / 1e9 - this.now
  }

  get assured(): boolean {
    return (this.#status & IPS_ASSURED) !== 0
  }

  get seenReply(): boolean {
    return (this.#status & IPS_SEEN_REPLY) !== 0
  }

  get #status(): number {
    return this.tracker.current.table.entries[this.tracker.current.id * ENTRY_INTS + E_STATUS]
  }

  /** Number of the last packet's connection, from 1; 0 for none. */
  get connection(): number {
    return this.tracker.current.number
  }

  /** Connections that can be found. */
  get live(): number {
    return this.tracker.current.table.count
  }
}
