import { PROTO_TCP, PROTO_UDP } from '../wire/protocols.ts'

export interface HelperInfo {
  readonly name: string
  /**
   * Protocols that it may be attached to, as the kernel accepts them (asked of iptables-legacy-restore). H.245 is
   * registered for UDP.
   */
  readonly protocols: readonly number[]
  readonly ipv4Only?: true
}

/** The kernel's helpers that `-j CT --helper` may name. */
export const ATTACHABLE_HELPERS: readonly HelperInfo[] = [
  { name: 'amanda', protocols: [PROTO_UDP] },
  { name: 'ftp', protocols: [PROTO_TCP] },
  { name: 'H.245', protocols: [PROTO_UDP] },
  { name: 'irc', protocols: [PROTO_TCP], ipv4Only: true },
  { name: 'netbios-ns', protocols: [PROTO_UDP], ipv4Only: true },
  { name: 'pptp', protocols: [PROTO_TCP], ipv4Only: true },
  { name: 'Q.931', protocols: [PROTO_TCP] },
  { name: 'RAS', protocols: [PROTO_UDP] },
  { name: 'sane', protocols: [PROTO_TCP] },
  { name: 'sip', protocols: [PROTO_TCP, PROTO_UDP] },
  { name: 'snmp', protocols: [PROTO_UDP], ipv4Only: true },
  { name: 'tftp', protocols: [PROTO_UDP] },
]
