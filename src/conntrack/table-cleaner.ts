import { E_EXPIRY, E_NUMBER, E_STATUS, ENTRY_INTS } from './entry.ts'
import { IPS_ASSURED, IPS_CONFIRMED } from './status.ts'

/** Entries that `sweep` checks before it removes any of them. */
const SWEPT_AT_ONCE = 64
/** Entries that `evict` looks at: the kernel looks at eight buckets of a full table, with two tuples each. */
const EVICTION_SCAN = 16
/** Odd, and far from any pattern: spreads numbers that follow each other. */
const SPREAD = 0x9e3779b1

/** What the cleaner needs of the connection table (table.ts). */
interface CleanableTable {
  readonly entries: Int32Array
  readonly times: Float64Array
  readonly nowNs: number
  readonly count: number
  readonly high: number
  touched: number
  approachEntry(id: number): number
  removeIfExpired(id: number): boolean
  isFindable(id: number): boolean
  remove(id: number): void
}

/** Makes room in a connection table: removes expired entries, and pushes out others if it must. */
export class TableCleaner {
  readonly #table: CleanableTable
  /** The entry that is swept next. */
  #next = 0
  readonly #expired = new Int32Array(SWEPT_AT_ONCE)

  constructor(table: CleanableTable) {
    this.#table = table
  }

  /**
   * Removes what has expired among the next `steps` entries, going round the table, so that connections which nobody
   * looks up again do not stay. Lookups do not depend on it: they check expiry themselves.
   */
  sweep(steps: number): void {
    for (let done = 0; done < steps && this.#table.high > 0; done += SWEPT_AT_ONCE) {
      this.#sweepTogether(Math.min(steps - done, SWEPT_AT_ONCE))
    }
  }

  /** As in `approach`, the index is read for all of them before it is changed for any. */
  #sweepTogether(steps: number): void {
    const table = this.#table
    const { entries, times } = table
    const expired = this.#expired
    let touched = 0
    let count = 0
    for (let step = 0; step < steps; step++) {
      if (this.#next >= table.high) this.#next = 0
      const id = this.#next++
      const e = id * ENTRY_INTS
      if (times[(e + E_EXPIRY) >> 1] > table.nowNs || entries[e + E_NUMBER] === 0) continue
      expired[count++] = id
      touched ^= table.approachEntry(id)
    }
    table.touched = touched
    for (let i = 0; i < count; i++) table.removeIfExpired(expired[i])
  }

  /** Removes all that has expired; returns how many. */
  removeExpired(): number {
    const before = this.#table.count
    this.sweep(this.#table.high)
    return before - this.#table.count
  }

  /**
   * Pushes one entry that is not ASSURED out of the table. It looks only at EVICTION_SCAN neighbouring entries, as the
   * kernel looks at a few buckets. Where the kernel looks depends on a random seed; here it depends on `turn`, so that
   * two replays of a capture do the same.
   */
  evict(turn: number): boolean {
    const table = this.#table
    const { entries } = table
    const from = (Math.imul(turn, SPREAD) >>> 1) % table.high
    let seen = 0
    for (let step = 0; step < table.high && seen < EVICTION_SCAN; step++) {
      const id = (from + step) % table.high
      const status = entries[id * ENTRY_INTS + E_STATUS]
      if (entries[id * ENTRY_INTS + E_NUMBER] === 0 || (status & IPS_CONFIRMED) === 0) continue
      seen++
      if ((status & IPS_ASSURED) !== 0 || !table.isFindable(id)) continue
      table.remove(id)
      return true
    }
    return false
  }
}
