import { IPS_CONFIRMED } from '../../conntrack/status.ts'
import { MAC_OFFSET_MASK, MAC_SOURCE } from '../../wire/mac.ts'
import {
  FRAGMENT_OFFSET_MASK,
  P_DST,
  P_FRAGMENT,
  P_L3_CAPTURED,
  P_L3_LENGTH,
  P_L3_OFFSET,
  P_L4_LENGTH,
  P_L4_OFFSET,
  P_LINK,
  P_MAC_OFFSET,
  P_PORTS,
  P_PROTOCOL,
  P_SRC,
  P_TCP_FLAGS_WINDOW,
  P_TOS,
  P_TTL,
} from '../../wire/packet-fields.ts'
import { CUT_TRANSPORT_HEADER } from '../packet/cut-packet.ts'
import { HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING } from '../packet/hooks.ts'
import {
  PART_DESTINATION,
  PART_LENGTH,
  PART_SOURCE,
  PART_TCP_FLAGS,
  PART_TOS,
  PART_TRACKING,
  PART_TTL,
} from '../packet/packet-edits.ts'

/**
 * The packet fields that conditions can name. `expression` is JavaScript over `p` (RulePacket), `f` (its fields) and
 * `b` (its base); `known` says when it may be read. Both evaluators use these same texts.
 */
export interface Field {
  readonly expression: string
  /** True when the expression may be an unsigned 32-bit number in signed form, so that comparisons need `>>> 0`. */
  readonly wide: boolean
  /** An expression that says whether the field is known, for the bits of `mask`. Absent: always. */
  readonly known?: (mask: number) => string
  /** Why it is not known, and which option supplies it. */
  readonly missing?: string
  /** Rules change it, so that it must be read where it is used. */
  readonly changes?: boolean
  /**
   * PART_ bits on which it depends: when targets change these parts of packets, it must be read where it is used, and
   * may be unknown.
   */
  readonly parts?: number
  /** It differs between packets of one direction of a connection. */
  readonly perPacket?: boolean
  /** Its name for people. */
  readonly label: string
}

const at = (index: number): string => `f[b + ${index}]`
/** Bytes of the transport header that were captured. */
const captured = `(${at(P_L3_OFFSET)} + ${at(P_L3_CAPTURED)} - ${at(P_L4_OFFSET)})`
/** At hooks that only packets of the machine itself meet. */
const SENT_HERE = `(p.hook === ${HOOK_OUTPUT} || (p.hook === ${HOOK_POSTROUTING} && !p.forwarded))`
const CHANGED = 'an earlier rule changed the packet in a way that could not be decided'

function transport(label: string, expression: string, bytes: number, parts = 0): Field {
  return {
    label,
    expression,
    wide: false,
    known: () => `${captured} >= ${bytes}`,
    missing: CUT_TRANSPORT_HEADER,
    parts,
  }
}

function word(label: string, index: number): Field {
  const parts = index < P_DST ? PART_SOURCE : PART_DESTINATION
  return { label, expression: at(index), wide: true, parts, missing: CHANGED }
}

/** Reads a property of the packet's connection; 0 without one, and after `-j CT`: ask `connection` first. */
function ofConnection(label: string, call: string, wide = false): Field {
  return { label, expression: `(p.connection < 0 ? 0 : p.connections.${call})`, wide }
}

