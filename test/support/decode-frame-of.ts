import {
  FRAME_CAPTURED,
  FRAME_INTS,
  FRAME_LINK_TYPE,
  FRAME_OFFSET,
  FRAME_WIRE_LENGTH,
  type FrameBatch,
} from '../../src/capture/frame-batch.ts'
import { decodeFrame } from '../../src/wire/frame.ts'

/** Decodes one frame of a batch into the row of fields that begins at `base`. */
export function decodeFrameOf({ bytes, info }: FrameBatch, index: number, fields: Int32Array, base: number): void {
  const at = index * FRAME_INTS
  const wireLength = info[at + FRAME_WIRE_LENGTH]
  decodeFrame(
    bytes,
    info[at + FRAME_OFFSET],
    info[at + FRAME_CAPTURED],
    wireLength,
    info[at + FRAME_LINK_TYPE],
    fields,
    base,
  )
}
