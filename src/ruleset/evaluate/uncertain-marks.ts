import type { ConnectionView } from '../packet/connection-view.ts'

/**
 * Connections whose mark depends on a rule that could not be decided. Stored with their numbers, since entries are used
 * again.
 */
export class UncertainMarks {
  /** Number of the connection by its entry. */
  readonly #numbers = new Map<number, number>()

  /** @param entry -1 for none */
  has(connections: ConnectionView, entry: number): boolean {
    return this.#numbers.size > 0 && entry >= 0 && this.#numbers.get(entry) === connections.number(entry)
  }

  add(connections: ConnectionView, entry: number): void {
    if (entry >= 0) this.#numbers.set(entry, connections.number(entry))
  }

  delete(entry: number): void {
    this.#numbers.delete(entry)
  }
}
