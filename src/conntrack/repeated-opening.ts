import { P_L4_OFFSET, P_PROTOCOL, P_TCP_FLAGS_WINDOW, TCP_ACK, TCP_RST, TCP_SYN } from '../wire/packet-fields.ts'
import { PROTO_SCTP, PROTO_TCP } from '../wire/protocols.ts'
import type { CurrentConnection } from './current.ts'
import { E_SCTP_STATE, E_TCP_STATE, ENTRY_INTS } from './entry.ts'
import { CHUNK_INIT, SCTP_CLOSED } from './protocols/sctp-states.ts'
import { TCP_STATE_MASK, TCP_SYN_SENT } from './protocols/tcp-states.ts'

const SCTP_HEADER_BYTES = 12

/**
 * Whether the current packet, NEW, repeats what opened its connection: a SYN, or SCTP's INIT, that nobody has answered yet. The
 * kernel neither renews the connection's time for it nor counts it (oracle: fuzzing of firewalls with connbytes).
 */
export function isRepeatedOpening(
  current: CurrentConnection,
  bytes: Uint8Array,
  fields: Int32Array,
  base: number,
): boolean {
  if (!current.isConfirmed) return false
  const { entries } = current.table
  const e = current.id * ENTRY_INTS
  switch (fields[base + P_PROTOCOL]) {
    case PROTO_TCP: {
      const flags = fields[base + P_TCP_FLAGS_WINDOW] >>> 16
      return (
        (flags & (TCP_SYN | TCP_ACK | TCP_RST)) === TCP_SYN &&
        (entries[e + E_TCP_STATE] & TCP_STATE_MASK) === TCP_SYN_SENT
      )
    }
    case PROTO_SCTP:
      return (
        entries[e + E_SCTP_STATE] === SCTP_CLOSED &&
        bytes[fields[base + P_L4_OFFSET] + SCTP_HEADER_BYTES] === CHUNK_INIT
      )
    default:
      return false
  }
}
