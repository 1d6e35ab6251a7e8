import { networkWord } from '../../wire/byte-view.ts'
import { MAC_SOURCE, macOffset } from '../../wire/mac.ts'

/**
 * The Ethernet addresses of a router, which are the sources of the frames that forwarded packets leave in. They tell
 * what it sent from what it received in a capture without direction marks.
 */
export class OwnMacs {
  readonly #macs = new Set<number>()

  /** A frame that shows a forwarded packet on its way out. */
  learn(bytes: Uint8Array, rows: Int32Array, base: number): void {
    if (macOffset(rows, base) >= 0) this.#macs.add(sourceOf(bytes, rows, base))
  }

  /** Whether the frame was sent with one of them. */
  sent(bytes: Uint8Array, rows: Int32Array, base: number): boolean {
    return macOffset(rows, base) >= 0 && this.#macs.has(sourceOf(bytes, rows, base))
  }
}

function sourceOf(bytes: Uint8Array, rows: Int32Array, base: number): number {
  const at = macOffset(rows, base) + MAC_SOURCE
  return ((bytes[at] << 8) | bytes[at + 1]) * 2 ** 32 + (networkWord(bytes, at + 2) >>> 0)
}
