import { P_TCP_SEQ } from '../../wire/packet-fields.ts'
import { PROTO_TCP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import { after, before } from '../sequence.ts'
import { isSameAddress } from './address-text.ts'
import { announcementText, type FtpAddress, type FtpAnnouncement, findAnnouncement, PARTLY } from './ftp-commands.ts'
import {
  HELP_ACCEPT,
  HELP_CANNOT_REWRITE,
  HELP_DROP,
  HELP_NO_PORT,
  HELP_REFUSED,
  type HelpedPacket,
  type Helper,
  isAnswered,
} from './helper.ts'
import { asMaster, expectAtFreePort } from './translated.ts'

const NEWLINE = 0x0a

/** Sequence numbers at which lines are known to start: up to two for each direction. */
interface FtpMemory {
  readonly lineStarts: readonly [number[], number[]]
}

/**
 * FTP (RFC 959, 2428): PORT and EPRT of the client and the answers 227 and 229 of the server announce the data
 * connection. Only segments that begin where a line is known to start are read, so the first of each direction is not.
 */
export const FTP: Helper = {
  name: 'ftp',
  protocols: [PROTO_TCP],
  ipv6: true,
  policies: [{ maxExpected: 1, timeoutSeconds: 300 }],
  reads: Number.POSITIVE_INFINITY,
  help(packet: HelpedPacket): number {
    if (!isAnswered(packet.info) || packet.payloadLength === 0) return HELP_ACCEPT
    const { bytes, payload, payloadLength, direction } = packet
    const { lineStarts } = packet.memory(newMemory)
    const sequence = packet.fields[packet.base + P_TCP_SEQ]
    let result = HELP_ACCEPT
    if (lineStarts[direction].includes(sequence)) {
      const sender: FtpAddress = { family: packet.family, words: packet.address(direction, false), port: 0 }
      const found = findAnnouncement(bytes, payload, payload + payloadLength, direction, sender)
      if (found === PARTLY) return HELP_DROP
      // Only the sender's own address counts (the module's parameter `loose` is 0).
      if (found !== null && isSameAddress(sender.words, found.words)) result = announce(packet, found)
    }
    if (bytes[payload + payloadLength - 1] === NEWLINE) {
      rememberLineStart(lineStarts[direction], (sequence + payloadLength) | 0)
    }
    return result
  },
}

function newMemory(): FtpMemory {
  return { lineStarts: [[], []] }
}

function announce(packet: HelpedPacket, announced: FtpAnnouncement): number {
  const { direction, family } = packet
  const other = 1 - direction
  const words = packet.address(other, true)
  const awaited = {
    protocol: PROTO_TCP,
    source: packet.address(other, false),
    destination: words,
    destinationPort: announced.port,
    follow: asMaster(packet, direction, announced.port),
  }
  if (!packet.isTranslated) return packet.expect(awaited) === EXPECT_ADDED ? HELP_ACCEPT : HELP_REFUSED
  const port = expectAtFreePort(packet, awaited)
  if (port === 0) return HELP_NO_PORT
  const written = announcementText(announced.form, { family, words, port })
  return packet.rewrite(announced.end - announced.from, written.length) ? HELP_ACCEPT : HELP_CANNOT_REWRITE
}

/** Where both places are taken, a newer line start replaces the older one. */
function rememberLineStart(starts: number[], sequence: number): void {
  if (starts.includes(sequence)) return
  if (starts.length < 2) {
    starts.push(sequence)
    return
  }
  const older = before(starts[0], starts[1]) ? 0 : 1
  if (after(sequence, starts[older])) starts[older] = sequence
}
