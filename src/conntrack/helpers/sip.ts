import { P_PROTOCOL } from '../../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import { IPS_EXPECTED } from '../status.ts'
import { isSameAddress } from './address-text.ts'
import {
  type Announcement,
  HELP_ACCEPT,
  HELP_CANNOT_REWRITE,
  HELP_DROP,
  HELP_NO_PORT,
  HELP_REFUSED,
  type HelpedPacket,
  type Helper,
  isAnswered,
} from './helper.ts'
import {
  addressOf,
  findHeader,
  nextContact,
  numberAt,
  parameter,
  SIP_HEADERS,
  type SipAddress,
  type SipMessage,
  type Span,
  startsWith,
} from './sip-headers.ts'
import { asPhone, expectMedia } from './sip-media.ts'
import { rewrite, translateMessage, withPort } from './sip-nat.ts'
import { LETTER, latin1 } from './text.ts'
import { expectAtFreePort } from './translated.ts'

const SIGNALLING = 0
/** Timeout of a SIP connection, and of a registration that names none. */
const SIP_SECONDS = 3600
const SHORTEST_RESPONSE = 'SIP/2.0 200'.length

interface SipMemory {
  registerSequence: number
  inviteSequence: number
  /** The port named in the Via of a phone that sends from one port and listens on another; 0 for none. */
  forcedPort: number
}

/**
 * SIP (RFC 3261): session descriptions in requests and answers announce media; a registration announces calls. The
 * module's parameters have their defaults: media and signalling only between the ends themselves.
 */
export const SIP: Helper = {
  name: 'sip',
  protocols: [PROTO_TCP, PROTO_UDP],
  ipv6: true,
  policies: [
    { maxExpected: 1, timeoutSeconds: 180 },
    { maxExpected: 4, timeoutSeconds: 180 },
    { maxExpected: 4, timeoutSeconds: 180 },
    { maxExpected: 2, timeoutSeconds: 180 },
  ],
  reads: Number.POSITIVE_INFINITY,
  help(packet: HelpedPacket): number {
    if (packet.payloadLength === 0) return HELP_ACCEPT
    const isTcp = packet.fields[packet.base + P_PROTOCOL] === PROTO_TCP
    if (isTcp && !isAnswered(packet.info)) return HELP_ACCEPT
    packet.setTimeout(SIP_SECONDS)
    const { bytes, payload, payloadLength, family } = packet
    if (payloadLength < SHORTEST_RESPONSE) return HELP_ACCEPT
    const text = latin1(bytes, payload, payload + payloadLength)
    if (!isTcp) return readMessage(packet, { text, family })
    for (const one of messagesOf(text, family)) {
      // If the rest of a message is missing, what was rewritten before it shifts no sequence numbers (oracle).
      if (one === 'in part') packet.growth = 0
      else {
        const made = readMessage(packet, one)
        if (made !== HELP_ACCEPT) return made
      }
    }
    return HELP_ACCEPT
  },
}

/** Messages in a segment, by their lengths; an incomplete one is not read. */
function* messagesOf(text: string, family: number): Generator<SipMessage | 'in part'> {
  let rest = text
  for (;;) {
    const length = findHeader({ text: rest, family }, 0, SIP_HEADERS.CONTENT_LENGTH)
    if (length === null || typeof length === 'number') return
    const bodyBytes = numberAt(rest, length.at)
    if (bodyBytes === null) return
    const headersEnd = rest.indexOf('\r\n\r\n', bodyBytes.end)
    const end = headersEnd + 4 + bodyBytes.value
    if (headersEnd < 0) return
    if (end > rest.length) {
      yield 'in part'
      return
    }
    yield { text: rest.slice(0, end), family }
    rest = rest.slice(end)
  }
}

