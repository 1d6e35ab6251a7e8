import { IP_V6, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC } from '../../wire/packet-fields.ts'
import { PROTO_ICMP, PROTO_ICMPV6 } from '../../wire/protocols.ts'
import type { ConnectionReader } from '../connection-reader.ts'
import { CT_RELATED, CT_RELATED_REPLY, IPS_DST_NAT, IPS_SRC_NAT } from '../status.ts'
import { hasPorts } from '../tuple.ts'
import { MANIP_SOURCE } from './range.ts'

/** Whether this part of a packet must be changed: in replies, source and destination change roles. */
export function needsTranslation(status: number, manip: number, direction: number): boolean {
  const changesSource = (manip === MANIP_SOURCE) === (direction === 0)
  return (status & (changesSource ? IPS_SRC_NAT : IPS_DST_NAT)) !== 0
}

/**
 * Changes a row of header fields to what a packet of the connection looks like after the translation of one part: the
 * inverse of the other direction's tuple. ICMP errors get the address, and keep their own type and code.
 */
export function translate(
  connections: ConnectionReader,
  connection: number,
  info: number,
  direction: number,
  manip: number,
  fields: Int32Array,
  base: number,
): void {
  const fromReply = direction === 0
  const isSource = manip === MANIP_SOURCE
  const words = fields[base + P_FAMILY] === IP_V6 ? 4 : 1
  const at = base + (isSource ? P_SRC : P_DST)
  for (let i = 0; i < words; i++) fields[at + i] = connections.address(connection, fromReply, isSource, i)
  const protocol = fields[base + P_PROTOCOL]
  const isError = (info === CT_RELATED || info === CT_RELATED_REPLY) && protocol !== connections.protocol(connection)
  if (isError) return
  const ports = fields[base + P_PORTS]
  if (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) {
    if (info === CT_RELATED || info === CT_RELATED_REPLY) return
    fields[base + P_PORTS] = (ports & ~0xffff) | connections.port(connection, fromReply, false)
  } else if (hasPorts(protocol)) {
    const port = connections.port(connection, fromReply, isSource)
    fields[base + P_PORTS] = isSource ? (port << 16) | (ports & 0xffff) : (ports & ~0xffff) | port
  }
}
