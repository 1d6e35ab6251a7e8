import { busiestHosts, type TableHost } from './busiest-hosts.ts'
import type { Finding } from './finding.ts'
import { REASON_TABLE_FULL } from './reasons.ts'
import type { ConnectionTable } from './table.ts'

/**
 * A full table is searched for expired entries at most once a second, as by the kernel's collector: a search for every
 * new connection of a flood would take quadratic time.
 */
const COLLECTION_INTERVAL_NS = 1e9

/** The limit of entries (nf_conntrack_max), and what happened because of it. */
export class TableLimit {
  /** Entries pushed out of the full table, and packets dropped because none could be. */
  evicted = 0
  fullDrops = 0
  /** When the table was full for the first time, on the replay's clock, and who filled it; infinity for never. */
  fullSinceNs = Number.POSITIVE_INFINITY
  hostsWhenFull: readonly TableHost[] = []
  readonly #max: number
  readonly #table: ConnectionTable
  readonly #finding: Finding
  /** When a full table is next searched for what has expired. */
  #nextCollectionNs = Number.NEGATIVE_INFINITY

  /** @param max nf_conntrack_max, 0 for no limit */
  constructor(max: number, table: ConnectionTable, finding: Finding) {
    this.#max = max
    this.#table = table
    this.#finding = finding
  }

  /**
   * Whether there is room for one more entry: if need be where one has expired, or one that is not ASSURED is pushed
   * out. If not, `finding` says so.
   */
  hasRoom(): boolean {
    return this.#max === 0 || this.#table.count < this.#max || this.#makeRoom()
  }

  #makeRoom(): boolean {
    const table = this.#table
    if (table.nowNs >= this.#nextCollectionNs) {
      this.#nextCollectionNs = table.nowNs + COLLECTION_INTERVAL_NS
      if (table.cleaner.removeExpired() > 0) return true
    }
    if (this.fullSinceNs === Number.POSITIVE_INFINITY) {
      this.fullSinceNs = table.nowNs
      this.hostsWhenFull = busiestHosts(table)
    }
    if (table.cleaner.evict(this.evicted + this.fullDrops)) {
      this.evicted++
      return true
    }
    this.fullDrops++
    this.#finding.set(REASON_TABLE_FULL, table.count, 0, 0)
    return false
  }
}