function readMessage(packet: HelpedPacket, message: SipMessage): number {
  const memory = packet.memory((): SipMemory => ({ registerSequence: 0, inviteSequence: 0, forcedPort: 0 }))
  const made = startsWith(message.text, 0, 'sip/2.0 ')
    ? readResponse(packet, message, memory)
    : readRequest(packet, message, memory)
  return made === HELP_ACCEPT && packet.isTranslated ? translateMessage(packet, message, memory.forcedPort) : made
}

/** What stands after a method: one space and the beginning of an address. */
const ADDRESS_FOLLOWS = new RegExp(`^ ${LETTER}`)
const METHODS = ['invite', 'update', 'ack', 'prack', 'bye', 'register']

function readRequest(packet: HelpedPacket, message: SipMessage, memory: SipMemory): number {
  const { text } = message
  const { direction } = packet
  const via = addressOf(message, SIP_HEADERS.VIA_UDP)
  if (
    via !== null &&
    via.port !== packet.port(direction, false) &&
    isSameAddress(via.words, packet.address(direction, false))
  ) {
    memory.forcedPort = via.port
  }
  const method = METHODS.find(
    (one) => startsWith(text, 0, one) && ADDRESS_FOLLOWS.test(text.slice(one.length, one.length + 2)),
  )
  if (method === undefined) return HELP_ACCEPT
  const sequence = sequenceOf(message)
  if (sequence === null) return HELP_DROP
  switch (method) {
    case 'invite': {
      forgetMedia(packet)
      const result = expectMedia(packet, message)
      if (result === HELP_ACCEPT) memory.inviteSequence = sequence.value
      return result
    }
    case 'bye':
      forgetMedia(packet)
      return HELP_ACCEPT
    case 'register':
      return register(packet, message, memory, sequence.value)
    default:
      return expectMedia(packet, message)
  }
}

function readResponse(packet: HelpedPacket, message: SipMessage, memory: SipMemory): number {
  const { text } = message
  if (text.length < SHORTEST_RESPONSE) return HELP_ACCEPT
  const code = numberAt(text, 'SIP/2.0 '.length)?.value ?? 0
  if (code === 0) return HELP_DROP
  const sequence = sequenceOf(message)
  if (sequence === null) return HELP_DROP
  const at = sequence.span.at + sequence.span.length + 1
  const method = METHODS.find((one) => startsWith(text, at, one))
  switch (method) {
    case 'invite':
    case 'update':
    case 'prack':
      if (code >= 100 && code <= 299) return expectMedia(packet, message)
      if (memory.inviteSequence === sequence.value) forgetMedia(packet)
      return HELP_ACCEPT
    case 'register':
      return memory.registerSequence === sequence.value ? registered(packet, message, code) : HELP_ACCEPT
    default:
      return HELP_ACCEPT
  }
}

function sequenceOf(message: SipMessage): { value: number; span: Span } | null {
  const span = findHeader(message, 0, SIP_HEADERS.CSEQ)
  if (span === null || typeof span === 'number') return null
  const number = numberAt(message.text, span.at)
  return number && { value: number.value, span }
}

function forgetMedia(packet: HelpedPacket): void {
  for (const one of packet.expected()) if (one.policy !== SIGNALLING) packet.forgetExpected(one)
}

function forgetSignalling(packet: HelpedPacket): void {
  const newest = packet.expected().findLast((one) => one.policy === SIGNALLING)
  if (newest !== undefined) packet.forgetExpected(newest)
}

