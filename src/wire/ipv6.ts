import { viewOf } from './byte-view.ts'
import { decodeExtensionHeaders, isExtensionHeader } from './extension-headers.ts'
import { IPV6_HEADER } from './header-lengths.ts'
import { checkHopByHop, HOP_BY_HOP_BAD, HOP_BY_HOP_CUT, HOP_BY_HOP_PLAIN } from './hop-by-hop.ts'
import {
  CHECKSUM_UNVERIFIED,
  EXTENSION_MOBILITY,
  IP_V6,
  NOTE_CUT,
  NOTE_LOOPBACK_ONLY,
  NOTE_MALFORMED,
  NOTE_NONE,
  P_CHECKSUM,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_HASH,
  P_IP_ID,
  P_IP_OPTIONS,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_NOTE,
  P_PROTOCOL,
  P_SRC,
  P_TOS,
  P_TTL,
} from './packet-fields.ts'
import { PROTO_HOP_BY_HOP, PROTO_MOBILITY } from './protocols.ts'
import { refuse, refuseAddressed, refuseShort } from './refuse.ts'
import { decodeTransport } from './transport.ts'

/**
 * Fills the network and transport fields from the IPv6 datagram at `at`, and refuses what Linux refuses before any
 * hook. The capture holds bytes up to `end`; the frame went on to `wireEnd`.
 * @param wasReceived the datagram was put together from fragments: hop-by-hop options that stood after a fragment
 * header are not checked
 */
export function decodeIpv6(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
  wasReceived = false,
): void {
  if (at + IPV6_HEADER > end) {
    refuseShort(fields, base, at + IPV6_HEADER, wireEnd)
    return
  }
  if (bytes[at] >>> 4 !== 6) {
    refuse(fields, base, NOTE_MALFORMED)
    return
  }
  for (let word = 0; word < 8; word++) {
    const p = at + 8 + 4 * word
    fields[base + P_SRC + word] = viewOf(bytes).getInt32(p)
  }
  const note = addressNote(fields, base)
  const protocol = bytes[at + 6]
  const payload = (bytes[at + 4] << 8) | bytes[at + 5]
  // Without a length the datagram is a jumbogram, whose hop-by-hop header knows it, or ends with the frame.
  let length = payload === 0 && protocol === PROTO_HOP_BY_HOP ? wireEnd - at : IPV6_HEADER + payload
  if (note === NOTE_MALFORMED || length > wireEnd - at) {
    refuseIpv6(fields, base, NOTE_MALFORMED, protocol)
    return
  }
  if (protocol === PROTO_HOP_BY_HOP && !wasReceived) {
    const result = checkHopByHop(bytes, at, end, length)
    if (result === HOP_BY_HOP_BAD || result === HOP_BY_HOP_CUT) {
      refuseIpv6(fields, base, result === HOP_BY_HOP_CUT ? NOTE_CUT : NOTE_MALFORMED, protocol)
      return
    }
    if (result !== HOP_BY_HOP_PLAIN) length = result
  }
  const datagramEnd = Math.min(at + length, end)
  fields[base + P_FAMILY] = IP_V6
  fields[base + P_NOTE] = note
  fields[base + P_L3_OFFSET] = at
  fields[base + P_L3_LENGTH] = length
  fields[base + P_L3_CAPTURED] = datagramEnd - at
  fields[base + P_L4_OFFSET] = at + IPV6_HEADER
  fields[base + P_L4_LENGTH] = length - IPV6_HEADER
  fields[base + P_PROTOCOL] = protocol
  fields[base + P_TTL] = bytes[at + 7]
  fields[base + P_TOS] = ((bytes[at] & 0x0f) << 4) | (bytes[at + 1] >>> 4)
  fields[base + P_FRAGMENT] = 0
  fields[base + P_IP_ID] = 0
  fields[base + P_CHECKSUM] = CHECKSUM_UNVERIFIED
  fields[base + P_IP_OPTIONS] = protocol === PROTO_MOBILITY ? EXTENSION_MOBILITY : 0
  fields[base + P_HASH] = 0
  const whole = isExtensionHeader(protocol)
    ? decodeExtensionHeaders(bytes, at, datagramEnd, fields, base)
    : decodeTransport(protocol, bytes, at + IPV6_HEADER, datagramEnd, length - IPV6_HEADER, fields, base)
  if (!whole) refuseIpv6(fields, base, NOTE_CUT, fields[base + P_PROTOCOL])
}

/** @param header the last one that was read; for an extension header the protocol is not known */
function refuseIpv6(fields: Int32Array, base: number, note: number, header: number): void {
  refuseAddressed(fields, base, note, IP_V6, isExtensionHeader(header) ? -1 : header)
}

/** How Linux judges the addresses, which are in the row already, before any hook. */
function addressNote(fields: Int32Array, base: number): number {
  const source = fields[base + P_SRC]
  const destination = fields[base + P_DST]
  if (source >>> 24 === 0xff) return NOTE_MALFORMED
  if (destination >>> 24 === 0xff) {
    const scope = (destination >>> 16) & 0x0f
    // Of these the reserved scope 0 is refused by loopback interfaces, too, where no packet of a capture comes in.
    if (scope <= 1) return NOTE_LOOPBACK_ONLY
  }
  if (source === 0 && isLoopback(fields, base + P_SRC)) return NOTE_LOOPBACK_ONLY
  if (destination === 0 && isLoopback(fields, base + P_DST)) return NOTE_LOOPBACK_ONLY
  return NOTE_NONE
}

function isLoopback(fields: Int32Array, at: number): boolean {
  return fields[at] === 0 && fields[at + 1] === 0 && fields[at + 2] === 0 && fields[at + 3] === 1
}
