import { P_L4_LENGTH } from '../../wire/packet-fields.ts'

const ETHERTYPE_PPP = 0x880b
const VERSION_MASK = 0x07

/** GRE as the tracker tells its packets apart (RFC 2784 version 0, RFC 2637 version 1 with a call identifier). */
export interface GreKey {
  trackable: boolean
  /** Stands for the destination port: the call identifier of PPTP's version 1, else 0. */
  destination: number
  /** Payload protocol of an untrackable packet. */
  payload: number
}

/** Reads the key of a GRE packet into `key`. `at` is the offset of the GRE header. */
export function readGreKey(bytes: Uint8Array, at: number, fields: Int32Array, base: number, key: GreKey): void {
  const length = fields[base + P_L4_LENGTH]
  key.trackable = true
  key.destination = 0
  key.payload = 0
  if (length < 4 || (bytes[at + 1] & VERSION_MASK) !== 1 || length < 8) return
  key.payload = (bytes[at + 2] << 8) | bytes[at + 3]
  key.trackable = key.payload === ETHERTYPE_PPP
  key.destination = (bytes[at + 6] << 8) | bytes[at + 7]
}
