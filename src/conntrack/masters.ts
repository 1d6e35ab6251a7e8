import { E_EXPIRY, E_STATUS, ENTRY_INTS, ENTRY_OUTLIVED } from './entry.ts'
import { X_ANNOUNCED, X_MASTER } from './extensions.ts'
import { IPS_CONFIRMED } from './status.ts'

/** What is needed of the connection table (table.ts). */
interface TableWithMasters {
  readonly entries: Int32Array
  readonly times: Float64Array
  readonly extensions: { readonly records: Int32Array }
  extend(id: number): number
  extensionOf(id: number): number
}

/**
 * Masters: the entries of connections that announced others. As long as one of these is there, rules may ask for its
 * master (`-m helper`), so a master that has ended is kept until the last of them is given back.
 */
export class Masters {
  readonly #table: TableWithMasters

  constructor(table: TableWithMasters) {
    this.#table = table
  }

  /** The entry `master` announced the connection of the entry `id`. */
  name(id: number, master: number): void {
    const { extensions } = this.#table
    const x = this.#table.extend(id)
    const m = this.#table.extend(master)
    extensions.records[x + X_MASTER] = master + 1
    extensions.records[m + X_ANNOUNCED]++
  }

  /** The master of the entry, -1 for none. */
  of(id: number): number {
    return this.#table.extensions.records[this.#table.extensionOf(id) + X_MASTER] - 1
  }

  /** Keeps an entry that is to be given back, if another one names it; false if none does. */
  keep(id: number): boolean {
    const { entries, extensions, times } = this.#table
    if (extensions.records[this.#table.extensionOf(id) + X_ANNOUNCED] === 0) return false
    const e = id * ENTRY_INTS
    entries[e + E_STATUS] = (entries[e + E_STATUS] & ~IPS_CONFIRMED) | ENTRY_OUTLIVED
    times[(e + E_EXPIRY) >> 1] = Number.POSITIVE_INFINITY
    return true
  }

  /** An entry is given back. @returns its master if that was kept for this entry alone, else -1 */
  release(id: number): number {
    const master = this.of(id)
    if (master < 0) return -1
    const { entries, extensions } = this.#table
    const left = --extensions.records[this.#table.extensionOf(master) + X_ANNOUNCED]
    return left === 0 && (entries[master * ENTRY_INTS + E_STATUS] & ENTRY_OUTLIVED) !== 0 ? master : -1
  }
}
