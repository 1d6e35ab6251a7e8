import { P_MAC_OFFSET } from './packet-fields.ts'

/** Bytes of an Ethernet header, and where addresses and the type stand in it. */
export const ETHERNET_HEADER = 14
export const MAC_DESTINATION = 0
export const MAC_SOURCE = 6
export const MAC_TYPE = 12

/**
 * Bit of P_MAC_OFFSET: of an Ethernet header the frame holds the source alone (cooked captures, NFLOG), as if the
 * header began at the offset.
 */
export const MAC_SOURCE_ALONE = 1 << 30
export const MAC_OFFSET_MASK = MAC_SOURCE_ALONE - 1

/** Says that the source address at this offset is all that the frame holds of an Ethernet header. */
export function setMacSource(fields: Int32Array, base: number, at: number): void {
  fields[base + P_MAC_OFFSET] = (at - MAC_SOURCE) | MAC_SOURCE_ALONE
}

/** Where the Ethernet header would begin that the frame's source address is of; -1 for a frame without such an address. */
export function macOffset(fields: Int32Array, base: number): number {
  const mac = fields[base + P_MAC_OFFSET]
  return mac < 0 ? mac : mac & MAC_OFFSET_MASK
}

/** Whether the frame holds the source of an Ethernet header and nothing else of it. */
export function hasSourceAlone(fields: Int32Array, base: number): boolean {
  const mac = fields[base + P_MAC_OFFSET]
  return mac >= 0 && (mac & MAC_SOURCE_ALONE) !== 0
}
