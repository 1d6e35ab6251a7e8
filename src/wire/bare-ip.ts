import { decodeIpv4 } from './ipv4.ts'
import { decodeIpv6 } from './ipv6.ts'
import { NOTE_NOT_IP } from './packet-fields.ts'
import { refuse, refuseShort } from './refuse.ts'

/** For link layers that carry bare IP: the version field tells IPv4 from IPv6. */
export function decodeByVersion(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  fields: Int32Array,
  base: number,
): void {
  const version = at < end ? bytes[at] >>> 4 : 0
  if (version === 4) decodeIpv4(bytes, at, end, wireEnd, fields, base)
  else if (version === 6) decodeIpv6(bytes, at, end, wireEnd, fields, base)
  else if (at >= end) refuseShort(fields, base, at + 1, wireEnd)
  else refuse(fields, base, NOTE_NOT_IP)
}
