import { ANSWER_NUMBERS } from '../../netfilter/shards/answer-rows.ts'
import { P_PORTS } from '../../wire/packet-fields.ts'

/**
 * What the outputs need of each frame, as records of integers, one after the other in capture order. The number of a
 * frame is the place of its record. A record has an even number of integers, since some records contain doubles.
 */

/** The first integer of every record: its kind, and further bits that depend on the kind. */
export const RECORD_KIND_MASK = 3
/** A packet that took the short way: number of the way, and direction. */
export const RECORD_PASSED = 0
/** Any other frame: its header fields and its answer row (answer-rows.ts). */
export const RECORD_WHOLE = 1
/** Not a frame: what all packets on a way have in common, in the form of RECORD_WHOLE. Comes before these packets. */
export const RECORD_WAY = 2
/** Not a frame: file, digits of the time, and seconds of the following frames. */
export const RECORD_CONTEXT = 3

export const DIRECTION_SHIFT = 2
export const WAY_SHIFT = 3

export const R_NANOSECONDS = 1
export const R_WIRE_LENGTH = 2

/** RECORD_PASSED: addresses have one word or four, by the family of the way. */
export const R_CONNECTION = 3
export const R_PORTS = 4
export const R_ADDRESSES = 5
export const PASSED_INTS_V4 = 8
export const PASSED_INTS_V6 = 14

/**
 * RECORD_WHOLE: the fields of the packet's row up to its ports, which is all that outputs read, and the answer, in
 * doubles.
 */
export const R_FIELDS = 4
export const WHOLE_FIELDS = P_PORTS + 1
export const R_ANSWER = R_FIELDS + WHOLE_FIELDS + 1
export const INTS_OF_DOUBLE = 2

export const R_FILE = 1
export const R_DIGITS = 2
/** A double. */
export const R_SECONDS = 4
export const CONTEXT_INTS = 6

/** Integers of the longest record. */
export const RECORD_INTS_MAX = R_ANSWER + ANSWER_NUMBERS * INTS_OF_DOUBLE
