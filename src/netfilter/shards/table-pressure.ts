import type { ConnectionTable } from '../../conntrack/table.ts'

const SECOND_NS = 1e9

/**
 * One shard's part of an upper bound of the entries in one table for all shards. Such a table, when it is full, keeps
 * expired entries for at most a second (CurrentConnection searches it once a second). So the bound is the number of
 * entries at the start of the previous second, plus all that were made since.
 */
export class TablePressure {
  #highest = 0
  #second = Number.NEGATIVE_INFINITY
  /** Entries, and entries ever made, at the start of the previous second and of this one. */
  #countBefore = 0
  #createdBefore = 0
  #count = 0
  #created = 0

  /** Called before each packet. */
  note(nowNs: number, table: ConnectionTable): void {
    const second = Math.floor(nowNs / SECOND_NS)
    if (second === this.#second) return
    this.#raise(table)
    const isNext = second === this.#second + 1
    this.#countBefore = isNext ? this.#count : table.count
    this.#createdBefore = isNext ? this.#created : table.created
    this.#count = table.count
    this.#created = table.created
    this.#second = second
  }

  /** The highest bound since the last call. */
  take(table: ConnectionTable): number {
    this.#raise(table)
    const highest = this.#highest
    this.#highest = 0
    return highest
  }

  /** Within a second the bound only rises. */
  #raise({ created }: ConnectionTable): void {
    this.#highest = Math.max(this.#highest, this.#countBefore + created - this.#createdBefore)
  }
}
