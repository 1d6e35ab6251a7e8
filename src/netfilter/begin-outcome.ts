import {
  FRAME_CAPTURED,
  FRAME_FILE,
  FRAME_FLAGS,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_NANOSECONDS,
  FRAME_OFFSET,
  FRAME_WIRE_LENGTH,
  timeDigits,
} from '../capture/frame-batch.ts'
import type { FrameNumbers } from '../capture/frame-numbers.ts'
import type { PacketBatch } from '../pipeline/packet-batch.ts'
import { VERDICT_NONE } from '../ruleset/packet/rule-packet.ts'
import { NOTE_NONE, PACKET_INTS } from '../wire/packet-fields.ts'
import { CTSTATE_NONE, type Outcome } from './outcome.ts'

/**
 * Resets the outcome to frame `index` of the batch: what the capture says about it, and no result yet.
 * @param numbers of this frame
 */
export function beginOutcome(outcome: Outcome, batch: PacketBatch, index: number, numbers: FrameNumbers): void {
  const { info } = batch
  const row = index * FRAME_INTS
  outcome.frame = numbers.frame
  outcome.file = info[row + FRAME_FILE]
  outcome.fileFrame = numbers.fileFrame
  outcome.epochSeconds = batch.seconds[index]
  outcome.nanoseconds = info[row + FRAME_NANOSECONDS]
  outcome.digits = timeDigits(info[row + FRAME_FLAGS])
  outcome.wireLength = info[row + FRAME_WIRE_LENGTH]
  outcome.linkType = info[row + FRAME_LINK_TYPE]
  outcome.frameBytes = batch.bytes
  outcome.frameOffset = info[row + FRAME_OFFSET]
  outcome.capturedLength = info[row + FRAME_CAPTURED]
  outcome.fields = batch.rows
  outcome.base = index * PACKET_INTS
  outcome.note = NOTE_NONE
  outcome.state = CTSTATE_NONE
  outcome.direction = -1
  outcome.hook = -1
  outcome.dropHook = -1
  outcome.verdict = VERDICT_NONE
  outcome.rule = null
  outcome.possibleVerdicts = 0
  outcome.reason = 0
  outcome.reasonA = 0
  outcome.reasonB = 0
  outcome.reasonFrame = 0
  outcome.unknownText = null
  outcome.connectionNumber = 0
  outcome.confirmedNew = false
  outcome.assumesFrame = 0
  outcome.fragmentCount = 0
  outcome.hintHelper = null
}
