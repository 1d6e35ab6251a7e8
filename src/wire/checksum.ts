import { viewOf } from './byte-view.ts'
import { crc32c } from './crc32c.ts'
import {
  CHECKSUM_BAD,
  CHECKSUM_GOOD,
  CHECKSUM_UNKNOWN,
  CHECKSUM_UNVERIFIED,
  IP_V6,
  P_CHECKSUM,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_SRC,
} from './packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, PROTO_UDPLITE } from './protocols.ts'
import { vectorSumOf } from './vector-sum.ts'

/** Offset of the checksum in the UDP header. */
export const UDP_CHECKSUM = 6
const UDPLITE_COVERAGE = 4

/**
 * Verifies the transport checksum of a whole datagram as Linux' tracker does, stores the CHECKSUM_ state in P_CHECKSUM
 * and returns it. Protocols that the tracker does not verify, and UDP without a checksum, are CHECKSUM_GOOD;
 * CHECKSUM_UNKNOWN when the capture lacks bytes.
 */
export function verifyTransportChecksum(bytes: Uint8Array, fields: Int32Array, base: number): number {
  const state = transportChecksum(bytes, fields, base)
  fields[base + P_CHECKSUM] = state
  return state
}

/** As `verifyTransportChecksum`, but trusts P_CHECKSUM where the checksum was verified before. */
export function transportChecksumState(bytes: Uint8Array, fields: Int32Array, base: number): number {
  const known = fields[base + P_CHECKSUM]
  return known === CHECKSUM_UNVERIFIED ? verifyTransportChecksum(bytes, fields, base) : known
}

function transportChecksum(bytes: Uint8Array, fields: Int32Array, base: number): number {
  const protocol = fields[base + P_PROTOCOL]
  const at = fields[base + P_L4_OFFSET]
  const length = fields[base + P_L4_LENGTH]
  const family = fields[base + P_FAMILY]
  const held = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - at
  let covered = length
  switch (protocol) {
    case PROTO_TCP:
    case PROTO_ICMP:
    case PROTO_ICMPV6:
    case PROTO_SCTP:
      break
    case PROTO_UDP:
      if (held >= 8 && bytes[at + UDP_CHECKSUM] === 0 && bytes[at + UDP_CHECKSUM + 1] === 0) return CHECKSUM_GOOD
      break
    case PROTO_UDPLITE:
      if (held >= 8) covered = udpLiteCoverage(bytes, at, length)
      break
    default:
      return CHECKSUM_GOOD
  }
  if (held < covered) return CHECKSUM_UNKNOWN
  if (protocol === PROTO_SCTP) return sctpChecksum(bytes, at, length)
  let sum = foldedSum(bytes, at, covered)
  if (protocol !== PROTO_ICMP) {
    if (protocol === PROTO_UDPLITE) {
      // The tracker sums UDP-Lite's pseudo header with UDP's number, and for IPv4 with the low byte of the length alone,
      // so it takes right sums for bad (probes of UDP-Lite).
      sum += PROTO_UDP + (family === IP_V6 ? length : length & 0xff)
    } else sum += protocol + (length >>> 16) + (length & 0xffff)
    sum += halvesOf(fields[base + P_SRC]) + halvesOf(fields[base + P_DST])
    if (family === IP_V6) {
      for (let word = 1; word < 4; word++) {
        sum += halvesOf(fields[base + P_SRC + word]) + halvesOf(fields[base + P_DST + word])
      }
    }
  }
  return fold(sum) === 0xffff ? CHECKSUM_GOOD : CHECKSUM_BAD
}

/**
 * RFC 3828: how many bytes of the datagram the sum covers; 0 stands for all. The tracker refuses impossible values, so
 * here they count as all.
 */
function udpLiteCoverage(bytes: Uint8Array, at: number, length: number): number {
  const coverage = (bytes[at + UDPLITE_COVERAGE] << 8) | bytes[at + UDPLITE_COVERAGE + 1]
  return coverage < 8 || coverage > length ? length : coverage
}

/** RFC 9260, appendix A: the CRC is little-endian, computed with its own field as zero. */
function sctpChecksum(bytes: Uint8Array, at: number, length: number): number {
  if (length < 12) return CHECKSUM_BAD
  const sent = bytes[at + 8] | (bytes[at + 9] << 8) | (bytes[at + 10] << 16) | (bytes[at + 11] << 24)
  return crc32c(bytes, at, length, at + 8) === sent ? CHECKSUM_GOOD : CHECKSUM_BAD
}

/** Sum of the upper and the lower half. */
export function halvesOf(word: number): number {
  return (word >>> 16) + (word & 0xffff)
}

/** For the array summed last: the next packet is mostly in the same one. */
let summed: Uint8Array = new Uint8Array(0)
let summedFrom = 0
let vectorSum = vectorSumOf(summed.buffer)

/** Ones' complement sum of bytes[at … at + length) as big-endian 16-bit words, folded to 16 bits (RFC 1071). */
export function foldedSum(bytes: Uint8Array, at: number, length: number): number {
  if (bytes !== summed) {
    summed = bytes
    summedFrom = bytes.byteOffset
    vectorSum = vectorSumOf(bytes.buffer)
  }
  const words = vectorSum === undefined ? wordSum(bytes, at, length) : vectorSum(summedFrom + at, length) >>> 0
  const sum = fold(words)
  return ((sum & 0xff) << 8) | (sum >>> 8)
}

/**
 * The sum of little-endian words. It is the sum of big-endian words with its own two bytes exchanged (RFC 1071, 2.B).
 */
function wordSum(bytes: Uint8Array, at: number, length: number): number {
  const view = viewOf(bytes)
  const end = at + length
  // `all` sums whole 32-bit words, `high` their upper halves; the sum of the lower halves is the difference.
  let all = 0
  let high = 0
  let p = at
  for (; p + 16 <= end; p += 16) {
    const a = view.getInt32(p, true)
    const b = view.getInt32(p + 4, true)
    const c = view.getInt32(p + 8, true)
    const d = view.getInt32(p + 12, true)
    all = (all + ((a + b) | 0) + ((c + d) | 0)) | 0
    high = (high + (((a >>> 16) + (b >>> 16)) | 0) + (((c >>> 16) + (d >>> 16)) | 0)) | 0
  }
  let low = (all - (high << 16)) | 0
  for (; p + 2 <= end; p += 2) low = (low + view.getUint16(p, true)) | 0
  if (p < end) low = (low + bytes[p]) | 0
  return (low >>> 0) + (high >>> 0)
}

function fold(sum: number): number {
  // Only reached by a datagram longer than the length fields of IP allow.
  if (sum > 0xffffffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000)
  sum = (sum & 0xffff) + (sum >>> 16)
  return (sum & 0xffff) + (sum >>> 16)
}
