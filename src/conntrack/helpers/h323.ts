import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import { IPS_EXPECTED } from '../status.ts'
import { isSameAddress } from './address-text.ts'
import { type RasMessage, readRas } from './h225-ras.ts'
import { readSignalling, type Signalling } from './h225-signalling.ts'
import type { H323Address } from './h225-types.ts'
import { type Channels, readControl } from './h245-channels.ts'
import {
  expectTranslated,
  expectTranslatedPair,
  type H323NatMemory,
  isSenderTranslated,
  newNatMemory,
} from './h323-nat.ts'
import {
  type Announcement,
  forgetExpectedAt,
  HELP_ACCEPT,
  HELP_REFUSED,
  type HelpedPacket,
  type Helper,
  isAnswered,
} from './helper.ts'
import { PerError } from './per-decoder.ts'
import { type FrameMemory, messagesInSegment } from './tpkt.ts'

/**
 * Seconds that an announced connection is expected, and that a registration is valid where the message names no time.
 */
const EXPECTED_SECONDS = 240
const REGISTRATION_SECONDS = 300
const UNREGISTRATION_SECONDS = 30

/** H.323's call signalling (H.225.0 in Q.931): announces the control channel, and media where it starts fast. */
export const Q931: Helper = {
  name: 'Q.931',
  protocols: [PROTO_TCP],
  ipv6: true,
  policies: [{ maxExpected: 20, timeoutSeconds: EXPECTED_SECONDS }],
  reads: Number.POSITIVE_INFINITY,
  help: (packet) => readSegment(packet, readSignalling, expectSignalled),
}

/** H.323's control channel (H.245): announces media. */
export const H245: Helper = {
  name: 'H.245',
  protocols: [PROTO_TCP],
  ipv6: true,
  policies: [{ maxExpected: 18, timeoutSeconds: EXPECTED_SECONDS }],
  reads: Number.POSITIVE_INFINITY,
  help: (packet) => readSegment(packet, readControl, expectChannels),
}

/** H.323's registration and admission (RAS): announces call signalling. */
export const RAS: Helper = {
  name: 'RAS',
  protocols: [PROTO_UDP],
  ipv6: true,
  policies: [{ maxExpected: 32, timeoutSeconds: EXPECTED_SECONDS }],
  reads: Number.POSITIVE_INFINITY,
  help(packet: HelpedPacket): number {
    const { bytes, payload, payloadLength } = packet
    if (payloadLength === 0) return HELP_ACCEPT
    const message = readable(() => readRas(bytes, payload, payload + payloadLength))
    return message === null || actOnRas(packet, message) ? HELP_ACCEPT : HELP_REFUSED
  },
}

function newMemory(): FrameMemory & H323NatMemory {
  return { bodyLength: [0, 0], ...newNatMemory() }
}

/** The result of `read`; null where the message cannot be read. The kernel lets such packets pass. */
function readable<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof PerError) return null
    throw error
  }
}

/** Reads the messages of a segment and acts on each, up to one that cannot be read. */
function readSegment<T>(
  packet: HelpedPacket,
  read: (bytes: Uint8Array, from: number, end: number) => T,
  act: (packet: HelpedPacket, message: T, memory: H323NatMemory) => boolean,
): number {
  if (!isAnswered(packet.info) || packet.payloadLength === 0) return HELP_ACCEPT
  const memory = packet.memory(newMemory)
  const { bytes, payload, payloadLength, direction } = packet
  for (const { from, end } of messagesInSegment(bytes, payload, payload + payloadLength, memory, direction)) {
    const message = readable(() => read(bytes, from, end))
    if (message === null) return HELP_ACCEPT
    if (!act(packet, message, memory)) return HELP_REFUSED
  }
  return HELP_ACCEPT
}

/** False where an announced connection cannot be expected: the kernel then drops the packet. */
function expectSignalled(
  packet: HelpedPacket,
  { control, forwarded, channels }: Signalling,
  memory: H323NatMemory,
): boolean {
  if (forwarded !== null && isOfFamily(packet, forwarded) && forwarded.port !== 0) {
    const second = { protocol: PROTO_TCP, destination: forwarded.words, destinationPort: forwarded.port }
    if (isSenderTranslated(packet)) expectForwarded(packet, forwarded)
    else if (!announce(packet, { ...second, helper: 'Q.931' })) return false
  }
  if (control !== null && isSenders(packet, control)) {
    const channel = { protocol: PROTO_TCP, destination: ownEnd(packet), destinationPort: control.port }
    if (!announceOwn(packet, { ...channel, helper: 'H.245' }, memory)) return false
  }
  return channels.every((one) => expectChannels(packet, one, memory))
}

function expectChannels(packet: HelpedPacket, { media, data }: Channels, memory: H323NatMemory): boolean {
  for (const address of media) {
    if (isSenders(packet, address) && !expectMedia(packet, address.port, memory)) return false
  }
  if (data === null || !isSenders(packet, data)) return true
  const t120 = { protocol: PROTO_TCP, destination: ownEnd(packet), destinationPort: data.port }
  return announceOwn(packet, { ...t120, permanent: true }, null)
}

