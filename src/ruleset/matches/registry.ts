import type { MatchExtension } from '../extension.ts'
import { addrtype } from './addrtype.ts'
import { ah } from './ah.ts'
import { bpf } from './bpf.ts'
import { cluster } from './cluster.ts'
import { comment } from './comment.ts'
import { connbytes } from './connbytes.ts'
import { connlabel } from './connlabel.ts'
import { connlimit } from './connlimit.ts'
import { connmark } from './connmark.ts'
import { conntrack } from './conntrack.ts'
import { dccp } from './dccp.ts'
import { dscp } from './dscp.ts'
import { ecn } from './ecn.ts'
import { eui64 } from './eui64.ts'
import { frag } from './frag.ts'
import { hashlimit } from './hashlimit.ts'
import { helper } from './helper.ts'
import { icmp } from './icmp.ts'
import { icmp6 } from './icmp6.ts'
import { iprange } from './iprange.ts'
import { dst, hbh } from './ipv6-options.ts'
import { ipv6header } from './ipv6header.ts'
import { ipvs } from './ipvs.ts'
import { length } from './length.ts'
import { limit } from './limit.ts'
import { mac } from './mac.ts'
import { mark } from './mark.ts'
import { mh } from './mh.ts'
import { multiport } from './multiport.ts'
import { cgroup, cpu, devgroup, nfacct, socket } from './not-in-a-capture.ts'
import { osf } from './osf.ts'
import { owner } from './owner.ts'
import { physdev } from './physdev.ts'
import { pkttype } from './pkttype.ts'
import { policy } from './policy.ts'
import { quota } from './quota.ts'
import { rateest } from './rateest.ts'
import { realm } from './realm.ts'
import { recent } from './recent.ts'
import { rpfilter } from './rpfilter.ts'
import { rt } from './rt.ts'
import { sctp } from './sctp.ts'
import { set } from './set.ts'
import { esp, ipcomp } from './spi.ts'
import { srh } from './srh.ts'
import { state } from './state.ts'
import { statistic } from './statistic.ts'
import { string } from './string.ts'
import { tcp } from './tcp.ts'
import { tcpmss } from './tcpmss.ts'
import { time } from './time.ts'
import { tos } from './tos.ts'
import { hl, ttl } from './ttl.ts'
import { u32 } from './u32.ts'
import { udp } from './udp.ts'

/**
 * Every match that rules may use.
 *
 * A new match is one file here and one line in this list. The file exports a MatchExtension: its name, the options as
 * getopt_long would know them (names without dashes, how many words follow, whether `!` may stand before), what it
 * needs (family, tables, hooks, protocols: refused by the parser with a message of its own), and `parse`, which reads
 * the words of the options and returns a Match. That one says
 *
 * - `print()`: its options exactly as iptables-save prints them;
 * - `conditions()`: what it asks of a packet, in the kernel's order, as data (evaluate/condition.ts). Fields are in
 *   evaluate/fields.ts. What no field can say is a `call` (no memory) or a `stateful` condition; what a capture cannot
 *   show is `undecidable(…)` or a field with `known`. Both evaluators, printing and explaining follow from it.
 */
export const MATCHES: readonly MatchExtension[] = [
  addrtype,
  ah,
  bpf,
  cgroup,
  cluster,
  comment,
  connbytes,
  connlabel,
  connlimit,
  connmark,
  conntrack,
  cpu,
  dccp,
  devgroup,
  dscp,
  dst,
  ecn,
  esp,
  eui64,
  frag,
  hashlimit,
  hbh,
  helper,
  hl,
  icmp,
  icmp6,
  ipcomp,
  iprange,
  ipv6header,
  ipvs,
  length,
  limit,
  mac,
  mark,
  mh,
  multiport,
  nfacct,
  osf,
  owner,
  physdev,
  pkttype,
  policy,
  quota,
  rateest,
  realm,
  recent,
  rpfilter,
  rt,
  sctp,
  set,
  socket,
  srh,
  state,
  statistic,
  string,
  tcp,
  tcpmss,
  time,
  tos,
  ttl,
  u32,
  udp,
]

const BY_NAME: ReadonlyMap<string, MatchExtension> = new Map(
  MATCHES.flatMap((match) => [match.name, ...(match.aliases ?? [])].map((name) => [name, match] as const)),
)

/** @param name as after `-m` */
export function findMatch(name: string): MatchExtension | undefined {
  return BY_NAME.get(name)
}
