import { FRAGMENT_PIECE, P_DST, P_FRAGMENT, P_PORTS, P_SRC } from '../../wire/packet-fields.ts'
import { directedFlowHash } from './directed-flow.ts'

/** Of flows with the same place in the table, the latest is remembered. */
const SLOTS = 1 << 14
const SLOT_INTS = 3
const S_HASH = 0
const S_MILLISECONDS = 1
const S_PACKETS = 2
/** So many packets of a flow must have been recognised. */
const PACKETS_NEEDED = 2
/** So long may a flow pause and is still known to be forwarded. */
const REMEMBERED_MS = 60_000

/**
 * Flows that the machine is known to forward, by the addresses and ports with which their packets leave: what helpers
 * rewrote, and what was cut into segments on its way, is not recognised by its content.
 */
export class ForwardedFlows {
  readonly #flows = new Int32Array(SLOTS * SLOT_INTS)

  /** @param now milliseconds */
  keep(rows: Int32Array, base: number, now: number): void {
    if ((rows[base + P_FRAGMENT] & FRAGMENT_PIECE) !== 0) return
    const hash = directedFlowHash(rows, base, P_SRC, P_DST, rows[base + P_PORTS])
    const slot = (hash & (SLOTS - 1)) * SLOT_INTS
    this.#flows[slot + S_PACKETS] = this.#flows[slot + S_HASH] === hash ? this.#flows[slot + S_PACKETS] + 1 : 1
    this.#flows[slot + S_HASH] = hash
    this.#flows[slot + S_MILLISECONDS] = now
  }

  has(rows: Int32Array, base: number, now: number): boolean {
    if ((rows[base + P_FRAGMENT] & FRAGMENT_PIECE) !== 0) return false
    const hash = directedFlowHash(rows, base, P_SRC, P_DST, rows[base + P_PORTS])
    const slot = (hash & (SLOTS - 1)) * SLOT_INTS
    if (this.#flows[slot + S_HASH] !== hash || this.#flows[slot + S_PACKETS] < PACKETS_NEEDED) return false
    return now - this.#flows[slot + S_MILLISECONDS] < REMEMBERED_MS
  }
}
