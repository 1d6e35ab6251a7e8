import { viewOf } from './byte-view.ts'
import { decodeIpv4Options } from './ipv4-options.ts'
import {
  CHECKSUM_UNVERIFIED,
  FRAGMENT_OFFSET_MASK,
  FRAGMENT_PIECE,
  IP_V4,
  NOTE_CUT,
  NOTE_IP_CHECKSUM,
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
import { clearTransport, refuse, refuseAddressed, refuseShort, shortNote } from './refuse.ts'
import { decodeTransport } from './transport.ts'

const IPV4_HEADER = 20

/**
 * Fills the network and transport fields from the IPv4 datagram at `at`, and refuses what Linux refuses before any
 * hook. The capture holds bytes up to `end`; the frame went on to `wireEnd`.
 */
export function decodeIpv4(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  if (at + IPV4_HEADER > end) {
    refuseShort(fields, base, at + IPV4_HEADER, wireEnd)
    return
  }
  const view = viewOf(bytes)
  const word0 = view.getInt32(at)
  const word1 = view.getInt32(at + 4)
  const word2 = view.getInt32(at + 8)
  const source = view.getInt32(at + 12)
  const destination = view.getInt32(at + 16)

  const headerLength = (word0 >>> 22) & 0x3c
  if (word0 >>> 28 !== 4 || headerLength < IPV4_HEADER) {
    refuse(fields, base, NOTE_MALFORMED)
    return
  }
  const protocol = (word2 >>> 16) & 0xff
  if (at + headerLength > end) {
    refuseIpv4(fields, base, shortNote(at + headerLength, wireEnd), protocol, source, destination)
    return
  }
  let length = word0 & 0xffff
  let note = NOTE_NONE
  if (length === 0 && wireEnd - at > IPV4_HEADER) {
    // Segmentation offload: the sending machine's kernel left length and sums to the network card.
    length = wireEnd - at
  } else {
    let sum =
      (word0 >>> 16) +
      (word0 & 0xffff) +
      (word1 >>> 16) +
      (word1 & 0xffff) +
      (word2 >>> 16) +
      (word2 & 0xffff) +
      (source >>> 16) +
      (source & 0xffff) +
      (destination >>> 16) +
      (destination & 0xffff)
    for (let p = at + IPV4_HEADER; p < at + headerLength; p += 2) sum += (bytes[p] << 8) | bytes[p + 1]
    sum = (sum & 0xffff) + (sum >>> 16)
    if (sum !== 0xffff && (sum & 0xffff) + (sum >>> 16) !== 0xffff) note = NOTE_IP_CHECKSUM
  }
  if (length < headerLength || length > wireEnd - at) {
    refuseIpv4(fields, base, NOTE_MALFORMED, protocol, source, destination)
    return
  }
  const datagramEnd = Math.min(at + length, end)
  const fragment = word1 & 0x7fff
  const transport = at + headerLength
  fields[base + P_FAMILY] = IP_V4
  fields[base + P_NOTE] = note
  fields[base + P_L3_OFFSET] = at
  fields[base + P_L3_LENGTH] = length
  fields[base + P_L3_CAPTURED] = datagramEnd - at
  fields[base + P_L4_OFFSET] = transport
  fields[base + P_L4_LENGTH] = length - headerLength
  fields[base + P_PROTOCOL] = protocol
  fields[base + P_TTL] = word2 >>> 24
  fields[base + P_TOS] = (word0 >>> 16) & 0xff
  fields[base + P_FRAGMENT] = fragment
  fields[base + P_IP_ID] = word1 >>> 16
  fields[base + P_SRC] = source
  fields[base + P_DST] = destination
  fields[base + P_CHECKSUM] = CHECKSUM_UNVERIFIED
  fields[base + P_IP_OPTIONS] = headerLength === IPV4_HEADER ? 0 : decodeIpv4Options(bytes, at + IPV4_HEADER, transport)
  fields[base + P_HASH] = 0
  if ((fragment & FRAGMENT_OFFSET_MASK) !== 0) {
    clearTransport(fields, base)
  } else if (
    !decodeTransport(protocol, bytes, transport, datagramEnd, length - headerLength, fields, base) &&
    (fragment & FRAGMENT_PIECE) === 0
  ) {
    refuseIpv4(fields, base, NOTE_CUT, protocol, source, destination)
  }
}

function refuseIpv4(
  fields: Int32Array,
  base: number,
  note: number,
  protocol: number,
  source: number,
  destination: number,
): void {
  fields[base + P_SRC] = source
  fields[base + P_DST] = destination
  refuseAddressed(fields, base, note, IP_V4, protocol)
}
