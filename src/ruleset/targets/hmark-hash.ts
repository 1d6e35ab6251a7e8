import { isIcmpError, isIcmpv6Error } from '../../conntrack/protocols/icmp-types.ts'
import { maskWord } from '../../wire/address.ts'
import { networkWord } from '../../wire/byte-view.ts'
import { jenkinsHash3 } from '../../wire/jenkins-hash.ts'
import {
  EXTENSION_AUTH,
  FRAGMENT_PIECE,
  IP_V4,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_IP_OPTIONS,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_PROTOCOL,
  P_SRC,
} from '../../wire/packet-fields.ts'
import {
  PROTO_AH,
  PROTO_DCCP,
  PROTO_ESP,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../../wire/protocols.ts'
import { findHeader } from '../matches/extension-chain.ts'
import { PART_DESTINATION, PART_SOURCE } from '../packet/packet-edits.ts'
import type { RulePacket } from '../packet/rule-packet.ts'

export interface HashQuestion {
  /** Prefix lengths. */
  readonly source: number
  readonly destination: number
  /** Source port << 16 | destination port, or an SPI. */
  readonly portMask: number
  readonly portSet: number
  readonly protocolMask: number
  readonly random: number
  readonly modulus: number
  readonly offset: number
  /** Addresses and ports of the connection instead of the packet's. */
  readonly byConnection: boolean
}

/** Protocols whose header begins with two ports or an SPI; in AH the SPI comes after four bytes. */
const PORTED: ReadonlySet<number> = new Set([
  PROTO_TCP,
  PROTO_UDP,
  PROTO_DCCP,
  PROTO_ESP,
  PROTO_AH,
  PROTO_SCTP,
  PROTO_UDPLITE,
])

/** Sets the mark, or makes it unknown where the capture does not show what is hashed. */
export function hashMark(packet: RulePacket, question: HashQuestion): void {
  const hash = question.byConnection ? ofConnection(packet, question) : ofPacket(packet, question)
  if (hash === CANNOT_TELL) packet.unknownMark = -1
  else if (hash >= 0) {
    packet.mark = (scale(hash, question.modulus) + question.offset) | 0
    packet.unknownMark = 0
  }
}

/** Instead of a hash: the mark stays as it is, or cannot be known from the capture. */
const STAYS = -1
const CANNOT_TELL = -2

function ofConnection(packet: RulePacket, question: HashQuestion): number {
  const { connection, connections, fields, base } = packet
  if (connection < 0) return STAYS
  const words = fields[base + P_FAMILY] === IP_V4 ? 1 : 4
  let source = 0
  let destination = 0
  for (let index = 0; index < words; index++) {
    source ^= connections.address(connection, false, false, index) & maskWord(question.source - 32 * index)
    destination ^= connections.address(connection, true, false, index) & maskWord(question.destination - 32 * index)
  }
  const ports = (connections.port(connection, false, false) << 16) | connections.port(connection, true, false)
  return hashOf(source, destination, ports, connections.protocol(connection), question)
}

function ofPacket(packet: RulePacket, question: HashQuestion): number {
  const { fields, base } = packet
  if (packet.edits.uncertain & (PART_SOURCE | PART_DESTINATION)) return CANNOT_TELL
  // In IPv6 an authentication header counts as the transport.
  const isAuthenticated = (fields[base + P_IP_OPTIONS] & EXTENSION_AUTH) !== 0 && fields[base + P_FAMILY] !== IP_V4
  const protocol = isAuthenticated ? PROTO_AH : fields[base + P_PROTOCOL]
  const start = isAuthenticated ? findHeader(packet, PROTO_AH) : fields[base + P_L4_OFFSET]
  const captured = fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED]
  const isV4 = fields[base + P_FAMILY] === IP_V4
  if (protocol === PROTO_ICMP || protocol === PROTO_ICMPV6) {
    if (start >= captured) return CANNOT_TELL
    const type = packet.bytes[start]
    // The hash of an ICMP error is that of the packet that it quotes.
    if (isV4 ? isIcmpError(type) : isIcmpv6Error(type)) return CANNOT_TELL
  }
  const words = isV4 ? 1 : 4
  let source = 0
  let destination = 0
  for (let index = 0; index < words; index++) {
    source ^= fields[base + P_SRC + index] & maskWord(question.source - 32 * index)
    destination ^= fields[base + P_DST + index] & maskWord(question.destination - 32 * index)
  }
  let ports = 0
  const isIcmp = protocol === (isV4 ? PROTO_ICMP : PROTO_ICMPV6)
  if (isIcmp) return mix(source, destination, 0, question.random)
  const hasPorts = PORTED.has(protocol) && (fields[base + P_FRAGMENT] & FRAGMENT_PIECE) === 0
  const at = start + (protocol === PROTO_AH ? 4 : 0)
  if (hasPorts && question.portMask !== 0) {
    if (at + 4 > captured) return CANNOT_TELL
    ports = networkWord(packet.bytes, at)
  }
  return hashOf(source, destination, hasPorts ? ports : null, protocol, question)
}

/** Both directions of a connection give the same. @param ports null: not looked at */
function hashOf(
  source: number,
  destination: number,
  ports: number | null,
  protocol: number,
  { portMask, portSet, protocolMask, random }: HashQuestion,
): number {
  const asked = ports === null ? 0 : (ports & portMask) | portSet
  const [one, other] = [asked >>> 16, asked & 0xffff]
  const sorted = one > other ? (one << 16) | other : (other << 16) | one
  return (mix(source, destination, sorted, random) ^ (protocol & protocolMask)) >>> 0
}

/** Both directions give the same: the smaller address comes first. */
function mix(source: number, destination: number, ports: number, random: number): number {
  const [low, high] = source >>> 0 < destination >>> 0 ? [source, destination] : [destination, source]
  return jenkinsHash3(low, high, ports, random)
}

/** hash * modulus / 2^32, without losing a bit. */
function scale(hash: number, modulus: number): number {
  const low = Math.floor(((hash & 0xffff) * modulus) / 65536)
  return Math.floor(((hash >>> 16) * modulus + low) / 65536)
}
