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
  { name: 'amanda', protocols: [17] },
  { name: 'ftp', protocols: [6] },
  { name: 'H.245', protocols: [17] },
  { name: 'irc', protocols: [6], ipv4Only: true },
  { name: 'netbios-ns', protocols: [17], ipv4Only: true },
  { name: 'pptp', protocols: [6], ipv4Only: true },
  { name: 'Q.931', protocols: [6] },
  { name: 'RAS', protocols: [17] },
  { name: 'sane', protocols: [6] },
  { name: 'sip', protocols: [6, 17] },
  { name: 'snmp', protocols: [17], ipv4Only: true },
  { name: 'tftp', protocols: [17] },
]
