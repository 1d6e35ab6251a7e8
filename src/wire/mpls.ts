import { decodeByVersion } from './bare-ip.ts'
import { refuseShort } from './refuse.ts'

/** MPLS does not say what its payload is; the first four bits after the stack tell IPv4 from IPv6 (RFC 4928). */
export function decodeMpls(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  let bottom = false
  while (!bottom && at + 4 <= end) {
    bottom = (bytes[at + 2] & 1) !== 0
    at += 4
  }
  if (!bottom || at >= end) refuseShort(fields, base, at + 1, wireEnd)
  else decodeByVersion(bytes, at, end, wireEnd, fields, base)
}
