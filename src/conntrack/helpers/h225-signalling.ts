import {
  type H323Address,
  readTransportAddress,
  skipAlias,
  skipCallServices,
  skipEndpointType,
  skipNonStandard,
} from './h225-types.ts'
import { PerError, PerReader } from './per-reader.ts'

/** What a call signalling message (H.225.0, H323-UserInformation) announces. */
export interface Signalling {
  /** Where the control channel is to be opened. */
  readonly control: H323Address | null
  /** Where a call is forwarded to; nothing else of such a message counts. */
  readonly forwarded: H323Address | null
  /** OpenLogicalChannel messages. */
  readonly fastStart: readonly PerReader[]
  /** Tunnelled H.245 messages. */
  readonly tunnelled: readonly PerReader[]
}

interface Body {
  control: H323Address | null
  forwarded: H323Address | null
  fastStart: readonly PerReader[]
}

const NOTHING: Body = { control: null, forwarded: null, fastStart: [] }

const PROTOCOL_DISCRIMINATOR = 0x08
const USER_USER = 0x7e
/** Elements with this bit are nothing but themselves (ITU-T Q.931, section 4.5.1). */
const SINGLE_OCTET = 0x80

/**
 * The user information of a Q.931 message.
 * @throws PerError when there is none
 */
export function userInformation(bytes: Uint8Array, from: number, end: number): PerReader {
  let at = from
  const next = (): number => {
    if (at >= end) throw new PerError('cut')
    return bytes[at++]
  }
  if (next() !== PROTOCOL_DISCRIMINATOR) throw new PerError('not Q.931')
  const referenceLength = next()
  at += referenceLength
  next()
  for (;;) {
    const element = next()
    if ((element & SINGLE_OCTET) !== 0) continue
    const isUserUser = element === USER_USER
    const length = isUserUser ? (next() << 8) | next() : next()
    if (at + length > end) throw new PerError('cut')
    // The first byte of it is a discriminator of its own.
    if (isUserUser) return new PerReader(bytes, at + 1, at + length)
    at += length
  }
}

const H245_CONTROL_EXTENSION = 2

/** @throws PerError */
export function readSignalling(reader: PerReader): Signalling {
  reader.boolean()
  reader.boolean()
  const isExtended = reader.boolean()
  const hasNonStandard = reader.boolean()
  const { index, value } = reader.choice(7)
  const body = BODIES[index]?.(value) ?? NOTHING
  if (hasNonStandard) skipNonStandard(reader)
  const control = isExtended ? reader.extensions().find((one) => one.index === H245_CONTROL_EXTENSION) : undefined
  return { ...body, tunnelled: control?.value.eachNested() ?? [] }
}

/** Alternatives of h323-message-body. */
const BODIES: Readonly<Record<number, (reader: PerReader) => Body>> = {
  0: readSetup,
  1: readProceeding,
  2: readConnect,
  3: readProceeding,
  4: readInformation,
  5: readReleaseComplete,
  6: readFacility,
  7: readProgress,
}

function extensionOf(reader: PerReader, isExtended: boolean, index: number): PerReader | undefined {
  return isExtended ? reader.extensions().find((one) => one.index === index)?.value : undefined
}

function readSetup(reader: PerReader): Body {
  const isExtended = reader.boolean()
  const [h245, source, destination, destinationAddress, extraInfo, extraReference, services] = reader.present(7)
  reader.skipString()
  const control = h245 ? readTransportAddress(reader) : null
  if (source) reader.each(skipAlias)
  skipEndpointType(reader)
  if (destination) reader.each(skipAlias)
  if (destinationAddress) readTransportAddress(reader)
  if (extraInfo) reader.each(skipAlias)
  if (extraReference) reader.each((one) => one.integer(0, 65_535))
  reader.boolean()
  reader.octets(16)
  reader.choice(3)
  if (services) skipCallServices(reader)
  reader.choice(4)
  return { ...NOTHING, control, fastStart: extensionOf(reader, isExtended, 6)?.eachNested() ?? [] }
}

/** CallProceeding and Alerting. */
function readProceeding(reader: PerReader): Body {
  const isExtended = reader.boolean()
  const hasControl = reader.boolean()
  reader.skipString()
  skipEndpointType(reader)
  const control = hasControl ? readTransportAddress(reader) : null
  return { ...NOTHING, control, fastStart: extensionOf(reader, isExtended, 4)?.eachNested() ?? [] }
}

function readConnect(reader: PerReader): Body {
  const isExtended = reader.boolean()
  const hasControl = reader.boolean()
  reader.skipString()
  const control = hasControl ? readTransportAddress(reader) : null
  skipEndpointType(reader)
  reader.octets(16)
  return { ...NOTHING, control, fastStart: extensionOf(reader, isExtended, 4)?.eachNested() ?? [] }
}

function readInformation(reader: PerReader): Body {
  const isExtended = reader.boolean()
  reader.skipString()
  if (isExtended) reader.extensions()
  return NOTHING
}

function readReleaseComplete(reader: PerReader): Body {
  const isExtended = reader.boolean()
  const hasReason = reader.boolean()
  reader.skipString()
  if (hasReason) reader.choice(12)
  if (isExtended) reader.extensions()
  return NOTHING
}

const CALL_FORWARDED = 1

function readFacility(reader: PerReader): Body {
  const isExtended = reader.boolean()
  const [alternative, aliases, conference] = reader.present(3)
  reader.skipString()
  const address = alternative ? readTransportAddress(reader) : null
  if (aliases) reader.each(skipAlias)
  if (conference) reader.octets(16)
  const isForwarded = reader.choice(4).index === CALL_FORWARDED
  const extensions = isExtended ? reader.extensions() : []
  if (isForwarded) return { ...NOTHING, forwarded: address }
  const h245 = extensions.find((one) => one.index === 6)
  const fastStart = extensions.find((one) => one.index === 7)
  return {
    control: h245 === undefined ? null : readTransportAddress(h245.value),
    forwarded: null,
    fastStart: fastStart?.value.eachNested() ?? [],
  }
}

function readProgress(reader: PerReader): Body {
  reader.boolean()
  const [h245, security, tokens, cryptoTokens, fastStart] = reader.present(5)
  reader.skipString()
  skipEndpointType(reader)
  const control = h245 ? readTransportAddress(reader) : null
  const identifierExtended = reader.boolean()
  reader.octets(16)
  if (identifierExtended) reader.extensions()
  if (security || tokens || cryptoTokens) throw new PerError('tokens')
  return { ...NOTHING, control, fastStart: fastStart ? reader.eachNested() : [] }
}
