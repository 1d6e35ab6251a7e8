import {
  IP_V4,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_OFFSET,
  P_L4_OFFSET,
  P_MAC_OFFSET,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  P_TOS,
  P_TTL,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import { HOOK_FORWARD, HOOK_POSTROUTING, type RulePacket } from './rule-packet.ts'

/** Parts of a packet that targets change. */
export const PART_TTL = 1
export const PART_TOS = 2
export const PART_TCP_FLAGS = 4
export const PART_TCP_OPTIONS = 8
/** The packet grew: its lengths and the TCP data offset. */
export const PART_LENGTH = 16
export const PART_SOURCE = 32
export const PART_DESTINATION = 64
/** The transport checksum, where nothing else of the header changes with it. */
export const PART_CHECKSUM = 128

/** Room for what TCPMSS adds. */
const GROWTH = 4
const TCP_CHECKSUM = 16
const TCP_FLAGS = 13

/** The state of a packet's edits, to come back to. */
export interface SavedEdits {
  readonly parts: number
  readonly uncertain: number
  readonly row: Int32Array
  /** Null while the bytes are the capture's. */
  readonly bytes: Uint8Array | null
}

/**
 * What rules changed of the one packet that they are looking at. Header fields are changed in the packet's row, which
 * gets its old contents back when the packet is through. Bytes are never changed in the capture's buffer, but in a copy that
 * stands at the same offsets, made when it is needed first.
 */
export class PacketEdits {
  /** PART_ bits that were changed. */
  parts = 0
  /** PART_ bits that an undecidable rule, or one with an unknown result, may have changed. */
  uncertain = 0
  readonly #row = new Int32Array(PACKET_INTS)
  #copy = new Uint8Array(0)
  /** The capture's bytes, while the packet has a copy. */
  #original: Uint8Array | null = null

  /** Before a packet starts on its way. */
  begin(): void {
    this.parts = 0
    this.uncertain = 0
    this.#original = null
  }

  /** When the packet is through: its row and bytes are again as the capture has them. */
  undo(packet: RulePacket): void {
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
  willChange(packet: RulePacket, parts: number): void {
    if (this.parts === 0) {
      const { fields, base } = packet
      for (let index = 0; index < PACKET_INTS; index++) this.#row[index] = fields[base + index]
    }
    this.parts |= parts
  }

  /** The bytes as they stand in the kernel's buffer now: with the changes, and the TTL that routing leaves. */
  visibleBytes(packet: RulePacket): Uint8Array {
    if (this.parts === 0 && !isForwarded(packet)) return packet.bytes
    return this.ownBytes(packet)
  }

  /** As `visibleBytes`, but always a copy, which may be changed. */
  ownBytes(packet: RulePacket): Uint8Array {
    if (this.#original === null) {
      const { fields, base } = packet
      const start = fields[base + P_L3_OFFSET]
      const end = start + fields[base + P_L3_CAPTURED]
      const mac = fields[base + P_MAC_OFFSET]
      if (this.#copy.length < end + GROWTH) this.#copy = new Uint8Array(2 * (end + GROWTH))
      const from = mac >= 0 && mac < start ? mac : start
      this.#copy.set(packet.bytes.subarray(from, end), from)
      this.#original = packet.bytes
      packet.bytes = this.#copy
    }
    this.#follow(packet)
    return packet.bytes
  }

  save(packet: RulePacket): SavedEdits {
    const { fields, base } = packet
    const start = fields[base + P_L3_OFFSET]
    return {
      parts: this.parts,
      uncertain: this.uncertain,
      row: fields.slice(base, base + PACKET_INTS),
      bytes: this.#original === null ? null : packet.bytes.slice(start, start + fields[base + P_L3_CAPTURED]),
    }
  }

  restore(packet: RulePacket, saved: SavedEdits): void {
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

  /** Brings the header's bytes up to the row. */
  #follow(packet: RulePacket): void {
    const { bytes, fields, base } = packet
    const at = fields[base + P_L3_OFFSET]
    const isV4 = fields[base + P_FAMILY] === IP_V4
    const ttl = visibleTtl(packet)
    const tos = fields[base + P_TOS]
    if (isV4) {
      if (bytes[at + 8] !== ttl) changeWord(bytes, at + 8, (ttl << 8) | bytes[at + 9], at + 10)
      if (bytes[at + 1] !== tos) changeWord(bytes, at, (bytes[at] << 8) | tos, at + 10)
      return
    }
    bytes[at + 7] = ttl
    bytes[at] = (bytes[at] & 0xf0) | (tos >> 4)
    bytes[at + 1] = (bytes[at + 1] & 0x0f) | ((tos & 15) << 4)
    if (this.parts & (PART_SOURCE | PART_DESTINATION)) {
      for (let index = 0; index < 16; index++) {
        const shift = 24 - 8 * (index & 3)
        bytes[at + 8 + index] = fields[base + P_SRC + (index >> 2)] >>> shift
        bytes[at + 24 + index] = fields[base + P_DST + (index >> 2)] >>> shift
      }
    }
  }
}

function isForwarded(packet: RulePacket): boolean {
  return packet.hook === HOOK_FORWARD || (packet.hook === HOOK_POSTROUTING && packet.forwarded)
}

/** The TTL that rules see: routing takes one off before FORWARD. */
export function visibleTtl(packet: RulePacket): number {
  return packet.fields[packet.base + P_TTL] - (isForwarded(packet) ? 1 : 0)
}

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

/** @param clear flag bits as in the TCP header's 14th byte */
export function clearTcpFlags(packet: RulePacket, clear: number): void {
  const { edits, fields, base } = packet
  const at = fields[base + P_L4_OFFSET]
  edits.willChange(packet, PART_TCP_FLAGS)
  const bytes = edits.ownBytes(packet)
  fields[base + P_TCP_FLAGS_WINDOW] &= ~(clear << 16)
  const high = (bytes[at + TCP_FLAGS - 1] << 8) | (bytes[at + TCP_FLAGS] & ~clear)
  changeWord(bytes, at + TCP_FLAGS - 1, high, at + TCP_CHECKSUM)
}

/** Writes 16 bits and makes the checksum at `sumAt` follow (RFC 1624). */
export function changeWord(bytes: Uint8Array, at: number, value: number, sumAt: number): void {
  const old = (bytes[at] << 8) | bytes[at + 1]
  bytes[at] = value >> 8
  bytes[at + 1] = value
  adjustChecksum(bytes, sumAt, old, value)
}

/** The checksum at `sumAt` follows a change of 16 bits of what it covers. */
export function adjustChecksum(bytes: Uint8Array, sumAt: number, old: number, value: number): void {
  let sum = (~((bytes[sumAt] << 8) | bytes[sumAt + 1]) & 0xffff) + (~old & 0xffff) + value
  sum = (sum & 0xffff) + (sum >>> 16)
  sum = (sum & 0xffff) + (sum >>> 16)
  bytes[sumAt] = ~sum >> 8
  bytes[sumAt + 1] = ~sum
}
