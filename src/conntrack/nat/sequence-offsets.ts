import { E_STATUS, ENTRY_INTS } from '../entry.ts'
import { X_SEQUENCE, X_SEQUENCE_INTS } from '../extensions.ts'
import { after, before } from '../sequence.ts'
import { IPS_SEQ_ADJUST } from '../status.ts'
import type { ConnectionTable } from '../table.ts'

/**
 * Words of a direction's record: sequence number of the segment that was rewritten last, offsets up to it and after it.
 */
const POSITION = 0
const OFFSET_BEFORE = 1
const OFFSET_AFTER = 2

/**
 * Notes that a segment with this sequence number grew by so many bytes (negative: shrank). Only the place of the newest
 * change is known; a segment that is sent again is counted once.
 */
export function noteGrowth(table: ConnectionTable, id: number, direction: number, seq: number, growth: number): void {
  if (growth === 0) return
  table.entries[id * ENTRY_INTS + E_STATUS] |= IPS_SEQ_ADJUST
  const at = table.extend(id) + X_SEQUENCE + direction * X_SEQUENCE_INTS
  const { records } = table.extensions
  if (records[at + OFFSET_BEFORE] !== records[at + OFFSET_AFTER] && !before(records[at + POSITION], seq)) return
  records[at + POSITION] = seq
  records[at + OFFSET_BEFORE] = records[at + OFFSET_AFTER]
  records[at + OFFSET_AFTER] += growth
}

/** What must be added to the sender's sequence numbers to get those that its peer knows, at this place of the data. */
export function offsetAt(table: ConnectionTable, id: number, direction: number, seq: number): number {
  const at = table.extensionOf(id) + X_SEQUENCE + direction * X_SEQUENCE_INTS
  const { records } = table.extensions
  return records[at + (after(seq, records[at + POSITION]) ? OFFSET_AFTER : OFFSET_BEFORE)]
}
