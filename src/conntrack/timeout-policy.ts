import {
  PROTO_GRE,
  PROTO_ICMP,
  PROTO_ICMPV6,
  PROTO_SCTP,
  PROTO_TCP,
  PROTO_UDP,
  PROTO_UDPLITE,
} from '../wire/protocols.ts'
import type { SysctlName, Sysctls } from './sysctls.ts'

/** Protocol of a policy for all protocols without a tracker of their own. */
export const PROTO_GENERIC = 255

/** Timeouts that connections get by a rule (`-j CT --timeout NAME`), as `nfct add timeout` makes them. */
export interface TimeoutPolicy {
  readonly name: string
  /** IP_V4 or IP_V6: rules of the other family cannot use it. */
  readonly family: number
  /** Number of the protocol; PROTO_GENERIC. */
  readonly protocol: number
  /** Seconds by the states named in TIMEOUT_STATES; for other states the sysctl applies. */
  readonly seconds: ReadonlyMap<string, number>
}

/** By number, from 1; null for a policy that rules name and that was not given. */
export type TimeoutPolicies = readonly (TimeoutPolicy | null)[]

/** All timeouts of the tracker: those of the sysctls, and one without a sysctl. */
export type Timeouts = Sysctls & { readonly tcp_syn_sent2: number }
type TimeoutName = SysctlName | 'tcp_syn_sent2'

const SYN_SENT2_SECONDS = 120

/** The states of each protocol by their names in nfct(8), and the timeout of each. */
export const TIMEOUT_STATES: ReadonlyMap<number, Readonly<Record<string, TimeoutName>>> = new Map([
  [
    PROTO_TCP,
    {
      syn_sent: 'nf_conntrack_tcp_timeout_syn_sent',
      syn_recv: 'nf_conntrack_tcp_timeout_syn_recv',
      established: 'nf_conntrack_tcp_timeout_established',
      fin_wait: 'nf_conntrack_tcp_timeout_fin_wait',
      close_wait: 'nf_conntrack_tcp_timeout_close_wait',
      last_ack: 'nf_conntrack_tcp_timeout_last_ack',
      time_wait: 'nf_conntrack_tcp_timeout_time_wait',
      close: 'nf_conntrack_tcp_timeout_close',
      syn_sent2: 'tcp_syn_sent2',
      retrans: 'nf_conntrack_tcp_timeout_max_retrans',
      unacknowledged: 'nf_conntrack_tcp_timeout_unacknowledged',
    },
  ],
  [PROTO_UDP, { unreplied: 'nf_conntrack_udp_timeout', replied: 'nf_conntrack_udp_timeout_stream' }],
  [PROTO_UDPLITE, { unreplied: 'nf_conntrack_udp_timeout', replied: 'nf_conntrack_udp_timeout_stream' }],
  [PROTO_GRE, { unreplied: 'nf_conntrack_gre_timeout', replied: 'nf_conntrack_gre_timeout_stream' }],
  [PROTO_ICMP, { timeout: 'nf_conntrack_icmp_timeout' }],
  [PROTO_ICMPV6, { timeout: 'nf_conntrack_icmpv6_timeout' }],
  [PROTO_GENERIC, { timeout: 'nf_conntrack_generic_timeout' }],
  [
    PROTO_SCTP,
    {
      closed: 'nf_conntrack_sctp_timeout_closed',
      cookie_wait: 'nf_conntrack_sctp_timeout_cookie_wait',
      cookie_echoed: 'nf_conntrack_sctp_timeout_cookie_echoed',
      established: 'nf_conntrack_sctp_timeout_established',
      shutdown_sent: 'nf_conntrack_sctp_timeout_shutdown_sent',
      shutdown_recd: 'nf_conntrack_sctp_timeout_shutdown_recd',
      shutdown_ack_sent: 'nf_conntrack_sctp_timeout_shutdown_ack_sent',
      heartbeat_sent: 'nf_conntrack_sctp_timeout_heartbeat_sent',
    },
  ],
] satisfies [number, Record<string, TimeoutName>][])

/**
 * The results of `make` for each set of timeouts, by the number of a connection's policy; 0, no policy: the sysctls.
 */
export function perPolicy<T>(
  sysctls: Sysctls,
  policies: TimeoutPolicies,
  make: (timeouts: Timeouts) => T,
): readonly T[] {
  const usual: Timeouts = { ...sysctls, tcp_syn_sent2: SYN_SENT2_SECONDS }
  return [make(usual), ...policies.map((policy) => make(policy === null ? usual : changed(usual, policy)))]
}

function changed(usual: Timeouts, { protocol, seconds }: TimeoutPolicy): Timeouts {
  const states = TIMEOUT_STATES.get(protocol) ?? {}
  const own = [...seconds].map(([state, value]) => [states[state], value] as const)
  return { ...usual, ...Object.fromEntries(own) }
}
