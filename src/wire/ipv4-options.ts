import { IP_OPTION_ANY, IP_OPTION_BAD, IP_OPTION_ROUTER_ALERT, IP_OPTION_SOURCE_ROUTE } from './packet-fields.ts'

const END = 0
const NOP = 1
const RECORD_ROUTE = 7
const TIMESTAMP = 68
const LOOSE_SOURCE_ROUTE = 131
const CIPSO = 134
const STRICT_SOURCE_ROUTE = 137
const ROUTER_ALERT = 148
/** Timestamp flags (RFC 791): each with the address of its host; for hosts that are named. */
const TIMESTAMP_AND_ADDRESS = 1
const TIMESTAMP_PRESPECIFIED = 3
/** The greatest number of hosts that found no room, which is counted up by each further one. */
const OVERFLOW_MAX = 15

/** IP_OPTION_ bits of the options in bytes[at … end). The first one that Linux would refuse ends them. */
export function decodeIpv4Options(bytes: Uint8Array, at: number, end: number): number {
  let found = IP_OPTION_ANY
  let recordRoute = false
  let timestamp = false
  while (at < end) {
    const kind = bytes[at]
    if (kind === END) break
    if (kind === NOP) {
      at++
      continue
    }
    const size = at + 2 <= end ? bytes[at + 1] : 0
    if (size < 2 || at + size > end) return found | IP_OPTION_BAD
    let good = true
    if (kind === LOOSE_SOURCE_ROUTE || kind === STRICT_SOURCE_ROUTE) {
      good = size >= 3 && bytes[at + 2] >= 4 && (found & IP_OPTION_SOURCE_ROUTE) === 0
      found |= IP_OPTION_SOURCE_ROUTE
    } else if (kind === RECORD_ROUTE) {
      good = !recordRoute && size >= 3 && recordFits(bytes[at + 2], 4, 4, size)
      recordRoute = true
    } else if (kind === TIMESTAMP) {
      good = !timestamp && size >= 4 && timestampFits(bytes[at + 2], bytes[at + 3] >>> 4, bytes[at + 3] & 15, size)
      timestamp = true
    } else if (kind === ROUTER_ALERT) {
      good = size >= 4
      if (good && bytes[at + 2] === 0 && bytes[at + 3] === 0) found |= IP_OPTION_ROUTER_ALERT
    } else if (kind === CIPSO) {
      // Linux takes labels only of the domains that it was told of (NetLabel), and none is assumed here.
      good = false
    }
    if (!good) return found | IP_OPTION_BAD
    at += size
  }
  return found
}

/**
 * Whether a pointer (counted from 1) into an option of `size` bytes leaves room for another entry, or is past the end.
 */
function recordFits(pointer: number, first: number, width: number, size: number): boolean {
  return pointer >= first && (pointer > size || pointer + width - 1 <= size)
}

/** The same of timestamps. Those that would count one host too many without room are refused, too. */
function timestampFits(pointer: number, overflow: number, flags: number, size: number): boolean {
  if (pointer > size) return flags === TIMESTAMP_PRESPECIFIED || overflow < OVERFLOW_MAX
  const width = flags === TIMESTAMP_AND_ADDRESS || flags === TIMESTAMP_PRESPECIFIED ? 8 : 4
  return recordFits(pointer, 5, width, size)
}
