import { FRAME_CAPTURED_MAX, FRAME_DIGITS_SHIFT, type FrameBatch } from './frame-batch.ts'
import { endsInsideRecord, recordTooLong } from './pcap-damage.ts'
import { isPcapHeaderAt, type PcapHeader, pcapHeaderAt } from './pcap-header.ts'
import type { DamageLog, RecordDecoder } from './record-decoder.ts'

const ANOTHER_CAPTURE =
  'another capture begins here, and is read as if this one went on; give the files apart, so that they are merged by time'

/** Reads the records of a pcap file (draft-ietf-opsawg-pcap), in all its byte orders and dialects. */
export class PcapDecoder implements RecordDecoder {
  readonly description: string
  ended = false
  #header: PcapHeader
  readonly #file: number
  readonly #damage: DamageLog
  #frames = 0

  constructor(header: PcapHeader, file: number, damage: DamageLog) {
    this.#header = header
    this.#file = file
    this.#damage = damage
    this.description = header.description
  }

  scan(batch: FrameBatch, from: number, end: number, base: number): number {
    const view = new DataView(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength)
    from = this.#records(batch, view, from, end, base)
    while (!this.ended && batch.count < batch.capacity && end - from >= this.#header.recordHeaderLength) {
      const header = isPcapHeaderAt(view, from) ? pcapHeaderAt(view, from, end) : null
      if (header === null) break
      this.#damage.add(base + from, this.#frames, ANOTHER_CAPTURE, false)
      this.#header = header
      from = this.#records(batch, view, from + header.headerLength, end, base)
    }
    return from
  }

  /** Describes records, up to a second file header among them. */
  #records(batch: FrameBatch, view: DataView, from: number, end: number, base: number): number {
    const { seconds, capacity } = batch
    const { littleEndian, recordHeaderLength, fractionsPerSecond, lengthsSwapped, linkType } = this.#header
    const nanosecondsPerFraction = 1_000_000_000 / fractionsPerSecond
    const flags = (fractionsPerSecond === 1_000_000_000 ? 9 : 6) << FRAME_DIGITS_SHIFT
    const file = this.#file
    const first = batch.count
    while (batch.count < capacity && end - from >= recordHeaderLength) {
      let captured = view.getUint32(from + 8, littleEndian)
      let wireLength = view.getUint32(from + 12, littleEndian)
      if (wireLength === 0 && isPcapHeaderAt(view, from)) break
      if (lengthsSwapped === 'always' || (lengthsSwapped === 'where-needed' && captured > wireLength)) {
        const swap = captured
        captured = wireLength
        wireLength = swap
      }
      if (captured > FRAME_CAPTURED_MAX) {
        this.ended = true
        this.#damage.add(base + from, this.#frames + batch.count - first, recordTooLong(captured), true)
        break
      }
      const start = from + recordHeaderLength
      if (captured > end - start) break
      let second = view.getUint32(from, littleEndian)
      let fraction = view.getUint32(from + 4, littleEndian)
      if (fraction >= fractionsPerSecond) {
        // Seen in the wild from careless writers; the time meant is the sum.
        const whole = Math.floor(fraction / fractionsPerSecond)
        second += whole
        fraction -= whole * fractionsPerSecond
      }
      seconds[batch.count] = second
      batch.add(start, captured, wireLength, fraction * nanosecondsPerFraction, linkType, 0, flags, file)
      from = start + captured
    }
    this.#frames += batch.count - first
    return from
  }

  finish(offset: number, left: number): void {
    if (left === 0) return
    this.#damage.add(offset, this.#frames, endsInsideRecord(left, this.#header.recordHeaderLength), true)
  }
}
