import { PROTO_TCP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import {
  HELP_ACCEPT,
  HELP_CANNOT_REWRITE,
  HELP_NO_PORT,
  HELP_REFUSED,
  type HelpedPacket,
  type Helper,
  isAnswered,
} from './helper.ts'
import { latin1, leadingNumber } from './text.ts'
import { asMaster, expectAtFreePort } from './translated.ts'

/** Bytes of a segment that are looked at. */
const SEARCHED = 4095
/**
 * Bytes that a message must have left for `PRIVMSG x `, for a DCC request (`DCC SEND t AAAAAAAA P`), and for its
 * numbers.
 */
const SHORTEST_MESSAGE = 10
const SHORTEST_DCC = 26
const SHORTEST_NUMBERS = 12
const COMMANDS = ['SEND ', 'CHAT ', 'MOVE ', 'TSEND ', 'SCHAT ']

/** IRC: DCC requests of the client announce a connection to itself. */
export const IRC: Helper = {
  name: 'irc',
  protocols: [PROTO_TCP],
  ipv6: false,
  policies: [{ maxExpected: 8, timeoutSeconds: 300 }],
  reads: SEARCHED,
  help(packet: HelpedPacket): number {
    if (packet.direction === 1 || !isAnswered(packet.info) || packet.payloadLength === 0) return HELP_ACCEPT
    const { bytes, payload } = packet
    const text = latin1(bytes, payload, payload + Math.min(packet.payloadLength, SEARCHED))
    const request = dccRequest(text)
    if (request === null || request.port === 0) return HELP_ACCEPT
    const { address, port } = request
    if (address !== packet.address(0, false)[0] && address !== packet.address(1, true)[0]) return HELP_ACCEPT
    const destination = packet.address(1, true)
    const expected = {
      protocol: PROTO_TCP,
      source: null,
      destination,
      destinationPort: port,
      follow: asMaster(packet, 0, port),
    }
    if (!packet.isTranslated) return packet.expect(expected) === EXPECT_ADDED ? HELP_ACCEPT : HELP_REFUSED
    const chosen = expectAtFreePort(packet, expected)
    if (chosen === 0) return HELP_NO_PORT
    const written = `${destination[0] >>> 0} ${chosen}`
    return packet.rewrite(request.length, written.length) ? HELP_ACCEPT : HELP_CANNOT_REWRITE
  },
}

interface DccRequest {
  readonly address: number
  readonly port: number
  /** Length of the text of address and port. */
  readonly length: number
}

/** The first known DCC request; null where it has no numbers. A message without DCC ends the search. */
function dccRequest(text: string): DccRequest | null {
  const limit = text.length
  let at = 0
  while (at < limit - SHORTEST_MESSAGE && ' \r\n'.includes(text[at])) at++
  if (at < limit - SHORTEST_MESSAGE) {
    if (text.slice(at, at + 8).toUpperCase() !== 'PRIVMSG ') return null
    at += 8
  }
  for (;;) {
    const start = text.indexOf(' :', at)
    if (start < 0 || start >= limit - SHORTEST_DCC || !text.startsWith('\x01DCC ', start + 2)) return null
    at = start + 7
    const command = COMMANDS.find((one) => text.startsWith(one, at))
    if (command !== undefined) return readNumbers(text, at + command.length)
  }
}

/** `NAME ADDRESS PORT` and a newline somewhere after it: the address is one decimal number. */
function readNumbers(text: string, from: number): DccRequest | null {
  const blank = text.indexOf(' ', from)
  if (blank < 0 || (blank > from && blank > text.length - SHORTEST_NUMBERS)) return null
  if (!text.includes('\n', blank + 1)) return null
  const address = leadingNumber(text, blank + 1)
  let at = address.end
  while (text[at] === ' ') at++
  if (at >= text.length) return null
  const port = leadingNumber(text, at)
  return { address: address.value | 0, port: port.value & 0xffff, length: port.end - (blank + 1) }
}
