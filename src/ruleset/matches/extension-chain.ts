import { extensionLength, isExtensionHeader } from '../../wire/extension-headers.ts'
import { IPV6_HEADER } from '../../wire/header-lengths.ts'
import { P_L3_OFFSET } from '../../wire/packet-fields.ts'
import { PROTO_AH, PROTO_FRAGMENT } from '../../wire/protocols.ts'
import { type Condition, hotdropWhen, NO, UNKNOWN, YES } from '../evaluate/condition.ts'
import type { RulePacket } from '../packet/rule-packet.ts'
import { ask, capturedEnd, wireEnd } from './header-bytes.ts'

const NEXT_HEADER = 6

/** Results of `findHeader` besides an offset. */
const ABSENT = -1
const BROKEN = -2
export const CUT = -3

/** Bytes of an extension header: by its length field, in the unit that its protocol has. */
export function headerLength(protocol: number, bytes: Uint8Array, at: number): number {
  return extensionLength(protocol, bytes[at + 1])
}

/** The offset of the first extension header of this protocol (ipv6_find_hdr), or ABSENT, BROKEN, CUT. */
export function findHeader(packet: RulePacket, wanted: number): number {
  const { bytes, fields, base } = packet
  const start = fields[base + P_L3_OFFSET]
  const end = wireEnd(packet)
  const captured = capturedEnd(packet)
  let protocol = bytes[start + NEXT_HEADER]
  for (let at = start + IPV6_HEADER; ; ) {
    if (!isExtensionHeader(protocol)) return ABSENT
    if (at + 2 > end) return BROKEN
    if (at + 2 > captured) return CUT
    if (protocol === PROTO_FRAGMENT) {
      if (at + 4 > end) return BROKEN
      if (at + 4 > captured) return CUT
      const isLater = (((bytes[at + 2] << 8) | bytes[at + 3]) & ~7) !== 0
      if (isLater && wanted !== PROTO_FRAGMENT) return ABSENT
    }
    if (protocol === wanted) return at
    const next = bytes[at]
    at += headerLength(protocol, bytes, at)
    protocol = next
  }
}

/**
 * Asks about an extension header. A chain that cannot be read drops the packet, and so does a header of which fewer
 * than `bytes` are in the packet, or an authentication header that is not whole; without the header nothing matches.
 * @param test gets the header's offset; `bytes` of it are captured. NO, YES or UNKNOWN.
 */
export function askExtension(
  protocol: number,
  label: string,
  bytes: number,
  test: (packet: RulePacket, at: number) => number,
): Condition[] {
  const isBroken = ask(`broken before the ${label}`, (packet) => {
    const at = findHeader(packet, protocol)
    if (at === CUT) return UNKNOWN
    if (at < 0) return at === BROKEN ? YES : NO
    if (at + bytes > wireEnd(packet)) return YES
    if (protocol !== PROTO_AH) return NO
    return at + headerLength(PROTO_AH, packet.bytes, at) > wireEnd(packet) ? YES : NO
  })
  return [
    hotdropWhen(isBroken),
    ask(label, (packet) => {
      const at = findHeader(packet, protocol)
      if (at === CUT) return UNKNOWN
      if (at < 0 || at + bytes > wireEnd(packet)) return NO
      return at + bytes > capturedEnd(packet) ? UNKNOWN : test(packet, at)
    }),
  ]
}