export const FIELDS = {
  source0: word('source address', P_SRC),
  source1: word('source address, word 2', P_SRC + 1),
  source2: word('source address, word 3', P_SRC + 2),
  source3: word('source address, word 4', P_SRC + 3),
  destination0: word('destination address', P_DST),
  destination1: word('destination address, word 2', P_DST + 1),
  destination2: word('destination address, word 3', P_DST + 2),
  destination3: word('destination address, word 4', P_DST + 3),
  /** -1 is an IPv6 header chain that cannot be read. */
  protocol: { label: 'protocol', expression: at(P_PROTOCOL), wide: false },
  length: {
    label: 'length',
    expression: at(P_L3_LENGTH),
    wide: false,
    perPacket: true,
    parts: PART_LENGTH,
    missing: CHANGED,
  },
  /** Routing decreases it before FORWARD. */
  ttl: {
    label: 'TTL',
    expression: `(${at(P_TTL)} - (p.hook === ${HOOK_FORWARD} || (p.hook === ${HOOK_POSTROUTING} && p.forwarded) ? 1 : 0))`,
    wide: false,
    perPacket: true,
    parts: PART_TTL,
    missing: CHANGED,
  },
  tos: { label: 'TOS', expression: at(P_TOS), wide: false, perPacket: true, parts: PART_TOS, missing: CHANGED },
  fragmentOffset: {
    label: 'fragment offset',
    expression: `(${at(P_FRAGMENT)} & ${FRAGMENT_OFFSET_MASK})`,
    wide: false,
  },
  /** Only compared with the length of a header. That TCPMSS makes it longer does not matter for that. */
  transportLength: { label: 'transport length', expression: at(P_L4_LENGTH), wide: false },
  sourcePort: transport('source port', `(${at(P_PORTS)} >>> 16)`, 4),
  destinationPort: transport('destination port', `(${at(P_PORTS)} & 65535)`, 4),
  tcpFlags: transport('TCP flags', `((${at(P_TCP_FLAGS_WINDOW)} >>> 16) & 255)`, 14, PART_TCP_FLAGS),
  tcpDataOffset: { ...transport('TCP data offset', `(${at(P_TCP_FLAGS_WINDOW)} >>> 28)`, 13), perPacket: true },
  icmpType: transport('ICMP type', `(${at(P_PORTS)} >>> 24)`, 2),
  icmpTypeCode: transport('ICMP type and code', `(${at(P_PORTS)} >>> 16)`, 2),
  /**
   * As the hooks see it: LINK_HOST, LINK_BROADCAST or LINK_MULTICAST; every other type is LINK_HOST after routing, and so
   * is whatever the machine itself sends. An Ethernet header marks what is for many, so that all else is for one.
   */
  linkType: {
    label: 'packet type',
    expression: `(!${SENT_HERE} && (${at(P_LINK)} === 1 || ${at(P_LINK)} === 2) ? ${at(P_LINK)} : 0)`,
    wide: false,
    perPacket: true,
    known: () => `(${SENT_HERE} || ${at(P_LINK)} >= 0 || (${at(P_MAC_OFFSET)} & ~${MAC_OFFSET_MASK}) === 0)`,
    missing: 'the capture does not tell how the frame reached the machine; settle it with --assume pkttype=yes|no',
  },
  macHigh: mac('Ethernet source, first 3 bytes', MAC_SOURCE),
  macLow: mac('Ethernet source, last 3 bytes', MAC_SOURCE + 3),
  inInterface: iface('incoming interface', 'p.inInterface', '--iface or --in-iface'),
  outInterface: iface('outgoing interface', 'p.outInterface', '--iface or --out-iface'),
  state: { label: 'conntrack state', expression: 'p.state', wide: false, parts: PART_TRACKING },
  /** 0 original, 1 reply. */
  direction: { label: 'conntrack direction', expression: 'p.direction', wide: false, parts: PART_TRACKING },
  /** 1 with, 0 without a connection. */
  connection: {
    label: 'has a connection',
    expression: '(p.direction < 0 ? 0 : 1)',
    wide: false,
    parts: PART_TRACKING,
  },
  mark: {
    label: 'mark',
    expression: 'p.mark',
    wide: true,
    changes: true,
    known: (mask: number) => `(p.unknownMark & ${mask | 0}) === 0`,
    missing: 'the mark depends on an earlier rule that could not be decided',
  },
  connectionMark: {
    ...ofConnection('connection mark', 'mark(p.connection)', true),
    perPacket: true,
    changes: true,
    known: () => '!k.uncertainMarks.has(p.connections, p.connection)',
    missing: 'the connection mark depends on an earlier rule that could not be decided',
  },
  /** CONFIRMED after `-j CT`, before the tracker. */
  connectionStatus: {
    label: 'connection status',
    expression: `(p.connection < 0 ? ${IPS_CONFIRMED} : p.connections.status(p.connection))`,
    wide: false,
    perPacket: true,
  },
  connectionProtocol: ofConnection('protocol of the connection', 'protocol(p.connection)'),
  ...connectionTuple('original', 'orig', false),
  ...connectionTuple('reply', 'reply', true),
} as const satisfies Record<string, Field>

export type FieldName = keyof typeof FIELDS

function mac(label: string, offset: number): Field {
  const byte = (index: number): string => `p.bytes[(${at(P_MAC_OFFSET)} & ${MAC_OFFSET_MASK}) + ${offset + index}]`
  return {
    label,
    expression: `(${at(P_MAC_OFFSET)} < 0 ? 0 : (${byte(0)} << 16) | (${byte(1)} << 8) | ${byte(2)})`,
    wide: false,
    perPacket: true,
    known: () => `${at(P_MAC_OFFSET)} >= 0`,
    missing: 'the capture does not tell the Ethernet address of the sender; settle it with --assume mac=yes|no',
  }
}

function iface(label: string, expression: string, option: string): Field & { readonly missing: string } {
  return {
    label,
    expression,
    wide: false,
    known: () => `${expression} >= 0`,
    missing: `the ${label} is not known; name it with ${option}`,
  }
}

type TupleField<Side extends string> =
  | `${Side}${'Source' | 'Destination'}${0 | 1 | 2 | 3}`
  | `${Side}${'SourcePort' | 'DestinationPort'}`

function connectionTuple<Side extends string>(
  name: string,
  side: Side,
  reply: boolean,
): Record<TupleField<Side>, Field> {
  const fields: Record<string, Field> = {}
  for (const end of ['Source', 'Destination'] as const) {
    const label = `${name} ${end.toLowerCase()} of the connection`
    const toward = `${reply}, ${end === 'Destination'}`
    for (let index = 0; index < 4; index++) {
      fields[`${side}${end}${index}`] = ofConnection(label, `address(p.connection, ${toward}, ${index})`, true)
    }
    fields[`${side}${end}Port`] = ofConnection(`${label}, port`, `port(p.connection, ${toward})`)
  }
  return fields as Record<TupleField<Side>, Field>
}
