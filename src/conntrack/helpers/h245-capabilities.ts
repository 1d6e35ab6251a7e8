import { PerError, type PerReader } from './per-reader.ts'

const VIDEO_BIT_RATE = 0x3fffffff

/** NonStandardParameter of H.245. */
export function skipNonStandard(reader: PerReader): void {
  const { index } = reader.choice(2, false)
  if (index === 0) reader.skipString()
  else {
    reader.integer(0, 255)
    reader.integer(0, 255)
    reader.integer(0, 65_535)
  }
  reader.skipString()
}

/** DataType: what the channel carries. Returns whether it is T.120 data over a LAN stack of its own. */
export function readDataType(reader: PerReader): boolean {
  const { index, value } = reader.choice(6)
  switch (index) {
    case 0:
      skipNonStandard(value)
      break
    case 2:
      skipVideo(value)
      break
    case 3:
      skipAudio(value)
      break
    case 4:
      return readDataApplication(value)
    case 5:
      if (value.choice(2).index === 0) skipNonStandard(value)
      break
  }
  return false
}

function skipAudio(reader: PerReader): void {
  const { index, value } = reader.choice(14)
  if (index >= 14) return
  if (index === 0) skipNonStandard(value)
  else if (index === 12) {
    const isExtended = value.boolean()
    value.bits(8)
    value.integer(1, 448)
    if (isExtended) value.extensions()
  } else if (index === 13) {
    const isExtended = value.boolean()
    value.bits(20)
    value.integer(1, 1130)
    if (isExtended) value.extensions()
  } else {
    value.integer(1, 256)
    // G.723.1 says besides whether silence is left out.
    if (index === 8) value.boolean()
  }
}

function skipVideo(reader: PerReader): void {
  const { index, value } = reader.choice(5)
  if (index >= 5) return
  if (index === 0) {
    skipNonStandard(value)
    return
  }
  const isExtended = value.boolean()
  if (index === 1) skipH261(value)
  else if (index === 2) skipMpegVideo(value, 11)
  else if (index === 3) skipH263(value)
  else skipMpegVideo(value, 1)
  if (isExtended) value.extensions()
}

function skipH261(reader: PerReader): void {
  for (const there of reader.present(2)) if (there) reader.integer(1, 4)
  reader.boolean()
  reader.integer(1, 19_200)
  reader.boolean()
}

function skipH263(reader: PerReader): void {
  const there = reader.present(7)
  for (let i = 0; i < 5; i++) if (there[i]) reader.integer(1, 32)
  reader.integer(1, 192_400)
  reader.bits(5)
  if (there[5]) reader.integer(0, 524_287)
  if (there[6]) reader.integer(0, 65_535)
}

/** H.262 and IS 11172: flags, then bounds of the stream. */
function skipMpegVideo(reader: PerReader, flags: number): void {
  const limits = [VIDEO_BIT_RATE, 262_143, 16_383, 16_383, 15, 0xffffffff]
  const there = reader.present(limits.length)
  reader.bits(flags)
  for (const [i, limit] of limits.entries()) if (there[i]) reader.integer(0, limit)
}

const T120 = 1
const SEPARATE_LAN_STACK = 10

function readDataApplication(reader: PerReader): boolean {
  const isExtended = reader.boolean()
  const { index, value } = reader.choice(10)
  let isSeparate = false
  if (index === 0) skipNonStandard(value)
  else if (index < 10 && index !== 8) {
    if (index === 4 || index === 7) throw new PerError('of no interest')
    const protocol = value.choice(7)
    if (protocol.index === 0) skipNonStandard(protocol.value)
    isSeparate = index === T120 && protocol.index === SEPARATE_LAN_STACK
  }
  reader.integer(0, 0xffffffff)
  if (isExtended) reader.extensions()
  return isSeparate
}
