import { viewOf } from './byte-view.ts'
import {
  P_PORTS,
  P_TCP_ACK,
  P_TCP_FLAGS_WINDOW,
  P_TCP_OPTIONS,
  P_TCP_SACK,
  P_TCP_SEQ,
  TCP_OPTION_CUT,
  TCP_OPTION_MALFORMED,
  TCP_OPTION_MSS,
  TCP_OPTION_SACK_PERMITTED,
  TCP_OPTION_WSCALE,
} from './packet-fields.ts'

export const TCP_HEADER = 20
const OPTION_END = 0
const OPTION_NOP = 1
const OPTION_MSS = 2
const OPTION_WSCALE = 3
const OPTION_SACK_PERMITTED = 4
const OPTION_SACK = 5
/** NOP, NOP, timestamps: what most segments carry, and nothing that the tracker needs. */
const TIMESTAMPS_ONLY = 0x0101080a

/**
 * Reads a TCP header whose first 20 bytes are in the capture. `end` is where the captured datagram ends, `length` what
 * the segment has on the wire.
 */
export function decodeTcp(
  bytes: Uint8Array,
  at: number,
  end: number,
  length: number,
  fields: Int32Array,
  base: number,
): void {
  const view = viewOf(bytes)
  const ack = view.getInt32(at + 8)
  const offsetAndFlags = (bytes[at + 12] << 8) | bytes[at + 13]
  const headerLength = (offsetAndFlags >>> 12) << 2
  fields[base + P_PORTS] = view.getInt32(at)
  fields[base + P_TCP_SEQ] = view.getInt32(at + 4)
  fields[base + P_TCP_ACK] = ack
  fields[base + P_TCP_FLAGS_WINDOW] = ((offsetAndFlags & 0xf1ff) << 16) | (bytes[at + 14] << 8) | bytes[at + 15]
  fields[base + P_TCP_SACK] = ack
  fields[base + P_TCP_OPTIONS] = 0
  if (headerLength === TCP_HEADER) return
  if (headerLength < TCP_HEADER || headerLength > length) {
    fields[base + P_TCP_OPTIONS] = TCP_OPTION_MALFORMED
  } else if (at + headerLength > end) {
    fields[base + P_TCP_OPTIONS] = TCP_OPTION_CUT
  } else {
    const first = at + TCP_HEADER
    const firstWord = view.getInt32(first)
    if (headerLength !== 32 || firstWord !== TIMESTAMPS_ONLY) {
      decodeTcpOptions(bytes, first, at + headerLength, ack, fields, base)
    }
  }
}

/**
 * Reads options as the tracker does: an end mark or a malformed length ends them, and what stood before counts. Of
 * several window scales the last one counts, of several SACKs the first. Of several MSS the first one counts, as for
 * `-m tcpmss`.
 */
function decodeTcpOptions(
  bytes: Uint8Array,
  at: number,
  end: number,
  ack: number,
  fields: Int32Array,
  base: number,
): void {
  const first = at
  let found = 0
  let sack = ack
  let sackSeen = false
  while (at < end) {
    const kind = bytes[at]
    if (kind === OPTION_END) break
    if (kind === OPTION_NOP) {
      at++
      continue
    }
    if (at + 2 > end) break
    const size = bytes[at + 1]
    if (size < 2 || at + size > end) break
    if (kind === OPTION_WSCALE && size === 3) {
      found = (found & ~0xff) | TCP_OPTION_WSCALE | bytes[at + 2]
    } else if (kind === OPTION_SACK_PERMITTED && size === 2) {
      found |= TCP_OPTION_SACK_PERMITTED
    } else if (kind === OPTION_MSS && size === 4 && (found & TCP_OPTION_MSS) === 0) {
      found |= TCP_OPTION_MSS | (bytes[at + 2] << 24) | (bytes[at + 3] << 16)
    } else if (kind === OPTION_SACK && size >= 10 && ((size - 2) & 7) === 0 && !sackSeen) {
      sackSeen = true
      for (let edge = at + 6; edge < at + size; edge += 8) {
        const right = viewOf(bytes).getInt32(edge)
        if (((sack - right) | 0) < 0) sack = right
      }
    }
    at += size
  }
  if (at < end && (found & TCP_OPTION_MSS) === 0) found |= scanForMss(bytes, first, end)
  fields[base + P_TCP_SACK] = sack
  fields[base + P_TCP_OPTIONS] = found
}

/** `-m tcpmss` goes on after an end mark, and takes a length of 0 as 1 (asked of Linux 6.18). */
function scanForMss(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const kind = bytes[at]
    if (kind === OPTION_MSS && at + 4 <= end && bytes[at + 1] === 4) {
      return TCP_OPTION_MSS | (bytes[at + 2] << 24) | (bytes[at + 3] << 16)
    }
    at += kind < OPTION_MSS || at + 2 > end || bytes[at + 1] === 0 ? 1 : bytes[at + 1]
  }
  return 0
}
