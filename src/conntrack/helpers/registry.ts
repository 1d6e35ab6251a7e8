import { PROTO_TCP, PROTO_UDP } from '../../wire/protocols.ts'
import { AMANDA } from './amanda.ts'
import { NETBIOS_NS, SNMP } from './broadcast.ts'
import { FTP } from './ftp.ts'
import { H245, Q931, RAS } from './h323.ts'
import type { Helper } from './helper.ts'
import { IRC } from './irc.ts'
import { PPTP } from './pptp.ts'
import { SANE } from './sane.ts'
import { SIP } from './sip.ts'
import { TFTP } from './tftp.ts'

/** All helpers, by number: X_HELPER of a connection is the number + 1. */
export const HELPERS: readonly Helper[] = [AMANDA, FTP, H245, IRC, NETBIOS_NS, PPTP, Q931, RAS, SANE, SIP, SNMP, TFTP]

/** Number of the helper with the kernel's name, or -1. */
export function helperNumber(name: string): number {
  return HELPERS.findIndex((helper) => helper.name === name)
}

/** A helper attached to the connections that go to a port. */
export interface HelperPort {
  readonly protocol: number
  readonly port: number
  readonly helper: string
}

/** The ports that nf_conntrack_helper=1 attached helpers to, while the kernel still had it. */
export const USUAL_HELPER_PORTS: readonly HelperPort[] = [
  { protocol: PROTO_TCP, port: 21, helper: 'ftp' },
  { protocol: PROTO_UDP, port: 69, helper: 'tftp' },
  { protocol: PROTO_UDP, port: 5060, helper: 'sip' },
  { protocol: PROTO_TCP, port: 5060, helper: 'sip' },
  { protocol: PROTO_TCP, port: 6667, helper: 'irc' },
  { protocol: PROTO_UDP, port: 10_080, helper: 'amanda' },
  { protocol: PROTO_UDP, port: 137, helper: 'netbios-ns' },
  { protocol: PROTO_UDP, port: 161, helper: 'snmp' },
  { protocol: PROTO_TCP, port: 6566, helper: 'sane' },
  { protocol: PROTO_TCP, port: 1723, helper: 'pptp' },
  { protocol: PROTO_UDP, port: 1719, helper: 'RAS' },
  { protocol: PROTO_TCP, port: 1720, helper: 'Q.931' },
]
