import { networkWord } from '../../wire/byte-view.ts'
import { P_L3_CAPTURED, P_L3_OFFSET, P_L4_LENGTH, P_L4_OFFSET, P_PORTS, P_PROTOCOL } from '../../wire/packet-fields.ts'
import {
  PROTO_AH,
  PROTO_DCCP,
  PROTO_ESP,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../../wire/protocols.ts'
import type { RulePacket } from '../packet/rule-packet.ts'

/**
 * What stands where ports are (proto_ports_offset): source << 16 | destination; for ESP and AH the SPI; 0 for protocols
 * without; null where the packet ends too early.
 */
export function portsOf(packet: RulePacket): number | null {
  const { fields, base } = packet
  switch (fields[base + P_PROTOCOL]) {
    case PROTO_TCP:
    case PROTO_UDP:
    case PROTO_UDPLITE:
    case PROTO_SCTP:
    case PROTO_DCCP:
      return fields[base + P_L4_LENGTH] < 4 ? null : fields[base + P_PORTS]
    case PROTO_ESP:
      return wordAt(packet, 0)
    case PROTO_AH:
      return wordAt(packet, 4)
    case -1:
      return null
    default:
      return 0
  }
}

/** Whether the capture holds what `portsOf` reads. */
export function portsCaptured(packet: RulePacket): boolean {
  const { fields, base } = packet
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - fields[base + P_L4_OFFSET]
  return captured >= Math.min(fields[base + P_L4_LENGTH], fields[base + P_PROTOCOL] === PROTO_AH ? 8 : 4)
}

function wordAt(packet: RulePacket, offset: number): number | null {
  const { fields, base, bytes } = packet
  if (fields[base + P_L4_LENGTH] < offset + 4) return null
  return networkWord(bytes, fields[base + P_L4_OFFSET] + offset)
}
