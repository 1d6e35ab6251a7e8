import { PROTO_UDP } from '../../wire/protocols.ts'
import { EXPECT_ADDED, EXPECT_ALREADY, EXPECT_BUSY, type Follow, type PendingExpectation } from '../expectations.ts'
import { isSameAddress } from './address-text.ts'
import {
  type Announcement,
  forgetExpectedAt,
  HELP_ACCEPT,
  HELP_CANNOT_REWRITE,
  HELP_DROP,
  HELP_NO_PORT,
  HELP_REFUSED,
  type HelpedPacket,
} from './helper.ts'
import { addressLine, type Media, mediaOf, sessionStart } from './sdp.ts'
import type { SipMessage } from './sip-headers.ts'
import { writeMediaAddress, writePort, writeSessionAddress } from './sip-nat.ts'
import { PORT_MAX } from './translated.ts'

/**
 * Announces the streams of a session description, and rewrites their addresses and ports for NAT.
 * @returns a HELP_ code
 */
export function expectMedia(packet: HelpedPacket, message: SipMessage): number {
  const start = sessionStart(message)
  // The owner line gets the address of the connection line, unless a stream has another.
  let address = start < 0 ? null : (addressLine(message, start, 'c=')?.words ?? null)
  for (const media of mediaOf(message)) {
    if (media === 'impossible') return HELP_DROP
    const awaited = expectStream(packet, message, media)
    if (typeof awaited === 'number') return awaited
    address = awaited
    if (!packet.isTranslated || !media.hasOwnAddress) continue
    if (!writeMediaAddress(packet, message, media.portAt, address)) return HELP_CANNOT_REWRITE
  }
  if (address === null || !packet.isTranslated || writeSessionAddress(packet, message, address)) return HELP_ACCEPT
  return HELP_CANNOT_REWRITE
}

/**
 * Expects RTP at an even port and RTCP at the next odd one (RFC 3550, section 11), from the other end of the
 * connection.
 * @returns the stream's address as the receiver knows it, or a HELP_ code
 */
function expectStream(packet: HelpedPacket, message: SipMessage, media: Media): readonly number[] | number {
  const { direction } = packet
  const other = 1 - direction
  if (!isSameAddress(packet.address(direction, false), media.address)) return media.address
  const source = packet.address(other, false)
  let { address, port } = media
  let one = expectedByOthers(packet, source, address, port, media.policy)
  let isDirect = false
  if (one?.follow && packet.isTranslated) {
    // Both ends are behind this NAT, and are assumed to reach each other directly.
    isDirect = true
    address = one.follow.destination
    port = one.follow.destinationPort
    one = expectedByOthers(packet, source, address, port, media.policy)
  }
  const base = port & ~1
  if (isDirect && !writePort(packet, message, media.portAt, base)) return HELP_CANNOT_REWRITE
  if (one !== null) return address
  const stream = { protocol: PROTO_UDP, source, destination: address, policy: media.policy, anyMaster: true }
  if (!packet.isTranslated || isDirect) return expectPair(packet, stream, base) ? address : HELP_REFUSED
  return expectTranslated(packet, message, media, stream, base)
}

type Stream = Omit<Announcement, 'destinationPort'>

function expectPair(packet: HelpedPacket, stream: Stream, base: number): boolean {
  const rtp = packet.expect({ ...stream, destinationPort: base })
  if (rtp !== EXPECT_ADDED && rtp !== EXPECT_ALREADY) return false
  const rtcp = packet.expect({ ...stream, destinationPort: base + 1 })
  if (rtcp === EXPECT_ADDED || rtcp === EXPECT_ALREADY) return true
  if (rtp === EXPECT_ADDED) forgetExpectedAt(packet, base)
  return false
}

/** Expects both at the address that the receiver knows, at the next pair of free ports. */
function expectTranslated(
  packet: HelpedPacket,
  message: SipMessage,
  media: Media,
  stream: Stream,
  base: number,
): readonly number[] | number {
  const { direction } = packet
  const destination = packet.address(1 - direction, true)
  for (let port = base; port <= PORT_MAX; port += 2) {
    const rtp = packet.expect({
      ...stream,
      destination,
      destinationPort: port,
      follow: asPhone(packet, media.address, base),
    })
    if (rtp === EXPECT_BUSY) continue
    if (rtp !== EXPECT_ADDED) return HELP_NO_PORT
    const follow = asPhone(packet, media.address, base + 1)
    const rtcp = packet.expect({ ...stream, destination, destinationPort: port + 1, follow })
    if (rtcp === EXPECT_ADDED) {
      return port === base || writePort(packet, message, media.portAt, port) ? destination : HELP_CANNOT_REWRITE
    }
    forgetExpectedAt(packet, port)
    if (rtcp !== EXPECT_BUSY) break
  }
  return HELP_NO_PORT
}

/**
 * The translation of a connection to the host that announced it. The source changes only if it is the other end of the
 * call.
 */
export function asPhone(packet: HelpedPacket, destination: readonly number[], destinationPort: number): Follow | null {
  const { direction } = packet
  if (!packet.isTranslated) return null
  const source = packet.address(direction, true)
  return { source, sourcePort: -1, destination, destinationPort, onlyFrom: packet.address(1 - direction, false) }
}

/**
 * Whether the stream is expected for another connection already: a call to several ends offers it on several
 * connections.
 */
function expectedByOthers(
  packet: HelpedPacket,
  source: readonly number[],
  destination: readonly number[],
  port: number,
  policy: number,
): PendingExpectation | null {
  const tuple = { protocol: PROTO_UDP, source, sourcePort: 0, destination, destinationPort: port }
  const one = packet.findExpected(tuple)
  if (one === null || one.master === packet.connection || one.policy !== policy) return null
  return packet.isHelpedAlike(one.master) ? one : null
}
