import { IP_V4 } from '../../wire/packet-fields.ts'
import { EXPECT_ADDED, EXPECT_BUSY, type Follow } from '../expectations.ts'
import { type Announcement, forgetExpectedAt, type HelpedPacket } from './helper.ts'
import { asMaster, expectAtFreePort, PORT_MAX } from './translated.ts'

/** Streams of one connection that are expected through NAT; more are not. */
const STREAMS_MAX = 4

/** What NAT keeps of a connection of H.323. */
export interface H323NatMemory {
  /** By direction: the port of signalling or control that was announced last, and the port that replaces it outside. */
  signalPorts: [number, number]
  /** Ports of streams, likewise by direction. */
  streamPorts: [number, number][]
}

export const newNatMemory = (): H323NatMemory => ({ signalPorts: [0, 0], streamPorts: [] })

/** Whether the receiver knows the sender by another address, which NAT then writes into messages (IPv4 only). */
export function isSenderTranslated(packet: HelpedPacket): boolean {
  if (!packet.isTranslated || packet.family !== IP_V4) return false
  return packet.address(packet.direction, false)[0] !== packet.address(1 - packet.direction, true)[0]
}

type Awaited = Omit<Announcement, 'follow'>

/**
 * The translation of a connection to a third host. Where the server forwards, the kernel makes it seem to come from the
 * address that it was sent to (oracle: "nat h323: forwarded by a server behind DNAT").
 */
function asForwarded(packet: HelpedPacket, destination: readonly number[], destinationPort: number): Follow {
  const other = 1 - packet.direction
  const source = packet.address(other, packet.direction === 1)
  return { source, sourcePort: -1, destination, destinationPort, onlyFrom: null }
}

/**
 * Expects a TCP connection at the next free port; nothing is expected where there is none.
 * @param forwardedTo where it goes to, when not to the sender
 */
export function expectTranslated(
  packet: HelpedPacket,
  awaited: Awaited,
  memory: H323NatMemory | null,
  forwardedTo: readonly number[] | null = null,
): void {
  const { direction } = packet
  const named = awaited.destinationPort
  const first = memory !== null && memory.signalPorts[direction] === named ? memory.signalPorts[1 - direction] : named
  const follow = forwardedTo === null ? asMaster(packet, direction, named) : asForwarded(packet, forwardedTo, named)
  const port = expectAtFreePort(packet, { ...awaited, destinationPort: first, follow })
  if (port === 0 || memory === null) return
  memory.signalPorts[direction] = named
  memory.signalPorts[1 - direction] = port
}

/** Expects RTP and RTCP at the next pair of free ports. */
export function expectTranslatedPair(
  packet: HelpedPacket,
  awaited: Omit<Awaited, 'destinationPort'>,
  base: number,
  memory: H323NatMemory,
): void {
  const { direction } = packet
  const known = memory.streamPorts.find((ports) => ports[direction] === base)
  if (known === undefined && memory.streamPorts.length >= STREAMS_MAX) return
  for (let port = base; port <= PORT_MAX; port += 2) {
    const rtp = packet.expect({ ...awaited, destinationPort: port, follow: asMaster(packet, direction, base) })
    if (rtp === EXPECT_BUSY) continue
    if (rtp !== EXPECT_ADDED) return
    const follow = asMaster(packet, direction, base + 1)
    const rtcp = packet.expect({ ...awaited, destinationPort: port + 1, follow })
    if (rtcp === EXPECT_ADDED) {
      const ports = known ?? [0, 0]
      ports[direction] = base
      ports[1 - direction] = port
      if (known === undefined) memory.streamPorts.push(ports)
      return
    }
    forgetExpectedAt(packet, port)
    if (rtcp !== EXPECT_BUSY) return
  }
}
