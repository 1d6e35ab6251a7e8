import type { CaptureFileInfo, CaptureProblem } from '../capture/frame-reader.ts'
import type { PacketBatch } from './packet-batch.ts'
import type { RingMemory } from './slot-ring.ts'

/** A ring, and the number of the slot that the source gives next. */
export interface SharedBatches {
  readonly ring: RingMemory
  readonly nextSlot: number
}

/** A stream of decoded packets from one or several captures, in batches. */
export interface PacketSource {
  /**
   * The next packets, null when there are none left; a promise only where they must be waited for. The batch is valid
   * until the following call. Rejects (or throws) where reading fails in a way that is no damage of the capture.
   */
  next(): PacketBatch | null | Promise<PacketBatch | null>
  /**
   * Whether the source should verify transport checksums ahead, as it does from the beginning where that is done by
   * another thread. May be changed at any time; rows that come without are CHECKSUM_UNVERIFIED.
   */
  wantsChecksums: boolean
  /** Damage met up to the batch given last, in the order it was met. */
  readonly problems: readonly CaptureProblem[]
  /** Bytes read from disk for what was given so far (compressed bytes, where compressed). */
  readonly bytesRead: number
  /** Bytes to be read in all, or null when unknown (pipes). */
  readonly bytesTotal: number | null
  /** What the files are, for the report: known once the first batch was given. */
  readonly files: readonly CaptureFileInfo[]
  /**
   * Memory in which other threads can read along, beginning with the next batch; absent where batches are not shared.
   */
  readonly shared?: SharedBatches | undefined
  /** Ends reading, wherever it is. Nothing comes after. */
  close(): void
}
