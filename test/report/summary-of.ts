import {
  FRAME_FLAG_NO_TIME,
  FRAME_FLAGS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_WIRE_LENGTH,
  NO_TIME_DIGITS,
} from '../../src/capture/frame-batch.ts'
import { addUp } from '../../src/capture/frame-totals.ts'
import type { Outcome } from '../../src/netfilter/outcome.ts'
import type { ReplaySummary } from '../../src/netfilter/replay.ts'
import { PacketBatch } from '../../src/pipeline/packet-batch.ts'
import { summaryText } from '../../src/report/summary.ts'
import { TrafficCounters } from '../../src/report/traffic-counters.ts'
import { NO_RULES } from '../support/no-rules.ts'

/** The text of the summary of a replay of these outcomes. */
export function summaryOf(
  outcomes: readonly Outcome[],
  rest: Partial<ReplaySummary> = {},
  verbose = false,
  given: readonly string[] = [],
): string {
  return summaryText(
    {
      mode: 'router',
      local: [],
      assumptions: [],
      warnings: [],
      interfacesNotGiven: [],
      files: [{ path: 'a.pcap', format: 'pcap, microseconds', frames: outcomes.length }],
      problems: [],
      skipsCopies: false,
      frames: outcomes.length,
      table: { created: 0, peak: 0, atEnd: 0, max: 0, evicted: 0, fullDrops: 0 },
      ruleset4: NO_RULES,
      ruleset6: null,
      trackedBy: 'one',
      ...rest,
    },
    counted(outcomes),
    { verbose, given },
  )
}

export function counted(outcomes: readonly Outcome[]): TrafficCounters {
  const traffic = new TrafficCounters()
  const batch = new PacketBatch(1)
  batch.count = 1
  outcomes.forEach((one, i) => {
    one.frame = i + 1
    batch.seconds[0] = one.epochSeconds
    batch.info[FRAME_NANOSECONDS] = one.nanoseconds
    batch.info[FRAME_WIRE_LENGTH] = one.wireLength
    batch.info[FRAME_LINK_TYPE] = one.linkType
    batch.info[FRAME_FLAGS] = one.digits === NO_TIME_DIGITS ? FRAME_FLAG_NO_TIME : 0
    addUp(batch, batch.totals)
    traffic.frames(batch)
    traffic.packet(one)
  })
  return traffic
}
