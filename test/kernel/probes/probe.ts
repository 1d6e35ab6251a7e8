/** A short sequence of packets with a name: what a router's kernel says to each is recorded, and can be asked again. */
export interface Probe {
  name: string
  /** IP datagrams, a millisecond apart; or with a time in seconds from the start. */
  packets: readonly (Uint8Array | { bytes: Uint8Array; time: number })[]
  sysctls?: Readonly<Record<string, string>>
}

export const A = '10.0.0.1'
export const B = '10.9.9.9'
/** Transport checksums are right in every probe that does not say otherwise; these spoil headers on purpose. */
export const UNCHECKED = { nf_conntrack_checksum: '0' }

/** The packet with one byte changed. */
export function spoiled(packet: Uint8Array, offset: number, value: (old: number) => number): Uint8Array {
  const copy = packet.slice()
  copy[offset] = value(copy[offset])
  return copy
}