/** RTP at the even port, RTCP at the odd one, whichever was named. */
function expectMedia(packet: HelpedPacket, port: number, memory: H323NatMemory): boolean {
  const stream = { protocol: PROTO_UDP, destination: ownEnd(packet) }
  if (isSenderTranslated(packet)) {
    expectTranslatedPair(packet, { ...stream, source: otherEnd(packet) }, port & ~1, memory)
    return true
  }
  if (!announce(packet, { ...stream, destinationPort: port & ~1 })) return false
  if (announce(packet, { ...stream, destinationPort: port | 1 })) return true
  forgetExpectedAt(packet, port & ~1)
  return false
}

function actOnRas(packet: HelpedPacket, message: RasMessage): boolean {
  const memory = packet.memory(() => ({ seconds: 0, ...newNatMemory() }))
  switch (message.kind) {
    case 'gatekeeper': {
      const { address } = message
      if (address === null || !isOfFamily(packet, address)) return true
      const { direction, connections, connection } = packet
      const isHere = isSenders(packet, address) && address.port === packet.port(direction, false)
      if (isHere || (connections.status(connection) & IPS_EXPECTED) !== 0) return true
      const gatekeeper = { protocol: PROTO_UDP, destination: address.words, destinationPort: address.port }
      return announce(packet, { ...gatekeeper, helper: 'RAS' })
    }
    case 'register': {
      const own = message.calls.find((one) => one !== null && isSenders(packet, one))
      const isExpected = own === undefined || own === null || expectOwnCalls(packet, own.port, memory)
      if (isExpected) memory.seconds = message.seconds ?? REGISTRATION_SECONDS
      return isExpected
    }
    case 'registered':
      if (message.seconds !== null) memory.seconds = message.seconds
      if (memory.seconds > 0) packet.setTimeout(memory.seconds)
      return true
    case 'unregister':
      for (const one of packet.expected()) packet.forgetExpected(one)
      packet.setTimeout(UNREGISTRATION_SECONDS)
      return true
    case 'admitted': {
      const { address } = message
      if (address === null || !isOfFamily(packet, address)) return true
      const isToAsker = isSameAddress(packet.address(packet.direction, true), address.words)
      return isToAsker || expectCalls(packet, address.words, address.port)
    }
    case 'located': {
      const { address } = message
      return address === null || !isOfFamily(packet, address) || expectCalls(packet, address.words, address.port)
    }
    case 'other':
      return true
  }
}

/** Expects calls, any number of them. */
function expectCalls(packet: HelpedPacket, destination: readonly number[], destinationPort: number): boolean {
  return announce(packet, { protocol: PROTO_TCP, destination, destinationPort, helper: 'Q.931', permanent: true })
}

/** Expects calls to the sender, which registers itself. */
function expectOwnCalls(packet: HelpedPacket, destinationPort: number, memory: H323NatMemory): boolean {
  const calls = { protocol: PROTO_TCP, destination: ownEnd(packet), destinationPort, helper: 'Q.931', permanent: true }
  return announceOwn(packet, calls, memory)
}

/** Announces a connection from the other end of this one. */
function announce(packet: HelpedPacket, announced: Omit<Announcement, 'source'>): boolean {
  return packet.expect({ ...announced, source: otherEnd(packet) }) === EXPECT_ADDED
}

/** As `announce`, for a connection to the sender itself; NAT may choose another port for it. */
function announceOwn(
  packet: HelpedPacket,
  announced: Omit<Announcement, 'source'>,
  memory: H323NatMemory | null,
): boolean {
  if (!isSenderTranslated(packet)) return announce(packet, announced)
  expectTranslated(packet, { ...announced, source: otherEnd(packet) }, memory)
  return true
}

/** Expects a call that is forwarded to a third host. */
function expectForwarded(packet: HelpedPacket, { words, port }: H323Address): void {
  const second = { protocol: PROTO_TCP, source: otherEnd(packet), destination: ownEnd(packet), destinationPort: port }
  expectTranslated(packet, { ...second, helper: 'Q.931' }, null, words)
}

function otherEnd(packet: HelpedPacket): number[] {
  return packet.address(1 - packet.direction, false)
}

/** The address under which the other end sees the sender. */
function ownEnd(packet: HelpedPacket): number[] {
  return packet.address(1 - packet.direction, true)
}

function isOfFamily(packet: HelpedPacket, address: H323Address): boolean {
  return address.words.length === packet.address(packet.direction, false).length
}

/** Whether the address is the sender's own; others are ignored. */
function isSenders(packet: HelpedPacket, address: H323Address): boolean {
  if (address.port === 0 || !isOfFamily(packet, address)) return false
  return isSameAddress(packet.address(packet.direction, false), address.words)
}
