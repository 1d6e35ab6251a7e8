import { NO_ENTRY } from '../../conntrack/current-connection.ts'
import { TRACKED } from '../../conntrack/finding.ts'
import { REASON_NONE } from '../../conntrack/reasons.ts'
import type { Tracker } from '../../conntrack/tracker.ts'
import type { ChecksumPolicy } from '../checksum-policy.ts'

/** The packet was not tracked ahead of the rules. */
export const NOT_TRACKED = -1

/**
 * Tracks packets before any rule has seen them, where it is known that no rule before the tracker does anything to
 * them.
 */
export class TrackAhead {
  /**
   * The tracker's result for the current packet, if it was tracked ahead; valid until the packet has passed the hooks.
   */
  said = NOT_TRACKED
  readonly #tracker: Tracker
  readonly #checksums: ChecksumPolicy
  readonly #verifiesChecksums: boolean

  /** @param verifiesChecksums whether the tracker looks at checksums at all */
  constructor(tracker: Tracker, checksums: ChecksumPolicy, verifiesChecksums: boolean) {
    this.#tracker = tracker
    this.#checksums = checksums
    this.#verifiesChecksums = verifiesChecksums
  }

  /** Tracks the current packet, which was looked up; false where the tracker has a finding to report. */
  track(bytes: Uint8Array, fields: Int32Array, base: number, frame: number, arrives: boolean): boolean {
    const { current } = this.#tracker
    if (current.lookedUp === NO_ENTRY) return this.trackFully(bytes, fields, base, frame, arrives)
    current.begin()
    if (!this.trackOrdinary(bytes, fields, base, frame, arrives)) {
      return this.trackFully(bytes, fields, base, frame, arrives)
    }
    this.said = TRACKED
    return true
  }

  /**
   * Tracks a packet with a good checksum whose connection was found and that is nothing special; false for any other.
   */
  trackOrdinary(bytes: Uint8Array, fields: Int32Array, base: number, frame: number, arrives: boolean): boolean {
    const { lookedUp, lookedUpDirection } = this.#tracker.current
    const isGood = !arrives || !this.#verifiesChecksums || !this.#checksums.refuses(bytes, fields, base)
    return isGood && this.#tracker.trackOrdinary(fields, base, lookedUp, lookedUpDirection, frame)
  }

  /** With all steps of the tracker; false where it has a finding to report. */
  trackFully(bytes: Uint8Array, fields: Int32Array, base: number, frame: number, arrives: boolean): boolean {
    const verifies = this.#verifiesChecksums && arrives && this.#checksums.verifies(bytes, fields, base)
    this.said = this.#tracker.track(bytes, fields, base, verifies, frame)
    return this.said === TRACKED && this.#tracker.finding.reason === REASON_NONE
  }
}
