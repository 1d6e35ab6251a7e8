import {
  CHECKSUM_UNVERIFIED,
  IP_NONE,
  NOTE_CUT,
  NOTE_MALFORMED,
  P_CHECKSUM,
  P_DST,
  P_FAMILY,
  P_FRAGMENT,
  P_HASH,
  P_IP_OPTIONS,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_NOTE,
  P_PORTS,
  P_PROTOCOL,
  P_REFUSED_FAMILY,
  P_SRC,
  P_TCP_ACK,
  P_TCP_FLAGS_WINDOW,
  P_TCP_OPTIONS,
  P_TCP_SACK,
  P_TCP_SEQ,
  P_TOS,
  P_TTL,
} from './packet-fields.ts'

/** Sets the row to that of a frame without a usable datagram. The link fields stay. */
export function refuse(fields: Int32Array, base: number, note: number): void {
  fields.fill(0, base + P_SRC, base + P_DST + 4)
  refuseAddressed(fields, base, note, IP_NONE, -1)
}

/** The same, but keeps P_SRC and P_DST, the addresses of a datagram of this family and protocol (-1 for none). */
export function refuseAddressed(
  fields: Int32Array,
  base: number,
  note: number,
  family: number,
  protocol: number,
): void {
  fields[base + P_FAMILY] = IP_NONE
  fields[base + P_REFUSED_FAMILY] = family
  fields[base + P_NOTE] = note
  fields[base + P_L3_OFFSET] = 0
  fields[base + P_L3_LENGTH] = 0
  fields[base + P_L3_CAPTURED] = 0
  fields[base + P_L4_OFFSET] = 0
  fields[base + P_L4_LENGTH] = 0
  fields[base + P_PROTOCOL] = protocol
  fields[base + P_TTL] = 0
  fields[base + P_TOS] = 0
  fields[base + P_FRAGMENT] = 0
  clearTransport(fields, base)
  fields[base + P_CHECKSUM] = CHECKSUM_UNVERIFIED
  fields[base + P_IP_OPTIONS] = 0
  fields[base + P_HASH] = 0
}

/** Headers need bytes up to `needed`, which the frame does not have: `wireEnd` tells a short frame from a cut one. */
export function refuseShort(fields: Int32Array, base: number, needed: number, wireEnd: number): void {
  refuse(fields, base, shortNote(needed, wireEnd))
}

export function shortNote(needed: number, wireEnd: number): number {
  return needed > wireEnd ? NOTE_MALFORMED : NOTE_CUT
}

export function clearTransport(fields: Int32Array, base: number): void {
  fields[base + P_PORTS] = 0
  clearTcp(fields, base)
}

export function clearTcp(fields: Int32Array, base: number): void {
  fields[base + P_TCP_SEQ] = 0
  fields[base + P_TCP_ACK] = 0
  fields[base + P_TCP_FLAGS_WINDOW] = 0
  fields[base + P_TCP_SACK] = 0
  fields[base + P_TCP_OPTIONS] = 0
}
