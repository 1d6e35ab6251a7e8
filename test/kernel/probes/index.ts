import { IPV6_PROBES } from './ipv6.ts'
import { FRAGMENT_PROBES, HEADER_PROBES, PROTOCOL_PROBES } from './others.ts'
import type { Probe } from './probe.ts'
import { TCP_PROBES } from './tcp.ts'
import { ICMP_PROBES, UDP_PROBES } from './udp-icmp.ts'

export const PROBES: readonly Probe[] = [
  ...TCP_PROBES,
  ...UDP_PROBES,
  ...ICMP_PROBES,
  ...FRAGMENT_PROBES,
  ...PROTOCOL_PROBES,
  ...HEADER_PROBES,
  ...IPV6_PROBES,
]
