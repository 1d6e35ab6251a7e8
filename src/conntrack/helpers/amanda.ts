import { IP_V4 } from '../../wire/packet-fields.ts'
import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import { HELP_ACCEPT, HELP_NO_PORT, HELP_REFUSED, type HelpedPacket, type Helper } from './helper.ts'
import { latin1, leadingNumber } from './text.ts'
import { asMaster, expectAtFreePort } from './translated.ts'

/** Seconds that a connection with this helper lives: backup clients may take long to answer. */
const MASTER_TIMEOUT = 300
const STREAMS = ['DATA ', 'MESG ', 'INDEX ', 'STATE ']
const PORT_DIGITS = 5

/** Amanda: `CONNECT DATA 1234 MESG 1235 INDEX 1236` in an answer names the ports of streams to the one who answers. */
export const AMANDA: Helper = {
  name: 'amanda',
  protocols: [PROTO_UDP],
  ipv6: true,
  policies: [{ maxExpected: 4, timeoutSeconds: 180 }],
  reads: Number.POSITIVE_INFINITY,
  help(packet: HelpedPacket): number {
    if (packet.direction === 0) return HELP_ACCEPT
    packet.setTimeout(MASTER_TIMEOUT)
    const text = latin1(packet.bytes, packet.payload, packet.payload + packet.payloadLength)
    const connect = text.indexOf('CONNECT ')
    const newline = text.indexOf('\n', connect + 8)
    if (connect < 0 || newline < 0) return HELP_ACCEPT
    const line = text.slice(connect + 8, newline)
    for (const stream of STREAMS) {
      const at = line.indexOf(stream)
      if (at < 0) continue
      const port = leadingNumber(line.slice(at + stream.length, at + stream.length + PORT_DIGITS), 0).value & 0xffff
      if (port === 0) break
      const awaited = {
        protocol: PROTO_TCP,
        source: packet.address(0, false),
        destination: packet.address(0, true),
        destinationPort: port,
      }
      // NAT leaves the names of ports alone in IPv6.
      if (packet.isTranslated && packet.family === IP_V4) {
        if (expectAtFreePort(packet, { ...awaited, follow: asMaster(packet, 1, port) }) === 0) return HELP_NO_PORT
      } else if (packet.expect(awaited) !== EXPECT_ADDED) return HELP_REFUSED
    }
    return HELP_ACCEPT
  },
}
