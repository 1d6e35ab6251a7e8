/** A sysctl of Linux 6.18: its default, and the least and the greatest value that the kernel accepts. */
interface SysctlRange {
  readonly initial: number
  readonly least: number
  readonly greatest: number
}

const INT_MAX = 0x7fffffff
/**
 * The kernel accepts at most INT_MAX ticks of its clock; with the slowest clock, of 100 ticks per second, that is the
 * most seconds.
 */
const SECONDS_MAX = Math.floor(INT_MAX / 100)
/** The kernel accepts more memory for fragments, but nobody sets so much. */
const BYTES_MAX = INT_MAX

/**
 * The sysctls that change what the tracker does, by the kernel's names (`/proc/sys/net/netfilter` of a new network
 * namespace). Timeouts are in seconds, as there. A kernel also accepts negative ones, which make no sense. The memory
 * for fragments must not be below its low_thresh, which itself may be 0.
 */
export const SYSCTLS = {
  nf_conntrack_max: bounded(262_144, 0, INT_MAX),
  nf_conntrack_expect_max: bounded(4096, 1, INT_MAX),
  nf_conntrack_checksum: onOrOff(1),
  nf_conntrack_generic_timeout: seconds(600),
  nf_conntrack_gre_timeout: seconds(30),
  nf_conntrack_gre_timeout_stream: seconds(180),
  nf_conntrack_icmp_timeout: seconds(30),
  nf_conntrack_icmpv6_timeout: seconds(30),
  nf_conntrack_sctp_timeout_closed: seconds(10),
  nf_conntrack_sctp_timeout_cookie_wait: seconds(3),
  nf_conntrack_sctp_timeout_cookie_echoed: seconds(3),
  nf_conntrack_sctp_timeout_established: seconds(210),
  nf_conntrack_sctp_timeout_shutdown_sent: seconds(3),
  nf_conntrack_sctp_timeout_shutdown_recd: seconds(3),
  nf_conntrack_sctp_timeout_shutdown_ack_sent: seconds(3),
  nf_conntrack_sctp_timeout_heartbeat_sent: seconds(30),
  nf_conntrack_tcp_be_liberal: onOrOff(0),
  nf_conntrack_tcp_ignore_invalid_rst: onOrOff(0),
  nf_conntrack_tcp_loose: onOrOff(1),
  nf_conntrack_tcp_max_retrans: bounded(3, 0, 255),
  nf_conntrack_tcp_timeout_syn_sent: seconds(120),
  nf_conntrack_tcp_timeout_syn_recv: seconds(60),
  nf_conntrack_tcp_timeout_established: seconds(432_000),
  nf_conntrack_tcp_timeout_fin_wait: seconds(120),
  nf_conntrack_tcp_timeout_close_wait: seconds(60),
  nf_conntrack_tcp_timeout_last_ack: seconds(30),
  nf_conntrack_tcp_timeout_time_wait: seconds(120),
  nf_conntrack_tcp_timeout_close: seconds(10),
  nf_conntrack_tcp_timeout_max_retrans: seconds(300),
  nf_conntrack_tcp_timeout_unacknowledged: seconds(300),
  nf_conntrack_udp_timeout: seconds(30),
  nf_conntrack_udp_timeout_stream: seconds(120),
  nf_conntrack_frag6_timeout: seconds(60),
  nf_conntrack_frag6_high_thresh: bounded(4_194_304, 0, BYTES_MAX),
  'net.ipv4.ipfrag_time': seconds(30),
  'net.ipv4.ipfrag_high_thresh': bounded(4_194_304, 0, BYTES_MAX),
  'net.ipv4.ipfrag_max_dist': bounded(64, 0, INT_MAX),
} as const satisfies Readonly<Record<string, SysctlRange>>

export type SysctlName = keyof typeof SYSCTLS
export type Sysctls = Readonly<Record<SysctlName, number>>

export const SYSCTL_DEFAULTS = Object.fromEntries(
  Object.entries(SYSCTLS).map(([name, { initial }]) => [name, initial]),
) as Sysctls

/** The kernel's other sysctls of the tracker, which change no label and no verdict: accepted, without effect. */
const WITHOUT_EFFECT: Readonly<Record<string, SysctlRange>> = {
  nf_conntrack_acct: onOrOff(0),
  nf_conntrack_buckets: bounded(262_144, 0, INT_MAX),
  nf_conntrack_count: bounded(0, 0, INT_MAX),
  nf_conntrack_events: bounded(2, 0, 2),
  nf_conntrack_frag6_low_thresh: bounded(3_145_728, 0, BYTES_MAX),
  nf_conntrack_log_invalid: bounded(0, 0, 255),
  nf_conntrack_timestamp: onOrOff(0),
  'net.ipv4.ipfrag_low_thresh': bounded(3_145_728, 0, BYTES_MAX),
}

/**
 * The kernel's defaults with the given settings put in.
 * @param settings name -> value as text; `net.netfilter.` may stand before the nf_ names
 * @throws RangeError with a sentence for the user: unknown name, or a value that the kernel would refuse
 */
export function sysctlsWith(settings: ReadonlyMap<string, string>): Sysctls {
  const result: Record<SysctlName, number> = { ...SYSCTL_DEFAULTS }
  for (const [given, text] of settings) {
    const name = plainName(given)
    const range = rangeOf(name)
    if (range === null) {
      throw new RangeError(`--sysctl ${given}: not a sysctl that the replay knows`)
    }
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(value >= range.least && value <= range.greatest)) {
      throw new RangeError(
        `--sysctl ${given}=${text}: the value must be a whole number from ${range.least} to ${range.greatest}`,
      )
    }
    if (isSysctlName(name)) result[name] = value
  }
  return result
}

/** @param given as for `sysctlsWith` */
export function isKnownSysctl(given: string): boolean {
  return rangeOf(plainName(given)) !== null
}

/** As sysctl(8) takes them, names may have slashes for dots. */
export function plainName(given: string): string {
  return given.replace(/^net[./]netfilter[./]/, '').replaceAll('/', '.')
}

function isSysctlName(name: string): name is SysctlName {
  return Object.hasOwn(SYSCTLS, name)
}

function rangeOf(name: string): SysctlRange | null {
  if (isSysctlName(name)) return SYSCTLS[name]
  return Object.hasOwn(WITHOUT_EFFECT, name) ? WITHOUT_EFFECT[name] : null
}

function bounded(initial: number, least: number, greatest: number): SysctlRange {
  return { initial, least, greatest }
}

function onOrOff(initial: number): SysctlRange {
  return bounded(initial, 0, 1)
}

function seconds(initial: number): SysctlRange {
  return bounded(initial, 0, SECONDS_MAX)
}
