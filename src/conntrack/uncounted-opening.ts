import { P_L4_OFFSET, P_PROTOCOL, P_TCP_FLAGS_WINDOW, TCP_ACK, TCP_RST, TCP_SYN } from '../wire/packet-fields.ts'
import { PROTO_SCTP, PROTO_TCP } from '../wire/protocols.ts'
import type { ConnectionReader } from './connection-reader.ts'
import type { CurrentConnection } from './current.ts'
import { E_SCTP_STATE, E_TCP_STATE, ENTRY_INTS } from './entry.ts'
import { CHUNK_INIT, SCTP_CLOSED } from './protocols/sctp-states.ts'
import { TCP_STATE_MASK, TCP_SYN_SENT, TCP_SYN_SENT2 } from './protocols/tcp-states.ts'
import { CT_ESTABLISHED_REPLY, CT_NEW } from './status.ts'

const SCTP_HEADER_BYTES = 12

/**
 * Whether the current packet repeats or crosses what opened its connection, before anybody answered: a SYN, also one of the other
 * side, or SCTP's INIT. The kernel neither renews the connection's time for it nor counts it (oracle: fuzzing of firewalls with
 * connbytes).
 */
export function isUncountedOpening(
  current: CurrentConnection,
  connections: ConnectionReader,
  bytes: Uint8Array,
  fields: Int32Array,
  base: number,
): boolean {
  const { id, info, isConfirmed, table } = current
  const isAnswer = info === CT_ESTABLISHED_REPLY
  if (!isConfirmed || (info !== CT_NEW && !isAnswer)) return false
  const e = id * ENTRY_INTS
  switch (fields[base + P_PROTOCOL]) {
    case PROTO_TCP: {
      const flags = fields[base + P_TCP_FLAGS_WINDOW] >>> 16
      if ((flags & (TCP_SYN | TCP_ACK | TCP_RST)) !== TCP_SYN) return false
      const state = table.entries[e + E_TCP_STATE] & TCP_STATE_MASK
      return isAnswer ? state === TCP_SYN_SENT2 && connections.packets(id, true) === 0 : state === TCP_SYN_SENT
    }
    case PROTO_SCTP: {
      if (isAnswer || table.entries[e + E_SCTP_STATE] !== SCTP_CLOSED) return false
      return bytes[fields[base + P_L4_OFFSET] + SCTP_HEADER_BYTES] === CHUNK_INIT
    }
    default:
      return false
  }
}
