import { addressText } from '../wire/address.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import { ConnectionReader } from './connection-reader.ts'
import type { ConnectionTable } from './table.ts'

/** How many of the hosts that filled the table are named. */
const HOSTS_NAMED = 3

/** A host and how many connections in the table it opened. */
export interface TableHost {
  readonly address: string
  readonly connections: number
}

/** Addresses that opened most of the table's connections, most first. Looks at every entry. */
export function busiestHosts(table: ConnectionTable): TableHost[] {
  const reader = new ConnectionReader(table)
  /** By address: IPv4 as a number, so that only the few addresses that are named are turned into text. */
  const counts = new Map<number | string, number>()
  for (const id of table.live()) {
    const host = reader.isIpv6(id)
      ? addressText(
          [0, 1, 2, 3].map((word) => reader.address(id, false, false, word)),
          0,
          IP_V6,
        )
      : reader.address(id, false, false, 0)
    counts.set(host, (counts.get(host) ?? 0) + 1)
  }
  const busiest = [...counts].sort(([, a], [, b]) => b - a).slice(0, HOSTS_NAMED)
  return busiest.map(([host, connections]) => ({
    address: typeof host === 'string' ? host : addressText([host], 0, IP_V4),
    connections,
  }))
}
