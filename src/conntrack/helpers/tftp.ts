import { PROTO_UDP } from '../../wire/protocols.ts'
import { EXPECT_ADDED } from '../expectations.ts'
import { HELP_ACCEPT, HELP_REFUSED, type HelpedPacket, type Helper } from './helper.ts'
import { asMaster } from './translated.ts'

const READ_REQUEST = 1
const WRITE_REQUEST = 2

/** TFTP (RFC 1350): the server answers a request from a port of its choice. */
export const TFTP: Helper = {
  name: 'tftp',
  protocols: [PROTO_UDP],
  ipv6: true,
  policies: [{ maxExpected: 1, timeoutSeconds: 300 }],
  reads: 2,
  help(packet: HelpedPacket): number {
    if (packet.payloadLength < 2) return HELP_ACCEPT
    const opcode = (packet.bytes[packet.payload] << 8) | packet.bytes[packet.payload + 1]
    if (opcode !== READ_REQUEST && opcode !== WRITE_REQUEST) return HELP_ACCEPT
    const result = packet.expect({
      protocol: PROTO_UDP,
      source: packet.address(1, false),
      destination: packet.address(1, true),
      destinationPort: packet.port(1, true),
      follow: asMaster(packet, 0, packet.port(0, false)),
    })
    return result === EXPECT_ADDED ? HELP_ACCEPT : HELP_REFUSED
  },
}
