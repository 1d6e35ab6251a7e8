import type { Sysctls } from '../sysctls.ts'

/** Timeouts of the protocols that have no state of their own, in nanoseconds. */
export interface SimpleTimeouts {
  readonly icmpNs: number
  readonly icmpv6Ns: number
  readonly greNs: number
  readonly greStreamNs: number
  readonly genericNs: number
}

export function simpleTimeouts(sysctls: Sysctls): SimpleTimeouts {
  return {
    icmpNs: sysctls.nf_conntrack_icmp_timeout * 1e9,
    icmpv6Ns: sysctls.nf_conntrack_icmpv6_timeout * 1e9,
    greNs: sysctls.nf_conntrack_gre_timeout * 1e9,
    greStreamNs: sysctls.nf_conntrack_gre_timeout_stream * 1e9,
    genericNs: sysctls.nf_conntrack_generic_timeout * 1e9,
  }
}
