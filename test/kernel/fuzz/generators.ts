import { type Generator, inMode } from './case.ts'
import { FIREWALL } from './firewall.ts'
import { SIMPLE_FLOWS } from './flows.ts'
import { FRAGMENTS } from './fragments.ts'
import { ICMP_MESSAGES, ICMPV6_MESSAGES, IPV6_CHAINS } from './icmp.ts'
import { RULES } from './rules.ts'
import { SCTP_CHUNKS } from './sctp.ts'
import { TCP_SEGMENTS } from './tcp.ts'
import { TCP_STATES } from './tcp-states.ts'

export const GENERATORS: readonly Generator[] = [
  TCP_SEGMENTS,
  TCP_STATES,
  SCTP_CHUNKS,
  SIMPLE_FLOWS,
  ICMP_MESSAGES,
  ICMPV6_MESSAGES,
  IPV6_CHAINS,
  FRAGMENTS,
  RULES,
  FIREWALL,
  ...[TCP_STATES, SIMPLE_FLOWS, ICMP_MESSAGES, ICMPV6_MESSAGES, SCTP_CHUNKS].map((one) => inMode('host', one)),
  ...[TCP_SEGMENTS, TCP_STATES, SIMPLE_FLOWS, ICMP_MESSAGES, SCTP_CHUNKS].map((one) => inMode('itself', one)),
]
