import type { TableHost } from '../conntrack/busiest-hosts.ts'
import { HELPERS } from '../conntrack/helpers/registry.ts'
import { IP_V4, IP_V6 } from '../wire/packet-fields.ts'
import type { MachineParts } from './machine-for.ts'
import type { Topology } from './topology.ts'
import type { UnsureTranslations } from './unsure-translations.ts'

/** Sums for the report, besides packets and the counters of rules. */
export interface Tally {
  readonly framesBackInTime: number
  /** The machine's own addresses that no packet is from or to, by IP_ family. */
  readonly unmetAddresses: Readonly<Record<number, readonly string[]>>
  /** ChecksumPolicy.forgiven. */
  readonly checksumsForgiven: number
  /** Connections that would have been RELATED, by the number of the helper. */
  readonly missedByHelper: readonly number[]
  /** Packets that a helper could not read because the capture cut them. */
  readonly blindPackets: number
  /** See UnsureTranslations. */
  readonly unsureTranslations: Pick<UnsureTranslations, 'count' | 'first'>
  readonly guessedAddress: Topology['guessedAddress']
  readonly created: number
  readonly peak: number
  readonly atEnd: number
  readonly evicted: number
  readonly fullDrops: number
  /** When the table was full for the first time, on the replay's clock, and who filled it; infinity for never. */
  readonly fullSinceNs: number
  readonly hostsWhenFull: readonly TableHost[]
}

export function tallyOf({ machine, topology, checksums }: MachineParts): Tally {
  const { current, helpers, onlooker } = machine.tracker
  const { count, first } = machine.journey.nat.unsureSources
  return {
    framesBackInTime: machine.framesBackInTime,
    unmetAddresses: { [IP_V4]: topology.local.unmet(IP_V4), [IP_V6]: topology.local.unmet(IP_V6) },
    checksumsForgiven: checksums.forgiven,
    missedByHelper: [...onlooker.missed],
    blindPackets: helpers.blindPackets,
    unsureTranslations: { count, first },
    guessedAddress: topology.guessedAddress,
    created: current.table.created,
    peak: current.peakCount,
    atEnd: current.table.count,
    evicted: current.limit.evicted,
    fullDrops: current.limit.fullDrops,
    fullSinceNs: current.limit.fullSinceNs,
    hostsWhenFull: current.limit.hostsWhenFull,
  }
}

/**
 * The sums of all shards. All of them followed the whole clock, and no table was full; `peak` and `atEnd` are only
 * upper bounds, since tables keep expired entries for a while.
 */
export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((total, tally) => total + of(tally), 0)
  return {
    framesBackInTime: tallies[0].framesBackInTime,
    unmetAddresses: { [IP_V4]: unmetByAll(tallies, IP_V4), [IP_V6]: unmetByAll(tallies, IP_V6) },
    checksumsForgiven: sum((tally) => tally.checksumsForgiven),
    missedByHelper: HELPERS.map((_, helper) => sum((tally) => tally.missedByHelper[helper])),
    blindPackets: sum((tally) => tally.blindPackets),
    // With a nat table the work is never shared.
    unsureTranslations: { count: 0, first: '' },
    guessedAddress: null,
    created: sum((tally) => tally.created),
    peak: sum((tally) => tally.peak),
    atEnd: sum((tally) => tally.atEnd),
    evicted: 0,
    fullDrops: 0,
    fullSinceNs: Number.POSITIVE_INFINITY,
    hostsWhenFull: [],
  }
}

function unmetByAll(tallies: readonly Tally[], family: number): string[] {
  return tallies[0].unmetAddresses[family].filter((address) =>
    tallies.every(({ unmetAddresses }) => unmetAddresses[family].includes(address)),
  )
}
