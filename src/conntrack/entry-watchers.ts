import { E_STATUS, ENTRY_INTS, ENTRY_WATCHED } from './entry.ts'

/** Is told of entries with ENTRY_WATCHED. */
export interface EntryWatcher {
  /** A packet of its connection was tracked. */
  moved(id: number): void
  /** The entry can no longer be found, or was never confirmed and never will be. */
  left(id: number): void
}

/** Tells watchers (rules that count connections) what happens to the entries that they watch. */
export class EntryWatchers {
  readonly #watchers: EntryWatcher[] = []

  get isEmpty(): boolean {
    return this.#watchers.length === 0
  }

  add(watcher: EntryWatcher): void {
    if (!this.#watchers.includes(watcher)) this.#watchers.push(watcher)
  }

  /** From now on watchers are told of this entry. */
  watch(entries: Int32Array, id: number): void {
    entries[id * ENTRY_INTS + E_STATUS] |= ENTRY_WATCHED
  }

  /** A packet of the entry was tracked, or its time set. */
  tellThatItMoved(entries: Int32Array, id: number): void {
    if ((entries[id * ENTRY_INTS + E_STATUS] & ENTRY_WATCHED) === 0) return
    for (const watcher of this.#watchers) watcher.moved(id)
  }

  /** The entry is not watched any more. */
  tellThatItLeft(entries: Int32Array, id: number): void {
    entries[id * ENTRY_INTS + E_STATUS] &= ~ENTRY_WATCHED
    for (const watcher of this.#watchers) watcher.left(id)
  }
}
