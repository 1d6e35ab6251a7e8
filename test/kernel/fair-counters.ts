import type { Comparison, Exclusion } from './compare.ts'

/** Why the counters of a pair say nothing, although its frames may. */
export type CounterUnfairness = 'no rules' | 'frames differ' | Exclusion | (typeof CASES)[number]['why']

/** What has to be known of a pair besides its frames. */
export interface CountedPair {
  /** All rules as both sides have them, '' for none. */
  readonly rules: string
  readonly mode: 'router' | 'host'
  readonly checksum: 'verify' | 'ignore'
  readonly helper?: 'auto'
  /** The machine sent a broadcast, or something to itself. */
  readonly sentBroadcast: boolean
  readonly sentToItself: boolean
  /** The latter with IPv6, in fragments. */
  readonly sentItselfFragments: boolean
  /** Connections for which each side drew a port of its own. */
  readonly drawn: number
}

/** What the kernel counts and a capture does not tell, or ctreplay does not follow (README.md: Limits). */
const CASES = [
  {
    // It goes through POSTROUTING, PREROUTING and INPUT besides.
    why: 'a broadcast of the machine itself, of which the kernel hands it a copy',
    is: ({ sentBroadcast }: CountedPair) => sentBroadcast,
  },
  {
    // It comes back over the loopback device with another length.
    why: 'a helper may have rewritten what the machine sent itself',
    is: ({ rules, helper, sentToItself }: CountedPair) =>
      sentToItself && (helper !== undefined || / --helper\b/.test(rules)) && /^\*nat/m.test(rules),
  },
  {
    // It goes over the loopback device in fragments again, each of which passes PREROUTING and INPUT with the whole.
    why: 'an IPv6 datagram that the machine sent itself in fragments',
    is: ({ sentItselfFragments }: CountedPair) => sentItselfFragments,
  },
  {
    why: 'NAT drew ports, and rules may ask for them',
    is: ({ drawn }: CountedPair) => drawn > 0,
  },
  {
    // The kernel has one such mark for each rule with CT, and keeps it from packet to packet.
    why: 'CONNMARK after CT in the raw table marks what no packet has for itself',
    is: ({ rules }: CountedPair) =>
      tablesOf(rules, 'raw').some((raw) => / -j CT\b/.test(raw) && / -j CONNMARK\b/.test(raw)),
  },
  {
    // We count only where both answers come to the same rule; the verdict may be the same even so.
    why: 'rules ask for bytes that --clamp-mss-to-pmtu has changed by an MTU that is not known',
    is: ({ rules }: CountedPair) =>
      / --clamp-mss-to-pmtu\b/.test(rules) && / -m (?:string|u32|bpf|tcpmss)\b| --tcp-option\b/.test(rules),
  },
  {
    // What a host sends through the oracle's raw sockets gets a new checksum of the IP header from the kernel.
    why: 'rules ask for raw bytes, and the oracle has repaired checksums',
    is: ({ rules, mode, checksum }: CountedPair) =>
      (checksum === 'ignore' || mode === 'host') && / -m (?:u32|bpf)\b/.test(rules),
  },
] as const

/** Null where packets and bytes must be equal. One packet that took another way is in the counters of many rules. */
export function unfairness(pair: CountedPair, { differing, excluded }: Comparison): CounterUnfairness | null {
  if (pair.rules === '') return 'no rules'
  if (differing.size > 0) return 'frames differ'
  for (const why of excluded.keys()) return why
  return CASES.find(({ is }) => is(pair))?.why ?? null
}

function tablesOf(rules: string, name: string): string[] {
  return rules.split(/^(?=\*)/m).filter((table) => table.startsWith(`*${name}`))
}
