import type { ConnectionView } from '../packet/connection-view.ts'

/** Labels are below this. */
export const LABELS = 128

/**
 * Labels that connections may have, since a rule that sets them could not be decided. Stored by entry, with the number
 * of the connection, since entries are used again.
 */
export class DoubtfulLabels {
  /** By entry * LABELS + label. */
  readonly #numbers = new Map<number, number>()

  has(connections: ConnectionView, entry: number, label: number): boolean {
    return this.#numbers.size > 0 && this.#numbers.get(entry * LABELS + label) === connections.number(entry)
  }

  add(connections: ConnectionView, entry: number, label: number): void {
    this.#numbers.set(entry * LABELS + label, connections.number(entry))
  }
}
