import { createHistogram } from 'node:perf_hooks'
import { E_EXPIRY, ENTRY_INTS } from '../../src/conntrack/entry.ts'
import { ConnectionTable } from '../../src/conntrack/table.ts'
import { TupleKey } from '../../src/conntrack/tuple.ts'
import { IP_V4, P_DST, P_FAMILY, P_PORTS, P_PROTOCOL, P_SRC, PACKET_INTS } from '../../src/wire/packet-fields.ts'

interface GrowthResult {
  readonly connections: number
  /** Of a table that nothing limits: entries, index, extensions. */
  readonly bytesEach: number
  /** Microseconds of the processor that an insertion took: mean, 99.99 % of all, the longest. */
  readonly mean: number
  readonly nearlyAll: number
  readonly longest: number
}

/**
 * Fills a connection table that begins empty and has no limit, and times every insertion by itself: in time of the
 * processor, page faults included, because on a busy machine the clock would tell of other programs.
 */
export function measureGrowth(connections: number): GrowthResult {
  const histogram = createHistogram({ lowest: 1, highest: 1e8, figures: 3 })
  const table = new ConnectionTable()
  const key = new TupleKey(1)
  const fields = new Int32Array(PACKET_INTS)
  fields[P_FAMILY] = IP_V4
  fields[P_PROTOCOL] = 17
  fields[P_DST] = 0x0b00_0001
  fields[P_PORTS] = (1000 << 16) | 53
  for (let n = 0; n < connections; n++) {
    fields[P_SRC] = 0x0a00_0000 + n
    const start = process.cpuUsage()
    key.fill(fields, 0, 0, 0, 0)
    const id = table.allocate(key)
    table.times[(id * ENTRY_INTS + E_EXPIRY) >> 1] = 1e18
    table.insert(id)
    const { user, system } = process.cpuUsage(start)
    histogram.record(Math.max(1, user + system))
  }
  return {
    connections,
    bytesEach: table.bytes / connections,
    mean: histogram.mean,
    nearlyAll: histogram.percentile(99.99),
    longest: histogram.max,
  }
}
