import { addressText } from '../../src/wire/address.ts'
import { verifyTransportChecksum } from '../../src/wire/checksum.ts'
import { decodeFrame } from '../../src/wire/frame.ts'
import * as P from '../../src/wire/packet-fields.ts'

export interface FrameOptions {
  linkType?: number
  captured?: number
  wireLength?: number
}

/** A row in words, for expectations. */
export interface Row {
  family: number
  note: string | null
  src: string
  dst: string
  protocol: number
  ports: string
  l3Length: number
  l3Captured: number
  l4Offset: number
  l4Length: number
  ttl: number
  tos: number
  fragment: number
  ipId: number
  seq: number
  ack: number
  flags: number
  window: number
  sack: number
  tcpOptions: number
  link: number
  vlan: number
  mac: number
  ipOptions: number
}

export function decodeToFields(frame: Uint8Array, options: FrameOptions = {}): Int32Array {
  const fields = new Int32Array(P.PACKET_INTS)
  const captured = options.captured ?? frame.length
  decodeFrame(frame, 0, captured, options.wireLength ?? frame.length, options.linkType ?? 101, fields, 0)
  return fields
}

/** Decodes one frame, raw IP by default. */
export function decode(frame: Uint8Array, options: FrameOptions = {}): Row {
  return rowOf(decodeToFields(frame, options), 0)
}

/** The state of the transport checksum of one frame. */
export function checksumOf(frame: Uint8Array, options: FrameOptions = {}): number {
  return verifyTransportChecksum(frame, decodeToFields(frame, options), 0)
}

export function rowOf(fields: Int32Array, base: number): Row {
  const at = (field: number) => fields[base + field]
  const family = at(P.P_FAMILY)
  const addresses = family || at(P.P_REFUSED_FAMILY)
  return {
    family,
    note: P.NOTE_NAMES[at(P.P_NOTE)],
    src: addressText(fields, base + P.P_SRC, addresses),
    dst: addressText(fields, base + P.P_DST, addresses),
    protocol: at(P.P_PROTOCOL),
    ports: `${at(P.P_PORTS) >>> 16}>${at(P.P_PORTS) & 0xffff}`,
    l3Length: at(P.P_L3_LENGTH),
    l3Captured: at(P.P_L3_CAPTURED),
    l4Offset: at(P.P_L4_OFFSET),
    l4Length: at(P.P_L4_LENGTH),
    ttl: at(P.P_TTL),
    tos: at(P.P_TOS),
    fragment: at(P.P_FRAGMENT),
    ipId: at(P.P_IP_ID) >>> 0,
    seq: at(P.P_TCP_SEQ) >>> 0,
    ack: at(P.P_TCP_ACK) >>> 0,
    flags: (at(P.P_TCP_FLAGS_WINDOW) >>> 16) & 0x1ff,
    window: at(P.P_TCP_FLAGS_WINDOW) & 0xffff,
    sack: at(P.P_TCP_SACK) >>> 0,
    tcpOptions: at(P.P_TCP_OPTIONS),
    link: at(P.P_LINK),
    vlan: at(P.P_VLAN),
    mac: at(P.P_MAC_OFFSET),
    ipOptions: at(P.P_IP_OPTIONS),
  }
}
