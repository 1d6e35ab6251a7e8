/** What a protocol's tracker decided about a packet. */
export const TRACK_ACCEPT = 0
/** The packet is INVALID: it keeps no connection. */
export const TRACK_INVALID = 1
/** The old connection is over and the packet opens a new one with the same tuple: remove the entry, look up again. */
export const TRACK_REOPEN = 2
/** Accepted, and the entry ends with this packet. */
export const TRACK_ACCEPT_AND_REMOVE = 3
/** As TRACK_ACCEPT, but the packet neither renews the connection's time nor counts for it. */
export const TRACK_ACCEPT_UNRENEWED = 4

/** The reason of a decision (reasons.ts). One instance, shared by the trackers and cleared for each packet. */
export class Finding {
  reason = 0
  a = 0
  b = 0
  /** Frame that set the bound, 0 for none. */
  frame = 0

  clear(): void {
    this.reason = 0
    this.a = 0
    this.b = 0
    this.frame = 0
  }

  set(reason: number, a: number, b: number, frame: number): void {
    this.reason = reason
    this.a = a
    this.b = b
    this.frame = frame
  }
}

/** What the tracker as a whole did with a packet. */
export const TRACKED = 0
/** The tracker itself drops the packet: the connection table is full. */
export const TRACKER_DROPPED = 1
/** The capture cut the packet inside its transport header, so that the kernel's answer is unknown. */
export const TRACKER_CANNOT_TELL = 2
