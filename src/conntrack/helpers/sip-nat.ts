import { addressText } from '../../wire/address.ts'
import { IP_V6 } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { isSameAddress, readAddress } from './address-text.ts'
import { HELP_ACCEPT, HELP_CANNOT_REWRITE, type HelpedPacket } from './helper.ts'
import { addressLine, sessionStart } from './sdp.ts'
import {
  addressOf,
  findHeader,
  nextContact,
  numberAt,
  parameter,
  requestAddress,
  SIP_HEADERS,
  type SipAddress,
  type SipMessage,
  startsWith,
} from './sip-headers.ts'
import { leadingNumber } from './text.ts'

type Words = readonly number[]

/** Replaces a part of the message; false when the packet would become too long. */
export function rewrite(
  packet: HelpedPacket,
  message: SipMessage,
  at: number,
  length: number,
  written: string,
): boolean {
  if (!packet.rewrite(length, written.length)) return false
  message.text = message.text.slice(0, at) + written + message.text.slice(at + length)
  return true
}

/**
 * Replaces the addresses of the connection's ends by those that the receiver knows: in the request line, the topmost
 * Via and its parameters, all contacts, From and To.
 * @param forcedPort where answers go by the Via of an earlier request; 0 for none
 * @returns a HELP_ code
 */
export function translateMessage(packet: HelpedPacket, message: SipMessage, forcedPort: number): number {
  const isRequest = !startsWith(message.text, 0, 'sip/2.0')
  const translates = (address: SipAddress | null) => address === null || translate(packet, message, address, forcedPort)
  if (isRequest && !translates(requestAddress(message))) return HELP_CANNOT_REWRITE
  if (!translateVia(packet, message, isRequest, forcedPort)) return HELP_CANNOT_REWRITE
  for (let at = 0, isFirst = true; ; isFirst = false) {
    const contact = nextContact(message, at, !isFirst)
    if (contact === null) break
    at = contact.end
    if (!translates(contact)) return HELP_CANNOT_REWRITE
  }
  const both = translates(addressOf(message, SIP_HEADERS.FROM)) && translates(addressOf(message, SIP_HEADERS.TO))
  return both ? HELP_ACCEPT : HELP_CANNOT_REWRITE
}

/** Translates the sender's and the receiver's address; others stay as they are. */
function translate(packet: HelpedPacket, message: SipMessage, address: SipAddress, forcedPort: number): boolean {
  const { direction } = packet
  const { words, port, span } = address
  let seen: Words
  let seenPort: number
  if (isEnd(packet, direction, false, words, port)) {
    seen = packet.address(1 - direction, true)
    seenPort = packet.port(1 - direction, true)
  } else if (isEnd(packet, direction, true, words, port)) {
    seen = packet.address(1 - direction, false)
    seenPort = forcedPort || packet.port(1 - direction, false)
  } else return true
  if (isSameAddress(seen, words) && seenPort === port) return true
  return rewrite(packet, message, span.at, span.length, withPort(seen, seenPort, message.family))
}

function translateVia(packet: HelpedPacket, message: SipMessage, isRequest: boolean, forcedPort: number): boolean {
  const { direction } = packet
  const isTcp = packet.connections.protocol(packet.connection) === PROTO_TCP
  const via = addressOf(message, isTcp ? SIP_HEADERS.VIA_TCP : SIP_HEADERS.VIA_UDP)
  if (via === null || !isEnd(packet, direction, !isRequest, via.words, via.port)) return true
  const length = message.text.length
  if (!translate(packet, message, via, forcedPort)) return false
  const after = via.span.at + via.span.length + message.text.length - length
  const seen = { source: packet.address(1 - direction, true), destination: packet.address(1 - direction, false) }
  const maddr = addressParameter(message, after, 'maddr=', true)
  if (
    maddr !== null &&
    isSameAddress(maddr.words, packet.address(direction, false)) &&
    !isSameAddress(maddr.words, seen.source)
  ) {
    const written = bracketed(seen.source, message.family)
    if (!rewrite(packet, message, maddr.at, maddr.end - maddr.at, written)) return false
  }
  const received = addressParameter(message, after, 'received=', false)
  if (
    received !== null &&
    isSameAddress(received.words, packet.address(direction, true)) &&
    !isSameAddress(received.words, seen.destination)
  ) {
    const written = addressText(seen.destination, 0, message.family)
    if (!rewrite(packet, message, received.at, received.end - received.at, written)) return false
  }
  const at = parameter(message.text, after, 'rport=')
  const rport = at < 0 ? null : numberAt(message.text, at)
  const seenPort = packet.port(1 - direction, false)
  if (rport === null || rport.value !== packet.port(direction, true) || rport.value === seenPort) return true
  return rewrite(packet, message, at, rport.end - at, String(seenPort))
}

/** @param isDelimited IPv6 addresses stand in brackets */
function addressParameter({ text, family }: SipMessage, after: number, name: string, isDelimited: boolean) {
  const at = parameter(text, after, name)
  if (at < 0) return null
  const hasBracket = family === IP_V6 && text[at] === '['
  if (family === IP_V6 && isDelimited && !hasBracket) return null
  const address = readAddress(text, at + (hasBracket ? 1 : 0), text.length, family)
  if (address === null) return null
  const isClosed = family === IP_V6 && text[address.end] === ']'
  if (family === IP_V6 && isDelimited && !isClosed) return null
  return { words: address.words, at, end: address.end + (isClosed ? 1 : 0) }
}

/** Replaces the port of a media line. */
export function writePort(packet: HelpedPacket, message: SipMessage, at: number, port: number): boolean {
  const length = leadingNumber(message.text, at).end - at
  return rewrite(packet, message, at, length, String(port)) && writeContentLength(packet, message)
}

/** Replaces the address of a media's own connection line, the first after `from`. */
export function writeMediaAddress(packet: HelpedPacket, message: SipMessage, from: number, address: Words): boolean {
  const line = addressLine(message, from, 'c=')
  if (line === null) return true
  const written = addressText(address, 0, message.family)
  return rewrite(packet, message, line.at, line.end - line.at, written) && writeContentLength(packet, message)
}

/**
 * Replaces the address in the owner line and the connection line of the whole session. False also where there is no
 * owner line.
 */
export function writeSessionAddress(packet: HelpedPacket, message: SipMessage, address: Words): boolean {
  const start = sessionStart(message)
  const written = addressText(address, 0, message.family)
  const owner = addressLine(message, start, 'o=')
  if (owner === null || !rewrite(packet, message, owner.at, owner.end - owner.at, written)) return false
  const connection = addressLine(message, start, 'c=')
  if (connection !== null && !rewrite(packet, message, connection.at, connection.end - connection.at, written)) {
    return false
  }
  return writeContentLength(packet, message)
}

function writeContentLength(packet: HelpedPacket, message: SipMessage): boolean {
  const start = sessionStart(message)
  const span = findHeader(message, 0, SIP_HEADERS.CONTENT_LENGTH)
  if (start < 0 || span === null || typeof span === 'number') return false
  const length = message.text.length - start + 'v='.length
  return rewrite(packet, message, span.at, span.length, String(length))
}

export function withPort(address: Words, port: number, family: number): string {
  return `${bracketed(address, family)}:${port}`
}

function bracketed(address: Words, family: number): string {
  const text = addressText(address, 0, family)
  return family === IP_V6 ? `[${text}]` : text
}

function isEnd(packet: HelpedPacket, direction: number, destination: boolean, words: Words, port: number): boolean {
  return packet.port(direction, destination) === port && isSameAddress(packet.address(direction, destination), words)
}
