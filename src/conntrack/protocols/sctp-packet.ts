import { networkWord } from '../../wire/byte-view.ts'
import { P_L3_CAPTURED, P_L3_OFFSET, P_L4_LENGTH, P_L4_OFFSET } from '../../wire/packet-fields.ts'
import {
  CHUNK_COOKIE_ACK,
  CHUNK_COOKIE_ECHO,
  CHUNK_INIT,
  CHUNK_INIT_ACK,
  CHUNK_SHUTDOWN_COMPLETE,
} from './sctp-states.ts'

const COMMON_HEADER = 12
const CHUNK_HEADER = 4
/** INIT and INIT ACK without parameters: tag, window, streams both ways, first TSN (RFC 9260, section 3.3.2). */
const INIT_CHUNK = 20
/** Chunk flag T: the sender had no association and reflects the receiver's tag (RFC 9260, section 8.5.1). */
const CHUNK_FLAG_T = 1

/**
 * The chunks of an SCTP packet. One instance is filled anew for each packet. Chunks are named by their offset:
 * `for (let chunk = packet.first; packet.isChunk(chunk); chunk = packet.after(chunk))`.
 */
export class SctpPacket {
  /** 0: of the original direction, 1: of the reply direction. */
  direction = 0
  /** The verification tag. */
  tag = 0
  /** Bit n: a chunk of type n is in the packet, for n below 32. */
  types = 0
  #bytes: Uint8Array = new Uint8Array(0)
  #at = 0
  #end = 0

  read(bytes: Uint8Array, fields: Int32Array, base: number, direction: number): void {
    const at = fields[base + P_L4_OFFSET]
    this.#bytes = bytes
    this.#at = at
    this.#end = Math.min(at + fields[base + P_L4_LENGTH], fields[base + P_L3_OFFSET] + fields[base + P_L3_CAPTURED])
    this.direction = direction
    this.tag = networkWord(bytes, at + 4)
    this.types = 0
    for (let chunk = this.first; this.isChunk(chunk) && this.#lengthOf(chunk) > 0; chunk = this.after(chunk)) {
      if (this.typeOf(chunk) < 32) this.types |= 1 << this.typeOf(chunk)
    }
  }

  /**
   * INIT, INIT ACK and SHUTDOWN COMPLETE stand alone, COOKIE ECHO and COOKIE ACK come first, no chunk is of length 0.
   */
  get isWellFormed(): boolean {
    let alone = false
    for (let chunk = this.first; this.isChunk(chunk); chunk = this.after(chunk)) {
      const type = this.typeOf(chunk)
      if (type === CHUNK_INIT || type === CHUNK_INIT_ACK || type === CHUNK_SHUTDOWN_COMPLETE) alone = true
      const mustBeFirst = alone || type === CHUNK_COOKIE_ACK || type === CHUNK_COOKIE_ECHO
      if ((mustBeFirst && chunk !== this.first) || this.#lengthOf(chunk) === 0) return false
    }
    return this.isChunk(this.first)
  }

  get first(): number {
    return this.#at + COMMON_HEADER
  }

  isChunk(chunk: number): boolean {
    return chunk + CHUNK_HEADER <= this.#end
  }

  after(chunk: number): number {
    return chunk + ((this.#lengthOf(chunk) + 3) & ~3)
  }

  typeOf(chunk: number): number {
    return this.#bytes[chunk]
  }

  hasReflectedTag(chunk: number): boolean {
    return (this.#bytes[chunk + 1] & CHUNK_FLAG_T) !== 0
  }

  /** Of an INIT or INIT ACK: whether all of it but the parameters is there. */
  holdsInit(chunk: number): boolean {
    return chunk + INIT_CHUNK <= this.#end
  }

  /** Of an INIT or INIT ACK: the tag that its receiver is to use. */
  initTagOf(chunk: number): number {
    return networkWord(this.#bytes, chunk + 4)
  }

  #lengthOf(chunk: number): number {
    return (this.#bytes[chunk + 2] << 8) | this.#bytes[chunk + 3]
  }
}
