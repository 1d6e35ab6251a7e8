/** Connection tracking helpers of the kernel, and the protocols that they may be attached to. */
export const HELPERS: readonly { readonly name: string; readonly protocols: readonly number[] }[] = [
  { name: 'amanda', protocols: [17] },
  { name: 'ftp', protocols: [6] },
  { name: 'H.245', protocols: [6] },
  { name: 'irc', protocols: [6] },
  { name: 'netbios-ns', protocols: [17] },
  { name: 'pptp', protocols: [6] },
  { name: 'Q.931', protocols: [6] },
  { name: 'RAS', protocols: [17] },
  { name: 'sane', protocols: [6] },
  { name: 'sip', protocols: [6, 17] },
  { name: 'snmp', protocols: [17] },
  { name: 'tftp', protocols: [17] },
]
