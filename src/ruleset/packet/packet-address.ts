import { IP_V4, P_FAMILY } from '../../wire/packet-fields.ts'
import type { RulePacket } from './rule-packet.ts'

/** Words of the packet's addresses: 1 or 4. */
export function addressWords(packet: RulePacket): number {
  return packet.fields[packet.base + P_FAMILY] === IP_V4 ? 1 : 4
}
