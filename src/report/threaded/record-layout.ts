import { ANSWER_NUMBERS } from '../../netfilter/shards/answer-rows.ts'
import { P_PORTS } from '../../wire/packet-fields.ts'

/**
 * What the outputs must know of each frame, as records of integers, one behind the other in capture order. The number of
 * the frame is its place among them. A record takes an even number of integers, for some hold doubles.
 */

/** The first integer of every record: its kind, and what that kind says of it. */
export const RECORD_KIND_MASK = 3
/** A packet that took the short way: number of the way, and direction. */
export const RECORD_PASSED = 0
/** Any frame: header fields, and what became of it as a row of answers. */
export const RECORD_WHOLE = 1
/** No frame: what is the same for all packets on a way, as of a whole frame. Comes ahead of them. */
export const RECORD_WAY = 2
/** No frame: file, digits of the time, and seconds of the frames behind it. */
export const RECORD_CONTEXT = 3

export const DIRECTION_SHIFT = 2
export const WAY_SHIFT = 3

export const R_NANOSECONDS = 1
export const R_WIRE_LENGTH = 2

/** RECORD_PASSED: addresses are of one word or of four each, as the way's family has it. */
export const R_CONNECTION = 3
export const R_PORTS = 4
export const R_ADDRESSES = 5
export const PASSED_INTS_V4 = 8
export const PASSED_INTS_V6 = 14

/** RECORD_WHOLE: the fields of the packet's row up to its ports, which are all that outputs read, and the answer, in doubles. */
export const R_FIELDS = 4
export const WHOLE_FIELDS = P_PORTS + 1
export const R_ANSWER = R_FIELDS + WHOLE_FIELDS + 1
export const INTS_OF_DOUBLE = 2

export const R_FILE = 1
export const R_DIGITS = 2
/** A double. */
export const R_SECONDS = 4
export const CONTEXT_INTS = 6

/** What the longest record takes, together with a context ahead of it. */
export const RECORD_INTS_MAX = R_ANSWER + ANSWER_NUMBERS * INTS_OF_DOUBLE
