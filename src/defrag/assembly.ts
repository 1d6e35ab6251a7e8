import { foldedSum } from '../wire/checksum.ts'
import { FRAGMENT_HEADER_LENGTH } from '../wire/extension-headers.ts'
import { IPV6_HEADER } from '../wire/header-lengths.ts'
import type { FragmentQueue } from './fragment-queue.ts'
import type { FragmentStore } from './fragment-store.ts'
import { nextHeaderPlace } from './ipv6-fragment.ts'

/** The longest datagram: an IPv6 header and 65,535 bytes. */
export const DATAGRAM_MAX = IPV6_HEADER + 0xffff
const IPV4_MAX = 0xffff
const ECN_CE = 3

/**
 * Writes the IPv4 datagram of a complete queue to target[at …]: the first fragment's header, with length, checksum and
 * ECN corrected. DF is set if the largest fragment had it. Returns the datagram's length, -1 where Linux discards it:
 * too long, or fragments that disagree on ECN.
 */
export function buildIpv4(queue: FragmentQueue, store: FragmentStore, target: Uint8Array, at: number): number {
  const length = queue.headerLength + queue.length
  const ecn = mergedEcn(queue.ecn)
  if (length > IPV4_MAX || ecn < 0) return -1
  target.set(queue.header.subarray(0, queue.headerLength), at)
  target[at + 1] |= ecn
  target[at + 2] = length >>> 8
  target[at + 3] = length & 0xff
  target[at + 6] = queue.largestWithDf === queue.largest ? 0x40 : 0
  target[at + 7] = 0
  target[at + 10] = 0
  target[at + 11] = 0
  const sum = ~foldedSum(target, at, queue.headerLength)
  target[at + 10] = (sum >>> 8) & 0xff
  target[at + 11] = sum & 0xff
  queue.copyPayload(store, target, at + queue.headerLength)
  return length
}

/** The same for IPv6: the first fragment's headers without the fragment header. */
export function buildIpv6(queue: FragmentQueue, store: FragmentStore, target: Uint8Array, at: number): number {
  const headerLength = queue.headerLength - FRAGMENT_HEADER_LENGTH
  const payloadLength = headerLength - IPV6_HEADER + queue.length
  const ecn = mergedEcn(queue.ecn)
  if (payloadLength > 0xffff || ecn < 0) return -1
  target.set(queue.header.subarray(0, headerLength), at)
  target[at + nextHeaderPlace(queue.header, headerLength)] = queue.header[headerLength]
  target[at + 1] |= ecn << 4
  target[at + 4] = payloadLength >>> 8
  target[at + 5] = payloadLength & 0xff
  queue.copyPayload(store, target, at + headerLength)
  return headerLength + queue.length
}

/**
 * RFC 3168, 5.3. `seen` has bits 1 << codepoint. Returns the bits to be or-ed into the first fragment's codepoint: CE
 * when one fragment met congestion and the others are ECN-capable; -1 when some were capable and some not.
 */
function mergedEcn(seen: number): number {
  const notCapable = (seen & 0b0001) !== 0
  const capable = (seen & 0b0110) !== 0
  const congestion = (seen & 0b1000) !== 0
  if (notCapable && (capable || congestion)) return -1
  return capable && congestion ? ECN_CE : 0
}
