import { type H323Address, wordsAt } from './h225-types.ts'
import { readDataType, skipNonStandard } from './h245-capabilities.ts'
import type { PerReader } from './per-reader.ts'

/** What an H.245 message announces, in its order. */
export interface Channels {
  /** RTP or RTCP. */
  readonly media: readonly H323Address[]
  /** T.120 data. */
  readonly data: H323Address | null
}

const NOTHING: Channels = { media: [], data: null }

const REQUEST = 0
const RESPONSE = 1
const OPEN_LOGICAL_CHANNEL = 3
const OPEN_LOGICAL_CHANNEL_ACK = 5
const SEPARATE_STACK_EXTENSION = 0
const FORWARD_ACK_EXTENSION = 1

/** MultimediaSystemControlMessage. @throws PerError */
export function readControlMessage(reader: PerReader): Channels {
  const { index, value } = reader.choice(4)
  if (index === REQUEST) {
    const request = value.choice(11)
    return request.index === OPEN_LOGICAL_CHANNEL ? readOpenLogicalChannel(request.value) : NOTHING
  }
  if (index === RESPONSE) {
    const response = value.choice(19)
    return response.index === OPEN_LOGICAL_CHANNEL_ACK ? readOpenLogicalChannelAck(response.value) : NOTHING
  }
  return NOTHING
}

/** OpenLogicalChannel, on the control channel or in a fast start. @throws PerError */
export function readOpenLogicalChannel(reader: PerReader): Channels {
  const isExtended = reader.boolean()
  const hasReverse = reader.boolean()
  reader.integer(1, 65_535)
  const forwardExtended = reader.boolean()
  const hasPort = reader.boolean()
  if (hasPort) reader.integer(0, 65_535)
  const isSeparateT120 = readDataType(reader)
  const forward = readMultiplex(reader, 3)
  if (forward === null) return NOTHING
  if (forwardExtended) reader.extensions()
  const media = [...forward]
  if (hasReverse) {
    const reverseExtended = reader.boolean()
    const hasMultiplex = reader.boolean()
    readDataType(reader)
    const reverse = hasMultiplex ? readMultiplex(reader, 2) : []
    if (reverse === null) return { media, data: null }
    media.push(...reverse)
    if (reverseExtended) reader.extensions()
  }
  const stack = isExtended ? reader.extensions().find((one) => one.index === SEPARATE_STACK_EXTENSION) : undefined
  return { media, data: stack !== undefined && isSeparateT120 ? readNetworkAccess(stack.value) : null }
}

/** Addresses of the channel, none for a multiplex without; null for an old multiplex, behind which nothing is read. */
function readMultiplex(reader: PerReader, oldKinds: number): readonly H323Address[] | null {
  const { index, value } = reader.choice(oldKinds)
  if (index < oldKinds) return null
  return index === oldKinds ? readChannel(value) : []
}

/** H2250LogicalChannelParameters: its addresses. */
function readChannel(reader: PerReader): H323Address[] {
  const isExtended = reader.boolean()
  const [nonStandard, associated, media, mediaGuaranteed, control, ...rest] = reader.present(10)
  const [controlGuaranteed, silence, destination, payloadType, packetization] = rest
  if (nonStandard) reader.each(skipNonStandard)
  reader.integer(0, 255)
  if (associated) reader.integer(1, 255)
  const addresses: (H323Address | null)[] = []
  if (media) addresses.push(readTransportAddress(reader))
  if (mediaGuaranteed) reader.boolean()
  if (control) addresses.push(readTransportAddress(reader))
  if (controlGuaranteed) reader.boolean()
  if (silence) reader.boolean()
  if (destination) skipTerminalLabel(reader)
  if (payloadType) reader.integer(96, 127)
  if (packetization) reader.choice(1)
  if (isExtended) reader.extensions()
  return addresses.filter((one) => one !== null)
}

function skipTerminalLabel(reader: PerReader): void {
  const isExtended = reader.boolean()
  reader.integer(0, 192)
  reader.integer(0, 192)
  if (isExtended) reader.extensions()
}

function readOpenLogicalChannelAck(reader: PerReader): Channels {
  const isExtended = reader.boolean()
  const hasReverse = reader.boolean()
  reader.integer(1, 65_535)
  const media: H323Address[] = []
  if (hasReverse) {
    const reverseExtended = reader.boolean()
    const [hasPort, hasMultiplex] = reader.present(2)
    reader.integer(1, 65_535)
    if (hasPort) reader.integer(0, 65_535)
    const reverse = hasMultiplex ? readMultiplex(reader, 1) : []
    if (reverse === null) return NOTHING
    media.push(...reverse)
    if (reverseExtended) reader.extensions()
  }
  let data: H323Address | null = null
  for (const { index, value } of isExtended ? reader.extensions() : []) {
    if (index === SEPARATE_STACK_EXTENSION) data = readNetworkAccess(value)
    else if (index === FORWARD_ACK_EXTENSION) media.push(...readForwardAck(value))
  }
  return { media, data }
}

/** H2250LogicalChannelAckParameters, as far as the addresses go. */
function readForwardAck(reader: PerReader): H323Address[] {
  const { index, value } = reader.choice(1)
  if (index !== 0) return []
  value.boolean()
  const [nonStandard, session, media, control] = value.present(5)
  if (nonStandard) value.each(skipNonStandard)
  if (session) value.integer(1, 255)
  const addresses: (H323Address | null)[] = []
  if (media) addresses.push(readTransportAddress(value))
  if (control) addresses.push(readTransportAddress(value))
  return addresses.filter((one) => one !== null)
}

const LOCAL_AREA_ADDRESS = 2

/** NetworkAccessParameters: the address in the LAN, where it is one. */
function readNetworkAccess(reader: PerReader): H323Address | null {
  reader.boolean()
  const [distribution] = reader.present(2)
  if (distribution) reader.choice(2)
  const { index, value } = reader.choice(3)
  return index === LOCAL_AREA_ADDRESS ? readTransportAddress(value) : null
}

/** TransportAddress of H.245: null for one that is not a unicast IP address. */
function readTransportAddress(reader: PerReader): H323Address | null {
  const kind = reader.choice(2)
  if (kind.index === 0) return readUnicast(kind.value)
  if (kind.index === 1) readMulticast(kind.value)
  return null
}

function readUnicast(reader: PerReader): H323Address | null {
  const { index, value } = reader.choice(5)
  switch (index) {
    case 0:
      return readIp(value, 4)
    case 1: {
      const isExtended = value.boolean()
      value.octets(6)
      value.octets(4)
      value.octets(2)
      if (isExtended) value.extensions()
      return null
    }
    case 2:
      return readIp(value, 16)
    case 3:
      value.octets(16)
      return null
    case 4: {
      const isExtended = value.boolean()
      value.choice(2, false)
      value.octets(4)
      value.integer(0, 65_535)
      value.each((one) => one.octets(4))
      if (isExtended) value.extensions()
      return null
    }
    default:
      return null
  }
}

function readMulticast(reader: PerReader): void {
  const { index, value } = reader.choice(2)
  if (index < 2) readIp(value, index === 0 ? 4 : 16)
}

function readIp(reader: PerReader, octets: number): H323Address {
  const isExtended = reader.boolean()
  const words = wordsAt(reader.bytes, reader.octets(octets), octets / 4)
  const port = reader.integer(0, 65_535)
  if (isExtended) reader.extensions()
  return { words, port }
}
