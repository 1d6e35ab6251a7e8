import { hasSourceAlone, MAC_DESTINATION, MAC_SOURCE, macOffset } from '../../wire/mac.ts'
import {
  FRAGMENT_OFFSET_MASK,
  IP_V4,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
} from '../../wire/packet-fields.ts'
import {
  PROTO_HOP_BY_HOP,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_NO_NEXT_HEADER,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../../wire/protocols.ts'
import { NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import { HOOK_OUTPUT } from '../packet/hooks.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import type { Dimension } from './set-definition.ts'

/** One dimension of a set's elements, read from packets into the words of a key. */
export interface DimensionReader {
  /** YES: the words are written. NO: the packet has no such value. UNKNOWN: the capture does not show it. */
  read(packet: RulePacket, source: boolean, key: Int32Array): number
}

/** @param at where the words of the dimension begin in the key */
export function dimensionReader(
  dimension: Dimension,
  at: number,
  addressMask: readonly number[],
  markMask: number,
): DimensionReader {
  switch (dimension) {
    case 'ip':
    case 'net':
      return new AddressReader(at, addressMask)
    case 'port':
      return new PortReader(at, true)
    case 'plain-port':
      return new PortReader(at, false)
    case 'mac':
      return new MacReader(at)
    case 'mark':
      return new MarkReader(at, markMask)
    case 'iface':
      // Several names may match one interface: ElementSet tries them.
      return { read: () => YES }
  }
}

class AddressReader implements DimensionReader {
  readonly #at: number
  readonly #mask: Int32Array

  constructor(at: number, mask: readonly number[]) {
    this.#at = at
    this.#mask = Int32Array.from(mask)
  }

  read(packet: RulePacket, source: boolean, key: Int32Array): number {
    const from = packet.base + (source ? P_SRC : P_DST)
    const mask = this.#mask
    for (let i = 0; i < mask.length; i++) key[this.#at + i] = packet.fields[from + i] & mask[i]
    return YES
  }
}

/**
 * As ip_set_get_ip4_port and ip_set_get_ip6_port: type and code of ICMP count as source and as destination port, and
 * the port of protocols without ports is 0. Those for which the kernel finds no protocol (0 in IPv4, 59 in IPv6) have none.
 */
class PortReader implements DimensionReader {
  readonly #at: number
  readonly #withProtocol: boolean

  constructor(at: number, withProtocol: boolean) {
    this.#at = at
    this.#withProtocol = withProtocol
  }

  read(packet: RulePacket, source: boolean, key: Int32Array): number {
    const { fields, base } = packet
    const protocol = fields[base + P_PROTOCOL]
    const none = fields[base + P_FAMILY] === IP_V4 ? PROTO_HOP_BY_HOP : PROTO_NO_NEXT_HEADER
    if (protocol < 0 || protocol === none) return NO
    const { needed, icmp } = headerOf(protocol)
    if (!this.#withProtocol && protocol !== PROTO_TCP && protocol !== PROTO_UDP) return NO
    if (needed > 0) {
      if ((fields[base + P_FRAGMENT] & FRAGMENT_OFFSET_MASK) !== 0) return NO
      if (fields[base + P_L4_LENGTH] < needed) return NO
      if (fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED] - fields[base + P_L4_OFFSET] < 4) return UNKNOWN
    }
    const ports = fields[base + P_PORTS]
    const port = needed === 0 ? 0 : source || icmp ? ports >>> 16 : ports & 0xffff
    key[this.#at] = this.#withProtocol ? (protocol << 16) | port : port
    return YES
  }
}

interface HeaderNeed {
  /** Bytes of the header that the kernel requires; 0 for protocols without ports. */
  readonly needed: number
  readonly icmp: boolean
}

const NO_PORTS: HeaderNeed = { needed: 0, icmp: false }
const HEADERS: readonly (HeaderNeed | undefined)[] = (() => {
  const headers: (HeaderNeed | undefined)[] = []
  headers[PROTO_TCP] = { needed: 20, icmp: false }
  headers[PROTO_UDP] = { needed: 8, icmp: false }
  headers[PROTO_UDPLITE] = { needed: 8, icmp: false }
  headers[PROTO_SCTP] = { needed: 12, icmp: false }
  headers[PROTO_ICMP] = { needed: 8, icmp: true }
  headers[PROTO_ICMPV6] = { needed: 8, icmp: true }
  return headers
})()

function headerOf(protocol: number): HeaderNeed {
  return HEADERS[protocol] ?? NO_PORTS
}

class MacReader implements DimensionReader {
  readonly #at: number

  constructor(at: number) {
    this.#at = at
  }

  read(packet: RulePacket, source: boolean, key: Int32Array): number {
    if (packet.hook === HOOK_OUTPUT) return NO
    const { fields, base } = packet
    const mac = macOffset(fields, base)
    if (mac < 0 || (!source && hasSourceAlone(fields, base))) return UNKNOWN
    const from = mac + (source ? MAC_SOURCE : MAC_DESTINATION)
    key[this.#at] = threeBytes(packet.bytes, from)
    key[this.#at + 1] = threeBytes(packet.bytes, from + 3)
    return (key[this.#at] | key[this.#at + 1]) === 0 ? NO : YES
  }
}

function threeBytes(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2]
}

class MarkReader implements DimensionReader {
  readonly #at: number
  readonly #mask: number

  constructor(at: number, mask: number) {
    this.#at = at
    this.#mask = mask | 0
  }

  read(packet: RulePacket, _source: boolean, key: Int32Array): number {
    if ((packet.unknownMark & this.#mask) !== 0) return UNKNOWN
    key[this.#at] = packet.mark & this.#mask
    return YES
  }
}
