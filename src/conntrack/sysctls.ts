/**
 * The sysctls that change what the tracker does, by the kernel's names, with the defaults of Linux 6.18
 * (`/proc/sys/net/netfilter` of a new network namespace). Timeouts are in seconds, as there.
 */
export const SYSCTL_DEFAULTS = {
  nf_conntrack_max: 262_144,
  nf_conntrack_expect_max: 4096,
  nf_conntrack_checksum: 1,
  nf_conntrack_generic_timeout: 600,
  nf_conntrack_gre_timeout: 30,
  nf_conntrack_gre_timeout_stream: 180,
  nf_conntrack_icmp_timeout: 30,
  nf_conntrack_icmpv6_timeout: 30,
  nf_conntrack_sctp_timeout_closed: 10,
  nf_conntrack_sctp_timeout_cookie_wait: 3,
  nf_conntrack_sctp_timeout_cookie_echoed: 3,
  nf_conntrack_sctp_timeout_established: 210,
  nf_conntrack_sctp_timeout_shutdown_sent: 3,
  nf_conntrack_sctp_timeout_shutdown_recd: 3,
  nf_conntrack_sctp_timeout_shutdown_ack_sent: 3,
  nf_conntrack_sctp_timeout_heartbeat_sent: 30,
  nf_conntrack_tcp_be_liberal: 0,
  nf_conntrack_tcp_ignore_invalid_rst: 0,
  nf_conntrack_tcp_loose: 1,
  nf_conntrack_tcp_max_retrans: 3,
  nf_conntrack_tcp_timeout_syn_sent: 120,
  nf_conntrack_tcp_timeout_syn_recv: 60,
  nf_conntrack_tcp_timeout_established: 432_000,
  nf_conntrack_tcp_timeout_fin_wait: 120,
  nf_conntrack_tcp_timeout_close_wait: 60,
  nf_conntrack_tcp_timeout_last_ack: 30,
  nf_conntrack_tcp_timeout_time_wait: 120,
  nf_conntrack_tcp_timeout_close: 10,
  nf_conntrack_tcp_timeout_max_retrans: 300,
  nf_conntrack_tcp_timeout_unacknowledged: 300,
  nf_conntrack_udp_timeout: 30,
  nf_conntrack_udp_timeout_stream: 120,
  nf_conntrack_frag6_timeout: 60,
  nf_conntrack_frag6_high_thresh: 4_194_304,
  'net.ipv4.ipfrag_time': 30,
  'net.ipv4.ipfrag_high_thresh': 4_194_304,
  'net.ipv4.ipfrag_max_dist': 64,
}

export type SysctlName = keyof typeof SYSCTL_DEFAULTS
export type Sysctls = Readonly<Record<SysctlName, number>>

/** Sysctls that the kernel has beside these and that change no label and no verdict: accepted, without effect. */
const WITHOUT_EFFECT = new Set([
  'nf_conntrack_acct',
  'nf_conntrack_buckets',
  'nf_conntrack_count',
  'nf_conntrack_events',
  'nf_conntrack_frag6_low_thresh',
  'nf_conntrack_log_invalid',
  'nf_conntrack_timestamp',
  'net.ipv4.ipfrag_low_thresh',
])

/**
 * The kernel's defaults with the given settings put in.
 * @param settings name -> value as text; `net.netfilter.` may stand before the nf_ names
 * @throws RangeError with a sentence for the user: unknown name, or a value that the kernel would refuse
 */
export function sysctlsWith(settings: ReadonlyMap<string, string>): Sysctls {
  const result: Record<SysctlName, number> = { ...SYSCTL_DEFAULTS }
  for (const [given, text] of settings) {
    const name = plainName(given)
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(value <= 0x7fffffff)) {
      throw new RangeError(`--sysctl ${given}=${text}: the value must be a whole number from 0 to 2147483647`)
    }
    if (isSysctlName(name)) result[name] = value
    else if (!isKnownSysctl(given)) throw new RangeError(`--sysctl ${given}: not a sysctl that the replay knows`)
  }
  return result
}

/** @param given as for `sysctlsWith` */
export function isKnownSysctl(given: string): boolean {
  const name = plainName(given)
  return isSysctlName(name) || WITHOUT_EFFECT.has(name)
}

/** As sysctl(8) takes them, names may have slashes for dots. */
function plainName(given: string): string {
  return given.replace(/^net[./]netfilter[./]/, '').replaceAll('/', '.')
}

function isSysctlName(name: string): name is SysctlName {
  return Object.hasOwn(SYSCTL_DEFAULTS, name)
}
