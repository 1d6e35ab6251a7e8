import { FRAME_CAPTURED, FRAME_INTS, FRAME_LINK_TYPE, FRAME_OFFSET, FRAME_WIRE_LENGTH } from '../capture/frame-batch.ts'
import { addUp } from '../capture/frame-totals.ts'
import { verifyTransportChecksum } from '../wire/checksum.ts'
import { flowHash } from '../wire/flow-hash.ts'
import { decodeFrame } from '../wire/frame.ts'
import {
  FRAGMENT_DEFRAG,
  IP_NONE,
  NOTE_NONE,
  P_FAMILY,
  P_FRAGMENT,
  P_HASH,
  P_NOTE,
  PACKET_INTS,
} from '../wire/packet-fields.ts'
import type { PacketBatch } from './packet-batch.ts'

/**
 * Decodes the frames of a batch into its rows, and adds the frames up.
 * @param verifyChecksums whether to verify the transport checksums of whole datagrams now. Those not verified stay
 * CHECKSUM_UNVERIFIED, to be verified when somebody asks for them.
 */
export function decodeBatch(batch: PacketBatch, verifyChecksums = false): void {
  const { bytes, info, rows, count, totals } = batch
  addUp(batch, totals)
  for (let i = 0; i < count; i++) {
    const frame = i * FRAME_INTS
    decodeFrame(
      bytes,
      info[frame + FRAME_OFFSET],
      info[frame + FRAME_CAPTURED],
      info[frame + FRAME_WIRE_LENGTH],
      info[frame + FRAME_LINK_TYPE],
      rows,
      i * PACKET_INTS,
    )
  }
  for (let base = 0; base < count * PACKET_INTS; base += PACKET_INTS) {
    if (rows[base + P_FAMILY] !== IP_NONE) rows[base + P_HASH] = flowHash(rows, base)
  }
  if (!verifyChecksums) return
  for (let base = 0; base < count * PACKET_INTS; base += PACKET_INTS) {
    const isUsable = rows[base + P_FAMILY] !== IP_NONE && rows[base + P_NOTE] === NOTE_NONE
    if (isUsable && (rows[base + P_FRAGMENT] & FRAGMENT_DEFRAG) === 0) verifyTransportChecksum(bytes, rows, base)
  }
}
