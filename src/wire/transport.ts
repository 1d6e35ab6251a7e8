import { viewOf } from './byte-view.ts'
import { P_PORTS, P_TCP_OPTIONS, P_UDP_LENGTH, TCP_OPTION_MALFORMED } from './packet-fields.ts'
import { PROTO_DCCP, PROTO_ICMP, PROTO_ICMPV6, PROTO_SCTP, PROTO_TCP, PROTO_UDP, PROTO_UDPLITE } from './protocols.ts'
import { clearTcp, clearTransport } from './refuse.ts'
import { decodeTcp, TCP_HEADER } from './tcp.ts'

/**
 * Reads the transport header at `at`. `end` is where the captured datagram ends, `length` what is on the wire from
 * `at` on. False when the capture, not the sender, cut it inside the part that the tracker needs; the transport
 * fields are set in any case.
 */
export function decodeTransport(
  protocol: number,
  bytes: Uint8Array,
  at: number,
  end: number,
  length: number,
  fields: Int32Array,
  base: number,
): boolean {
  // Extension headers may lead beyond the datagram's end.
  const held = end > at ? end - at : 0
  if (protocol === PROTO_TCP) {
    if (held >= TCP_HEADER) {
      decodeTcp(bytes, at, end, length, fields, base)
      return true
    }
    clearTcp(fields, base)
    fields[base + P_PORTS] = held >= 4 ? readWord(bytes, at) : 0
    if (length < TCP_HEADER) fields[base + P_TCP_OPTIONS] = TCP_OPTION_MALFORMED
    return length < TCP_HEADER
  }
  const needed = bytesNeeded(protocol)
  if (needed === 0) {
    clearTransport(fields, base)
    return true
  }
  clearTcp(fields, base)
  if (held < 4) {
    fields[base + P_PORTS] = 0
    return length <= held
  }
  if (protocol !== PROTO_ICMP && protocol !== PROTO_ICMPV6) {
    fields[base + P_PORTS] = readWord(bytes, at)
    if (protocol === PROTO_UDP && held >= 6) fields[base + P_UDP_LENGTH] = (bytes[at + 4] << 8) | bytes[at + 5]
  } else {
    const identifier = held >= 6 ? (bytes[at + 4] << 8) | bytes[at + 5] : 0
    fields[base + P_PORTS] = (bytes[at] << 24) | (bytes[at + 1] << 16) | identifier
  }
  return held >= needed || length <= held
}

/** Bytes of the header that the tracker needs; 0 for protocols whose header it does not read. */
function bytesNeeded(protocol: number): number {
  switch (protocol) {
    case PROTO_UDP:
    case PROTO_UDPLITE:
    case PROTO_ICMP:
    case PROTO_ICMPV6:
      return 8
    case PROTO_SCTP:
      return 12
    case PROTO_DCCP:
      return 4
    default:
      return 0
  }
}

function readWord(bytes: Uint8Array, at: number): number {
  return viewOf(bytes).getInt32(at)
}
