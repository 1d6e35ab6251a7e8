import {
  P_L4_LENGTH,
  P_TCP_ACK,
  P_TCP_FLAGS_WINDOW,
  P_TCP_OPTIONS,
  P_TCP_SACK,
  P_TCP_SEQ,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
} from '../../wire/packet-fields.ts'
import { SEGMENT_CLASS } from './tcp-states.ts'

/** The header ends without options: nothing is said of windows or SACK, not even that there are none. */
export const NO_OPTIONS = -1
const WORDS_WITHOUT_OPTIONS = 5

/** What the TCP tracker asks of a segment. One instance is filled anew for each. */
export class Segment {
  /** 0: of the original direction, 1: of the reply direction. */
  direction = 0
  frame = 0
  /** TCP_ bits. */
  flags = 0
  /** SEGMENT_ class. */
  kind = 0
  seq = 0
  /** Sequence number behind the segment. */
  end = 0
  ack = 0
  /** The highest sequence number that a SACK block acknowledges; without one, `ack`. */
  sack = 0
  /** As sent, unscaled. */
  window = 0
  /** TCP_OPTION_ bits with the window scale, or NO_OPTIONS. */
  options = 0

  get isSyn(): boolean {
    return (this.flags & TCP_SYN) !== 0
  }

  get hasAck(): boolean {
    return (this.flags & TCP_ACK) !== 0
  }

  get isReset(): boolean {
    return (this.flags & TCP_RST) !== 0
  }

  read(fields: Int32Array, base: number, direction: number, frame: number): void {
    const flagsWindow = fields[base + P_TCP_FLAGS_WINDOW]
    const flags = (flagsWindow >>> 16) & 0x3f
    this.direction = direction
    this.frame = frame
    this.flags = flags
    this.kind = SEGMENT_CLASS[flags]
    this.seq = fields[base + P_TCP_SEQ]
    const payload = fields[base + P_L4_LENGTH] - ((flagsWindow >>> 28) << 2)
    this.end = (this.seq + payload + ((flags & TCP_SYN) !== 0 ? 1 : 0) + ((flags & TCP_FIN) !== 0 ? 1 : 0)) | 0
    this.ack = fields[base + P_TCP_ACK]
    this.sack = fields[base + P_TCP_SACK]
    this.window = flagsWindow & 0xffff
    this.options = optionsOf(fields, base)
  }

  /** Turns what it acknowledges into the receiver's own numbers, where NAT has rewritten the receiver's payload. */
  lowerAck(offset: number): void {
    this.ack = (this.ack - offset) | 0
    this.sack = (this.sack - offset) | 0
  }
}

/** Of a row of header fields: TCP_OPTION_ bits with the window scale, or NO_OPTIONS. */
export function optionsOf(fields: Int32Array, base: number): number {
  return fields[base + P_TCP_FLAGS_WINDOW] >>> 28 === WORDS_WITHOUT_OPTIONS ? NO_OPTIONS : fields[base + P_TCP_OPTIONS]
}
