import { ConnectionReader } from '../../src/conntrack/connection-reader.ts'
import type { CurrentConnection } from '../../src/conntrack/current-connection.ts'
import {
  E_KIND,
  E_SCTP_STATE,
  E_STATUS,
  E_TCP_STATE,
  ENTRY_INTS,
  ENTRY_TWO_TUPLES,
  KIND_ZONE_SHIFT,
} from '../../src/conntrack/entry.ts'
import { ANY_PORT } from '../../src/conntrack/expectations.ts'
import { X_HELPER, X_REPLY_KIND } from '../../src/conntrack/extensions.ts'
import { HELPERS } from '../../src/conntrack/helpers/registry.ts'
import { SCTP_STATE_NAMES } from '../../src/conntrack/protocols/sctp-states.ts'
import { TCP_STATE_MASK, TCP_STATE_NAMES } from '../../src/conntrack/protocols/tcp-states.ts'
import { addressText } from '../../src/wire/address.ts'
import { IP_V4, IP_V6 } from '../../src/wire/packet-fields.ts'
import { PROTO_SCTP, PROTO_TCP } from '../../src/wire/protocols.ts'

/** One direction of a connection, as packets of that direction have it when they come to the machine. */
export interface ListedTuple {
  readonly protocol: number
  readonly source: string
  readonly destination: string
  /** Port, ICMP identifier, GRE key; 0 without. */
  readonly sourcePort: number
  /** Port, ICMP type << 8 | code, GRE key; 0 without. */
  readonly destinationPort: number
  readonly zone: number
}

/** An entry of the connection table in words, as conntrack(8) lists it. */
interface ListedConnection {
  readonly original: ListedTuple
  readonly reply: ListedTuple
  /** IPS_ bits. */
  readonly status: number
  /** State of TCP or SCTP, null of all others. */
  readonly state: string | null
  readonly secondsLeft: number
  readonly mark: number
  readonly helper: string | null
  /** Original direction of the connection that announced this one. */
  readonly master: ListedTuple | null
}

/** An expectation in words, as `conntrack -L expect` lists it. */
interface ListedExpectation {
  /** Null stands for any. */
  readonly source: string | null
  readonly sourcePort: number | null
  readonly destination: string
  readonly destinationPort: number
  readonly protocol: number
  readonly zone: number
  readonly secondsLeft: number
  readonly master: ListedTuple
}

/** All connections that live at `nowNs`, in the order of their creation. Cold: for the end of a replay. */
export function listConnections(current: CurrentConnection, nowNs: number): ListedConnection[] {
  const { table } = current
  const read = new ConnectionReader(table)
  const ids = [...table.live()].filter((id) => read.remainingNs(id, nowNs) > 0)
  ids.sort((a, b) => read.number(a) - read.number(b))
  return ids.map((id) => {
    const master = read.master(id)
    const helper = table.extensions.records[table.extensionOf(id) + X_HELPER] - 1
    return {
      original: tupleOf(current, read, id, false),
      reply: tupleOf(current, read, id, true),
      status: read.status(id),
      state: stateOf(table.entries, read.protocol(id), id * ENTRY_INTS),
      secondsLeft: read.remainingNs(id, nowNs) / 1e9,
      mark: read.mark(id),
      helper: helper < 0 ? null : HELPERS[helper].name,
      master: master < 0 ? null : tupleOf(current, read, master, false),
    }
  })
}

/** All expectations that live at `nowNs`, those of a master together. */
export function listExpectations(current: CurrentConnection, nowNs: number): ListedExpectation[] {
  const read = new ConnectionReader(current.table)
  return [...current.expectations.live(nowNs)].map((one) => ({
    source: one.source === null ? null : addressText(one.source, 0, one.family),
    sourcePort: one.sourcePort === ANY_PORT ? null : one.sourcePort,
    destination: addressText(one.destination, 0, one.family),
    destinationPort: one.destinationPort,
    protocol: one.protocol,
    zone: one.zone,
    secondsLeft: (one.expiresNs - nowNs) / 1e9,
    master: tupleOf(current, read, one.master, false),
  }))
}

function tupleOf({ table }: CurrentConnection, read: ConnectionReader, id: number, reply: boolean): ListedTuple {
  const e = id * ENTRY_INTS
  const hasReplyKey = reply && (table.entries[e + E_STATUS] & ENTRY_TWO_TUPLES) !== 0
  const kind = hasReplyKey ? table.extensions.records[table.extensionOf(id) + X_REPLY_KIND] : table.entries[e + E_KIND]
  const isV6 = read.isIpv6(id)
  const text = (destination: boolean) => {
    const words = Array.from({ length: isV6 ? 4 : 1 }, (_, i) => read.address(id, reply, destination, i))
    return addressText(words, 0, isV6 ? IP_V6 : IP_V4)
  }
  return {
    protocol: read.protocol(id),
    source: text(false),
    destination: text(true),
    sourcePort: read.port(id, reply, false),
    destinationPort: read.port(id, reply, true),
    zone: kind >>> KIND_ZONE_SHIFT,
  }
}

function stateOf(entries: Int32Array, protocol: number, e: number): string | null {
  if (protocol === PROTO_TCP) return TCP_STATE_NAMES[entries[e + E_TCP_STATE] & TCP_STATE_MASK]
  return protocol === PROTO_SCTP ? SCTP_STATE_NAMES[entries[e + E_SCTP_STATE]] : null
}
