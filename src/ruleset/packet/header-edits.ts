import { P_L4_OFFSET, P_TCP_FLAGS_WINDOW, P_TOS, P_TTL } from '../../wire/packet-fields.ts'
import { changeWord, isForwarded, PART_TCP_FLAGS, PART_TOS, PART_TTL, visibleTtl } from './packet-edits.ts'
import type { RulePacket } from './rule-packet.ts'

const TCP_CHECKSUM = 16
const TCP_FLAGS = 13

export function setTtl(packet: RulePacket, ttl: number): void {
  if (visibleTtl(packet) === ttl) return
  packet.edits.willChange(packet, PART_TTL)
  packet.fields[packet.base + P_TTL] = ttl + (isForwarded(packet) ? 1 : 0)
}

export function setTos(packet: RulePacket, tos: number): void {
  if (packet.fields[packet.base + P_TOS] === tos) return
  packet.edits.willChange(packet, PART_TOS)
  packet.fields[packet.base + P_TOS] = tos
}

/** @param mask flag bits as in the TCP header's 14th byte, which are set to `value` */
export function setTcpFlags(packet: RulePacket, mask: number, value: number): void {
  const { edits, fields, base } = packet
  const at = fields[base + P_L4_OFFSET]
  edits.willChange(packet, PART_TCP_FLAGS)
  const bytes = edits.ownBytes(packet)
  const index = base + P_TCP_FLAGS_WINDOW
  fields[index] = (fields[index] & ~(mask << 16)) | (value << 16)
  const flags = (bytes[at + TCP_FLAGS] & ~mask) | value
  changeWord(bytes, at + TCP_FLAGS - 1, (bytes[at + TCP_FLAGS - 1] << 8) | flags, at + TCP_CHECKSUM)
}
