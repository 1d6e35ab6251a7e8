import { Outcome } from '../../src/netfilter/outcome.ts'
import type { RuleInfo } from '../../src/ruleset/ruleset.ts'
import {
  IP_V4,
  IP_V6,
  P_DST,
  P_FAMILY,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  PACKET_INTS,
} from '../../src/wire/packet-fields.ts'

interface Headers {
  src: string
  dst: string
  protocol?: number
  sport?: number
  dport?: number
  tcpFlags?: number
  /** ICMP: type, code, identifier in place of ports. */
  icmp?: readonly [number, number, number]
}

/** An outcome of a 60-byte Ethernet frame at frame 1; headers by name, all else as given. */
export function outcome(headers: Headers | null, rest: Partial<Outcome> = {}): Outcome {
  const made = new Outcome()
  made.frame = 1
  made.fileFrame = 1
  made.epochSeconds = 1_700_000_000
  made.nanoseconds = 123_456_000
  made.wireLength = 60
  made.linkType = 1
  made.fields = new Int32Array(PACKET_INTS)
  if (headers !== null) fill(made.fields, headers)
  return Object.assign(made, rest)
}

function fill(fields: Int32Array, headers: Headers): void {
  const v6 = headers.src.includes(':')
  const headerLength = v6 ? 40 : 20
  fields[P_FAMILY] = v6 ? IP_V6 : IP_V4
  fields[P_L3_OFFSET] = 14
  fields[P_L3_LENGTH] = headerLength + 26
  fields[P_L3_CAPTURED] = headerLength + 26
  fields[P_L4_OFFSET] = 14 + headerLength
  fields[P_L4_LENGTH] = 26
  fields[P_PROTOCOL] = headers.protocol ?? (headers.icmp === undefined ? 6 : v6 ? 58 : 1)
  fields[P_TCP_FLAGS_WINDOW] = (headers.tcpFlags ?? 0) << 16
  fields.set(addressWords(headers.src), P_SRC)
  fields.set(addressWords(headers.dst), P_DST)
  const icmp = headers.icmp
  fields[P_PORTS] =
    icmp === undefined
      ? ((headers.sport ?? 0) << 16) | (headers.dport ?? 0)
      : (icmp[0] << 24) | (icmp[1] << 16) | icmp[2]
}

/** Words of an address written plainly: dotted quad, or eight hexadecimal groups, or with one `::`. */
export function addressWords(text: string): number[] {
  if (!text.includes(':')) return [text.split('.').reduce((word, octet) => (word << 8) | Number(octet), 0)]
  const [head, tail] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const groups = [...left, ...new Array(8 - left.length - right.length).fill('0'), ...right].map((g) =>
    Number.parseInt(g, 16),
  )
  return [0, 2, 4, 6].map((i) => (groups[i] << 16) | groups[i + 1])
}

export function rule(rest: Partial<RuleInfo> = {}): RuleInfo {
  return {
    id: 3,
    family: 'ipv4',
    table: 'filter',
    chain: 'FORWARD',
    number: 3,
    record: 'filter:FORWARD:rule:3',
    target: 'DROP',
    file: 'rules.v4',
    line: 12,
    text: '-A FORWARD -p tcp --dport 23 -j DROP',
    comment: null,
    rejectsWithReset: false,
    nat: null,
    ...rest,
  }
}
