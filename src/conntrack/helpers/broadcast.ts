import { P_DST } from '../../wire/packet-fields.ts'
import { PROTO_UDP } from '../../wire/protocols.ts'
import { HELP_ACCEPT, type HelpedPacket, type Helper } from './helper.ts'

/**
 * A request that this machine broadcasts: any host of the network that it was sent to may answer, from the service's
 * port. The kernel knows that network by the address of the interface, and does not track answers to requests that it
 * forwards.
 */
function broadcastHelper(name: string, port: number, timeoutSeconds: number): Helper {
  return {
    name,
    protocols: [PROTO_UDP],
    ipv6: false,
    policies: [{ maxExpected: 1, timeoutSeconds }],
    reads: 0,
    help(packet: HelpedPacket): number {
      if (!packet.isSent || packet.direction !== 0) return HELP_ACCEPT
      const sourceMask = packet.networks.broadcastMask(packet.family, packet.fields, packet.base + P_DST)
      if (sourceMask === 0) return HELP_ACCEPT
      packet.expect({
        protocol: PROTO_UDP,
        source: packet.address(1, false),
        sourceMask,
        sourcePort: port,
        destination: packet.address(1, true),
        destinationPort: packet.port(1, true),
        permanent: true,
      })
      packet.setTimeout(timeoutSeconds)
      return HELP_ACCEPT
    },
  }
}

/** NetBIOS name queries (RFC 1002). */
export const NETBIOS_NS = broadcastHelper('netbios-ns', 137, 3)
/** SNMP requests (RFC 3416). */
export const SNMP = broadcastHelper('snmp', 161, 30)
