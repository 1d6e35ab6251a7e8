import { macOffset } from '../../wire/mac.ts'
import {
  IP_V4,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  P_TOS,
  P_TTL,
  PACKET_INTS,
} from '../../wire/packet-fields.ts'
import {
  PROTO_DCCP,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../../wire/protocols.ts'
import { HOOK_FORWARD, HOOK_POSTROUTING } from './hooks.ts'

/** Parts of a packet that targets change. */
export const PART_TTL = 1
export const PART_TOS = 2
export const PART_TCP_FLAGS = 4
export const PART_TCP_OPTIONS = 8
/** The lengths and the TCP data offset of a packet that grew. */
export const PART_LENGTH = 16
export const PART_SOURCE = 32
export const PART_DESTINATION = 64
/** The transport checksum, where nothing else in the header changes. */
const PART_CHECKSUM = 128
/** Where routing sends the packet: to this machine, whatever its destination. */
export const PART_ROUTE = 256
export const ALL_PARTS = 511
/**
 * What CT and NOTRACK attach to the packet for the tracker. Never uncertain: the interpreter follows both
 * possibilities.
 */
export const PART_TRACKING = 512

const UDP_SUM = 6
/** By protocol: offsets in the transport header of the ports or the identifier, and of the checksum, or -1. */
const TRANSPORT_PLACES: ReadonlyMap<number, readonly [number, number]> = new Map([
  [PROTO_ICMP, [4, 2]],
  [PROTO_TCP, [0, 16]],
  [PROTO_UDP, [0, UDP_SUM]],
  [PROTO_DCCP, [0, 6]],
  [PROTO_ICMPV6, [4, 2]],
  [PROTO_SCTP, [0, -1]],
  [PROTO_UDPLITE, [0, 6]],
])

/** Bytes that TCPMSS may add. */
const GROWTH = 4

/** What is needed of a packet (RulePacket) here. */
interface EditedPacket {
  bytes: Uint8Array
  readonly fields: Int32Array
  readonly base: number
  readonly hook: number
  readonly forwarded: boolean
}

/** A saved state of a packet's edits, to be restored later. */
export interface SavedEdits {
  readonly parts: number
  readonly uncertain: number
  /** The packet's row. A plain array, since many are made and typed arrays are slow to create. */
  readonly row: readonly number[]
  /** Null while the bytes are the capture's. */
  readonly bytes: Uint8Array | null
}

/**
 * The changes that rules made to the current packet. Header fields are changed in the packet's row, which is restored
 * when the packet has been processed. The capture's bytes are never changed, only a copy with the same offsets, made at
 * the first change.
 */
export class PacketEdits {
  /** PART_ bits that were changed. */
  parts = 0
  /** PART_ bits that a rule may have changed that could not be decided, or whose result is unknown. */
  uncertain = 0
  readonly #row = new Int32Array(PACKET_INTS)
  #copy = new Uint8Array(0)
  /** The capture's bytes, while the packet has a copy. */
  #original: Uint8Array | null = null

  /** Called before a packet is processed. */
  begin(): void {
    this.parts = 0
    this.uncertain = 0
    this.#original = null
  }

  /** Called when the packet has been processed: restores its row and bytes. */
  undo(packet: EditedPacket): void {
    this.uncertain = 0
    if (this.parts !== 0) {
      packet.fields.set(this.#row, packet.base)
      this.parts = 0
    }
    if (this.#original !== null) {
      packet.bytes = this.#original
      this.#original = null
    }
  }

  /** Must be called before a part of the row or of the bytes is changed. */
  willChange(packet: EditedPacket, parts: number): void {
    if (this.parts === 0) {
      const { fields, base } = packet
      for (let index = 0; index < PACKET_INTS; index++) this.#row[index] = fields[base + index]
    }
    this.parts |= parts
  }

  /** The bytes as they stand in the kernel's buffer now: with the changes, and the TTL that routing leaves. */
  visibleBytes(packet: EditedPacket): Uint8Array {
    if (this.parts === 0 && !isForwarded(packet)) return packet.bytes
    return this.ownBytes(packet)
  }

  /** As `visibleBytes`, but always a copy, which may be changed. */
  ownBytes(packet: EditedPacket): Uint8Array {
    if (this.#original === null) {
      const { fields, base } = packet
      const start = fields[base + P_L3_OFFSET]
      const end = start + fields[base + P_L3_CAPTURED]
      const mac = macOffset(fields, base)
      if (this.#copy.length < end + GROWTH) this.#copy = new Uint8Array(2 * (end + GROWTH))
      const from = mac >= 0 && mac < start ? mac : start
      this.#copy.set(packet.bytes.subarray(from, end), from)
      this.#original = packet.bytes
      packet.bytes = this.#copy
    }
    this.#follow(packet)
    return packet.bytes
  }

  save(packet: EditedPacket): SavedEdits {
    const { fields, base } = packet
    const start = fields[base + P_L3_OFFSET]
    return {
      parts: this.parts,
      uncertain: this.uncertain,
      row: copyOf(fields, base),
      bytes: this.#original === null ? null : packet.bytes.slice(start, start + fields[base + P_L3_CAPTURED]),
    }
  }

  restore(packet: EditedPacket, saved: SavedEdits): void {
    if (saved.parts !== 0) this.willChange(packet, 0)
    if (this.parts !== 0 || saved.parts !== 0) packet.fields.set(saved.row, packet.base)
    this.parts = saved.parts
    this.uncertain = saved.uncertain
    if (saved.bytes !== null) {
      this.ownBytes(packet)
      packet.bytes.set(saved.bytes, saved.row[P_L3_OFFSET])
    } else if (this.#original !== null) {
      packet.bytes = this.#original
      this.#original = null
    }
  }

  /** Marks all parts as uncertain in which the packet differs from its state in another world. */
  doubt(packet: EditedPacket, other: SavedEdits): void {
    const { fields, base } = packet
    const { row } = other
    const differs = (index: number, mask = -1): boolean => ((fields[base + index] ^ row[index]) & mask) !== 0
    let parts = other.uncertain
    parts |= (this.parts ^ other.parts) & PART_ROUTE
    if (differs(P_TTL)) parts |= PART_TTL
    if (differs(P_TOS)) parts |= PART_TOS
    if (differs(P_TCP_FLAGS_WINDOW, 0xff_0000)) parts |= PART_TCP_FLAGS
    if (differs(P_L3_LENGTH)) parts |= PART_LENGTH
    for (let index = 0; index < 4; index++) {
      if (differs(P_SRC + index)) parts |= PART_SOURCE
      if (differs(P_DST + index)) parts |= PART_DESTINATION
    }
    if (!this.#hasBytes(packet, other)) parts |= PART_TCP_OPTIONS | PART_CHECKSUM
    this.uncertain |= parts
  }

  #hasBytes(packet: EditedPacket, { bytes, row }: SavedEdits): boolean {
    const own = this.#original === null ? null : this.save(packet).bytes
    if (own === null || bytes === null) {
      const start = row[P_L3_OFFSET]
      const original = (this.#original ?? packet.bytes).subarray(start, start + row[P_L3_CAPTURED])
      const other = own ?? bytes
      return other === null || Buffer.compare(other, original) === 0
    }
    return Buffer.compare(own, bytes) === 0
  }

  /** Whether any of the bytes from `from` up to `to` may have been changed by a rule that could not be decided. */
  isUncertain(packet: EditedPacket, from: number, to: number): boolean {
    const { uncertain } = this
    if (uncertain === 0) return false
    const { fields, base } = packet
    const start = fields[base + P_L3_OFFSET]
    const transport = fields[base + P_L4_OFFSET]
    const touches = (first: number, end: number): boolean => from < end && to > first
    const isV4 = fields[base + P_FAMILY] === IP_V4
    if (isV4 && uncertain & (PART_TTL | PART_TOS | PART_LENGTH) && touches(start + 10, start + 12)) return true
    if (uncertain & PART_TTL && touches(start + (isV4 ? 8 : 7), start + (isV4 ? 9 : 8))) return true
    if (uncertain & PART_TOS && touches(start, start + 2)) return true
    if (uncertain & (PART_SOURCE | PART_DESTINATION) && touches(start + 8, start + 40)) return true
    if (uncertain & PART_LENGTH && (touches(start + 2, start + 6) || to > transport + 12)) return true
    if (uncertain & PART_TCP_FLAGS && touches(transport + 12, transport + 14)) return true
    if (uncertain & PART_TCP_OPTIONS && touches(transport + 20, transport + 60)) return true
    const checked = PART_TCP_FLAGS | PART_TCP_OPTIONS | PART_LENGTH | PART_CHECKSUM
    return (uncertain & checked) !== 0 && touches(transport, transport + 18)
  }

  /** Writes the row's values into the bytes of the header. */
  #follow(packet: EditedPacket): void {
    const { bytes, fields, base } = packet
    const at = fields[base + P_L3_OFFSET]
    const isV4 = fields[base + P_FAMILY] === IP_V4
    const ttl = visibleTtl(packet)
    const tos = fields[base + P_TOS]
    if (isV4) {
      if (bytes[at + 8] !== ttl) changeWord(bytes, at + 8, (ttl << 8) | bytes[at + 9], at + 10)
      if (bytes[at + 1] !== tos) changeWord(bytes, at, (bytes[at] << 8) | tos, at + 10)
    } else {
      bytes[at + 7] = ttl
      bytes[at] = (bytes[at] & 0xf0) | (tos >> 4)
      bytes[at + 1] = (bytes[at + 1] & 0x0f) | ((tos & 15) << 4)
    }
    if (this.parts & (PART_SOURCE | PART_DESTINATION)) followAddresses(packet, at, isV4)
  }
}

function copyOf(fields: Int32Array, base: number): number[] {
  const row: number[] = []
  for (let index = 0; index < PACKET_INTS; index++) row.push(fields[base + index])
  return row
}

/** Whether routing has decreased the packet's TTL. */
export function isForwarded(packet: EditedPacket): boolean {
  return packet.hook === HOOK_FORWARD || (packet.hook === HOOK_POSTROUTING && packet.forwarded)
}

/** The TTL that rules see: routing decreases it before FORWARD. */
export function visibleTtl(packet: EditedPacket): number {
  return packet.fields[packet.base + P_TTL] - (isForwarded(packet) ? 1 : 0)
}

/** Writes the addresses and ports that NAT or prefix translation gave the row, and adjusts the checksums. */
function followAddresses(packet: EditedPacket, at: number, isV4: boolean): void {
  const { bytes, fields, base } = packet
  const transport = fields[base + P_L4_OFFSET]
  const captured = at + fields[base + P_L3_CAPTURED] - transport
  const [port, sum] = TRANSPORT_PLACES.get(fields[base + P_PROTOCOL]) ?? [-1, -1]
  const isSummed = sum >= 0 && captured >= sum + 2
  // UDP without a checksum stays without; the checksum of ICMP does not cover the addresses.
  const isSent = isSummed && (sum !== UDP_SUM || bytes[transport + sum] !== 0 || bytes[transport + sum + 1] !== 0)
  const coversAddresses = isSent && port === 0
  const write = (place: number, value: number, sums: readonly number[]): void => {
    const old = (bytes[place] << 8) | bytes[place + 1]
    if (old === value) return
    bytes[place] = value >> 8
    bytes[place + 1] = value
    for (const one of sums) adjustChecksum(bytes, one, old, value)
  }
  const header = isV4 ? [at + 10] : []
  const sums = coversAddresses || (isSent && !isV4) ? [...header, transport + sum] : header
  for (let half = 0; half < (isV4 ? 2 : 8); half++) {
    const shift = half & 1 ? 0 : 16
    write(at + (isV4 ? 12 : 8) + 2 * half, (fields[base + P_SRC + (half >> 1)] >>> shift) & 0xffff, sums)
    write(at + (isV4 ? 16 : 24) + 2 * half, (fields[base + P_DST + (half >> 1)] >>> shift) & 0xffff, sums)
  }
  const own = isSent ? [transport + sum] : []
  const ports = fields[base + P_PORTS]
  if (port === 0 && captured >= 4) {
    write(transport, ports >>> 16, own)
    write(transport + 2, ports & 0xffff, own)
  } else if (port > 0 && captured >= port + 2) write(transport + port, ports & 0xffff, own)
}

/** Writes 16 bits and adjusts the checksum at `sumAt` (RFC 1624). */
export function changeWord(bytes: Uint8Array, at: number, value: number, sumAt: number): void {
  const old = (bytes[at] << 8) | bytes[at + 1]
  bytes[at] = value >> 8
  bytes[at + 1] = value
  adjustChecksum(bytes, sumAt, old, value)
}

/** Adjusts the checksum at `sumAt` to a change of 16 bits that it covers. */
export function adjustChecksum(bytes: Uint8Array, sumAt: number, old: number, value: number): void {
  let sum = (~((bytes[sumAt] << 8) | bytes[sumAt + 1]) & 0xffff) + (~old & 0xffff) + value
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = (sum & 0xffff) + (sum >>> 16)
  bytes[sumAt] = ~sum >> 8
  bytes[sumAt + 1] = ~sum
}
