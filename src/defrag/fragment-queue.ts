import { grown } from '../wire/grown.ts'
import { LARGE_ZERO } from '../wire/large-zero.ts'
import type { FragmentStore } from './fragment-store.ts'

/** Results of `reserve`: room was made for the fragment. */
export const INSERTED = 0
/** The fragment lies wholly within one run of earlier ones: it is ignored. */
export const INSERT_DUPLICATE = 1
/** It overlaps others in part: the whole datagram is given up. */
const INSERT_OVERLAP = 2

/** Fragments that a queue has room for at first. */
const ROOM_AT_START = 8
/** A queue with room for more fragments gives that room back when it is cleared. */
const ROOM_KEPT = 128

const UNLIMITED = 0x7fffffff

/** Integers per piece: offset, bytes that the capture holds, handle in the store. */
const PIECE_INTS = 3
/** Integers per run: start, end. */
const RUN_INTS = 2

/**
 * The fragments of one datagram that have arrived. Linux keeps them as runs: fragments that came in order, each right
 * after the last, make one run; any other starts its own, and runs never merge. That decides what is a duplicate.
 */
export class FragmentQueue {
  /** Key. Addresses as words, four of them for IPv6. */
  readonly addresses = new Int32Array(8)
  id = 0
  /** IPv4: the protocol. IPv6: the interface, for link-local and multicast destinations. */
  scope = 0
  hash = 0
  nextSameHash: FragmentQueue | null = null

  /** Queues of a family in the order in which they time out. */
  older: FragmentQueue | null = null
  newer: FragmentQueue | null = null
  deadlineNs = LARGE_ZERO

  /** End of the datagram's payload as known so far. */
  length = 0
  lastSeen = false
  firstSeen = false
  /** Payload bytes that have arrived, by the lengths in the headers. */
  arrived = 0
  /** Bits 1 << ECN codepoint of all fragments. */
  ecn = 0
  /** Size of the largest fragment, header included; and of the largest one with DF. */
  largest = 0
  largestWithDf = 0
  /** Kernel memory that the fragments would take. */
  memory = 0
  /** IPv4: the source's count of fragments (SourceDistance) when the last one of this queue came. */
  sourceCount = 0
  /** Headers of the first fragment; IPv6: up to the fragment header and with it. */
  header = new Uint8Array(64)
  headerLength = 0
  /** The payload up to here is in the capture; after it, some bytes are missing. */
  firstUnknown = UNLIMITED

  frames = new Float64Array(ROOM_AT_START)
  frameCount = 0

  #pieces = new Int32Array(ROOM_AT_START * PIECE_INTS)
  #pieceCount = 0
  #runs = new Int32Array(ROOM_AT_START * RUN_INTS)
  #runCount = 0
  /** End and run of the fragment with the highest end. */
  #tailEnd = 0
  #tailRun = 0

  get isEmpty(): boolean {
    return this.#pieceCount === 0
  }

  get isComplete(): boolean {
    return this.firstSeen && this.lastSeen && this.arrived === this.length
  }

  /** Forgets all fragments. */
  clear(store: FragmentStore): void {
    for (let i = 0; i < this.#pieceCount; i++) store.release(this.#pieces[i * PIECE_INTS + 2])
    if (this.#pieceCount > ROOM_KEPT) {
      this.#pieces = new Int32Array(ROOM_AT_START * PIECE_INTS)
      this.#runs = new Int32Array(ROOM_AT_START * RUN_INTS)
      this.frames = new Float64Array(ROOM_AT_START)
    }
    this.#pieceCount = 0
    this.#runCount = 0
    this.frameCount = 0
    this.length = 0
    this.lastSeen = false
    this.firstSeen = false
    this.arrived = 0
    this.ecn = 0
    this.largest = 0
    this.largestWithDf = 0
    this.memory = 0
    this.headerLength = 0
    this.firstUnknown = UNLIMITED
  }

  /**
   * Finds room for the payload from `offset` to `end` (not empty). Returns INSERTED, INSERT_DUPLICATE or
   * INSERT_OVERLAP.
   */
  reserve(offset: number, end: number): number {
    if (this.#runCount === 0 || this.#tailEnd < end) {
      if (this.#runCount > 0 && offset < this.#tailEnd) return INSERT_OVERLAP
      if (this.#runCount > 0 && offset === this.#tailEnd) this.#runs[this.#tailRun * RUN_INTS + 1] = end
      else this.#tailRun = this.#addRun(offset, end)
      this.#tailEnd = end
      return INSERTED
    }
    for (let i = 0; i < this.#runCount; i++) {
      const runStart = this.#runs[i * RUN_INTS]
      const runEnd = this.#runs[i * RUN_INTS + 1]
      if (end > runStart && offset < runEnd) {
        return offset >= runStart && end <= runEnd ? INSERT_DUPLICATE : INSERT_OVERLAP
      }
    }
    this.#addRun(offset, end)
    return INSERTED
  }

  /** Keeps what the capture holds of a fragment's payload (`held` bytes from `at`), for which there is room. */
  keep(store: FragmentStore, bytes: Uint8Array, at: number, held: number, offset: number, end: number): void {
    if (this.#pieceCount * PIECE_INTS === this.#pieces.length)
      this.#pieces = grown(this.#pieces, new Int32Array(2 * this.#pieces.length))
    const piece = this.#pieceCount++ * PIECE_INTS
    this.#pieces[piece] = offset
    this.#pieces[piece + 1] = held
    this.#pieces[piece + 2] = store.keep(bytes, at, at + held)
    if (offset + held < end && offset + held < this.firstUnknown) this.firstUnknown = offset + held
    this.arrived += end - offset
  }

  /** Copies the payload to `target` from `at` on; bytes that the capture does not hold stay as they are. */
  copyPayload(store: FragmentStore, target: Uint8Array, at: number): void {
    for (let i = 0; i < this.#pieceCount; i++) {
      const piece = i * PIECE_INTS
      store.copy(this.#pieces[piece + 2], this.#pieces[piece + 1], target, at + this.#pieces[piece])
    }
  }

  keepHeader(bytes: Uint8Array, at: number, length: number): void {
    if (length > this.header.length) this.header = new Uint8Array(length)
    this.header.set(bytes.subarray(at, at + length))
    this.headerLength = length
  }

  noteFrame(frame: number): void {
    if (this.frameCount === this.frames.length) {
      this.frames = grown(this.frames, new Float64Array(2 * this.frameCount))
    }
    this.frames[this.frameCount++] = frame
  }

  #addRun(offset: number, end: number): number {
    if (this.#runCount * RUN_INTS === this.#runs.length)
      this.#runs = grown(this.#runs, new Int32Array(2 * this.#runs.length))
    this.#runs[this.#runCount * RUN_INTS] = offset
    this.#runs[this.#runCount * RUN_INTS + 1] = end
    return this.#runCount++
  }
}
