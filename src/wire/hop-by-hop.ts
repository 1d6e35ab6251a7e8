import { IPV6_HEADER } from './header-lengths.ts'

/** The header is in order and does not change the datagram's length. */
export const HOP_BY_HOP_PLAIN = 0
/** Linux refuses the datagram because of it, before any hook. */
export const HOP_BY_HOP_BAD = -1
/** The capture cut it. */
export const HOP_BY_HOP_CUT = -2

const PAD1 = 0
const PADN = 1
const ROUTER_ALERT = 5
const CALIPSO = 7
const IOAM = 0x31
const JUMBO = 0xc2
/** Options other than padding, sysctl net.ipv6.max_hbh_opts_number. */
const OPTIONS_MAX = 8
/** Consecutive bytes of padding that Linux accepts. */
const PADDING_MAX = 7

/**
 * Looks at the options of the hop-by-hop header after the IPv6 header at `at` as Linux does on receipt.
 * Returns HOP_BY_HOP_PLAIN, _BAD, _CUT, or the length of the whole datagram from a jumbo option (RFC 2675).
 *
 * @param length bytes of the datagram on the wire, as far as the frame has them
 */
export function checkHopByHop(bytes: Uint8Array, at: number, end: number, length: number): number {
  const header = at + IPV6_HEADER
  if (length < IPV6_HEADER + 8) return HOP_BY_HOP_BAD
  if (header + 8 > end) return HOP_BY_HOP_CUT
  const headerLength = (bytes[header + 1] + 1) << 3
  if (IPV6_HEADER + headerLength > length) return HOP_BY_HOP_BAD
  if (header + headerLength > end) return HOP_BY_HOP_CUT
  const payload = (bytes[at + 4] << 8) | bytes[at + 5]
  const optionsEnd = header + headerLength
  let p = header + 2
  let options = 0
  let padding = 0
  let jumbo = HOP_BY_HOP_PLAIN
  while (p < optionsEnd) {
    const type = bytes[p]
    if (type === PAD1) {
      if (++padding > PADDING_MAX) return HOP_BY_HOP_BAD
      p++
      continue
    }
    const size = p + 2 <= optionsEnd ? bytes[p + 1] + 2 : 0
    if (size === 0 || p + size > optionsEnd) return HOP_BY_HOP_BAD
    if (type === PADN) {
      padding += size
      if (padding > PADDING_MAX || !isZero(bytes, p + 2, p + size)) return HOP_BY_HOP_BAD
    } else {
      padding = 0
      if (++options > OPTIONS_MAX) return HOP_BY_HOP_BAD
      if (type === ROUTER_ALERT) {
        if (size !== 4) return HOP_BY_HOP_BAD
      } else if (type === JUMBO) {
        const value = ((bytes[p + 2] << 24) | (bytes[p + 3] << 16) | (bytes[p + 4] << 8) | bytes[p + 5]) >>> 0
        const aligned = ((p - header) & 3) === 2
        if (size !== 6 || !aligned || payload !== 0 || value <= 0xffff || IPV6_HEADER + value > length) {
          return HOP_BY_HOP_BAD
        }
        jumbo = IPV6_HEADER + value
      } else if (type === CALIPSO) {
        // RFC 5570: eight fixed bytes, and a compartment bitmap as long as its own length says. The CRC is not checked.
        if (size < 10 || bytes[p + 6] * 4 + 10 > size) return HOP_BY_HOP_BAD
      } else if (type === IOAM) {
        // RFC 9486 wants it at a multiple of four; otherwise ignored unless the interface was told to take part.
        if (((p - header) & 3) !== 0) return HOP_BY_HOP_BAD
      } else if (type >>> 6 !== 0) {
        // The two high bits of an unknown option's type ask for the packet to be dropped (RFC 8200, 4.2).
        return HOP_BY_HOP_BAD
      }
    }
    p += size
  }
  return jumbo
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let p = from; p < to; p++) if (bytes[p] !== 0) return false
  return true
}