/** Expects calls to the address that registers itself; the expectation becomes active when the registrar agrees. */
function register(packet: HelpedPacket, message: SipMessage, memory: SipMemory, sequence: number): number {
  const { connection, direction } = packet
  if ((packet.connections.status(connection) & IPS_EXPECTED) !== 0) return HELP_ACCEPT
  const contact = nextContact(message, 0, false)
  if (contact === null) return HELP_ACCEPT
  if (!isSameAddress(packet.address(direction, false), contact.words)) return HELP_ACCEPT
  const after = contact.span.at + contact.span.length
  if (!hasSameTransport(packet, message, after)) return HELP_ACCEPT
  const seconds = lifetime(message, after, expiresOf(message))
  if (seconds === null) return HELP_DROP
  if (seconds > 0) {
    const calls = {
      protocol: packet.connections.protocol(connection),
      source: packet.address(1 - direction, false),
      destination: contact.words,
      destinationPort: contact.port,
      policy: SIGNALLING,
      helper: 'sip',
      permanent: true,
      inactive: true,
    }
    if (packet.isTranslated) {
      const made = expectCalls(packet, message, contact, calls, memory.forcedPort)
      if (made !== HELP_ACCEPT) return made
    } else if (packet.expect(calls) !== EXPECT_ADDED) return HELP_REFUSED
  }
  memory.registerSequence = sequence
  return HELP_ACCEPT
}

/** Expects calls to the address that the registrar is told, at the outer port of the connection. */
function expectCalls(
  packet: HelpedPacket,
  message: SipMessage,
  contact: SipAddress,
  calls: Announcement,
  forcedPort: number,
): number {
  const { direction } = packet
  const ownPort = forcedPort || packet.port(direction, false)
  const destination = packet.address(1 - direction, true)
  const wanted = contact.port === ownPort ? packet.port(1 - direction, true) : contact.port
  const follow = asPhone(packet, contact.words, contact.port)
  const port = expectAtFreePort(packet, { ...calls, destination, destinationPort: wanted, follow })
  if (port === 0) return HELP_NO_PORT
  if (isSameAddress(destination, contact.words) && port === contact.port) return HELP_ACCEPT
  const { at, length } = contact.span
  return rewrite(packet, message, at, length, withPort(destination, port, message.family))
    ? HELP_ACCEPT
    : HELP_CANNOT_REWRITE
}

function registered(packet: HelpedPacket, message: SipMessage, code: number): number {
  if (code >= 100 && code <= 199) return HELP_ACCEPT
  if (code >= 200 && code <= 299) {
    const expires = expiresOf(message)
    const own = packet.address(packet.direction, true)
    let at = 0
    for (let isFirst = true; ; isFirst = false) {
      const contact = nextContact(message, at, !isFirst)
      if (contact === null) break
      at = contact.end
      if (!isSameAddress(own, contact.words)) continue
      const after = contact.span.at + contact.span.length
      if (!hasSameTransport(packet, message, after)) continue
      const seconds = lifetime(message, after, expires)
      if (seconds === null) return HELP_DROP
      if (seconds === 0) break
      const awaited = packet
        .expected()
        .findLast(
          (one) =>
            one.policy === SIGNALLING &&
            one.destinationPort === contact.port &&
            isSameAddress(one.destination, contact.words),
        )
      if (awaited === undefined) continue
      packet.renewExpected(awaited, seconds)
      return HELP_ACCEPT
    }
  }
  forgetSignalling(packet)
  return HELP_ACCEPT
}

function expiresOf(message: SipMessage): number {
  const span = findHeader(message, 0, SIP_HEADERS.EXPIRES)
  return span === null || typeof span === 'number' ? 0 : (numberAt(message.text, span.at)?.value ?? 0)
}

/** How long a contact is valid: by its own parameter, else by the header; null when that cannot be read. */
function lifetime({ text }: SipMessage, after: number, expires: number): number | null {
  const at = parameter(text, after, 'expires=')
  if (at < 0) return expires
  return numberAt(text, at)?.value ?? null
}

/** Whether a contact uses the transport of this connection; others announce nothing. */
function hasSameTransport(packet: HelpedPacket, { text }: SipMessage, after: number): boolean {
  const at = parameter(text, after, 'transport=')
  if (at < 0) return true
  const protocol = packet.connections.protocol(packet.connection)
  return startsWith(text, at, protocol === PROTO_TCP ? 'tcp' : 'udp')
}
