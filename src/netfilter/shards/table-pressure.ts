import type { ConnectionTable } from '../../conntrack/table.ts'

const SECOND_NS = 1e9

/**
 * One shard's part of an upper bound of what a table for all shards would hold. That table keeps what has expired for a
 * second at most when it is full (CurrentConnection searches it once a second): so the bound is what was there when the
 * second before began, and all that was made since.
 */
export class TablePressure {
  #highest = 0
  #second = Number.NEGATIVE_INFINITY
  /** Entries, and entries ever made, when the second before began, and when this one did. */
  #countBefore = 0
  #createdBefore = 0
  #count = 0
  #created = 0

  /** Called ahead of each packet. */
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

  /** The highest bound since it was last taken. */
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
