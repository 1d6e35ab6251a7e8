import {
  type H323Address,
  readTransportAddress,
  skipAlias,
  skipEndpointType,
  skipIdentifier,
  skipNonStandard,
  skipVendor,
} from './h225-types.ts'
import type { PerReader } from './per-reader.ts'

/** What the helper makes use of in a RAS message. */
export type RasMessage =
  | { readonly kind: 'gatekeeper'; readonly address: H323Address | null }
  | { readonly kind: 'register'; readonly calls: readonly (H323Address | null)[]; readonly seconds: number | null }
  | { readonly kind: 'registered'; readonly seconds: number | null }
  | { readonly kind: 'unregister' }
  | { readonly kind: 'admitted'; readonly address: H323Address | null }
  | { readonly kind: 'located'; readonly address: H323Address | null }
  | { readonly kind: 'other' }

const TIME_TO_LIVE_EXTENSION = 1

/** @throws PerError */
export function readRas(reader: PerReader): RasMessage {
  const { index, value } = reader.choice(25)
  switch (index) {
    case 1:
      return readGatekeeperConfirm(value)
    case 3:
      return readRegistrationRequest(value)
    case 4:
      return readRegistrationConfirm(value)
    case 6:
      return readUnregistrationRequest(value)
    case 10:
      return readAdmissionConfirm(value)
    case 19:
      return readLocationConfirm(value)
    default:
      return { kind: 'other' }
  }
}

function readSequenceNumber(reader: PerReader): void {
  reader.integer(1, 65_535)
}

function readGatekeeperConfirm(reader: PerReader): RasMessage {
  const isExtended = reader.boolean()
  const [nonStandard, identifier] = reader.present(2)
  readSequenceNumber(reader)
  reader.skipString()
  if (nonStandard) skipNonStandard(reader)
  if (identifier) skipIdentifier(reader)
  const address = readTransportAddress(reader)
  if (isExtended) reader.extensions()
  return { kind: 'gatekeeper', address }
}

function readRegistrationRequest(reader: PerReader): RasMessage {
  const isExtended = reader.boolean()
  const [nonStandard, aliases, gatekeeper] = reader.present(3)
  readSequenceNumber(reader)
  reader.skipString()
  if (nonStandard) skipNonStandard(reader)
  reader.boolean()
  const calls = reader.each(readTransportAddress)
  reader.each(readTransportAddress)
  skipEndpointType(reader)
  if (aliases) reader.each(skipAlias)
  if (gatekeeper) skipIdentifier(reader)
  skipVendor(reader)
  return { kind: 'register', calls, seconds: readTimeToLive(reader, isExtended) }
}

function readRegistrationConfirm(reader: PerReader): RasMessage {
  const isExtended = reader.boolean()
  const [nonStandard, aliases, gatekeeper] = reader.present(3)
  readSequenceNumber(reader)
  reader.skipString()
  if (nonStandard) skipNonStandard(reader)
  reader.each(readTransportAddress)
  if (aliases) reader.each(skipAlias)
  if (gatekeeper) skipIdentifier(reader)
  skipIdentifier(reader)
  return { kind: 'registered', seconds: readTimeToLive(reader, isExtended) }
}

function readTimeToLive(reader: PerReader, isExtended: boolean): number | null {
  if (!isExtended) return null
  const found = reader.extensions().find((one) => one.index === TIME_TO_LIVE_EXTENSION)
  if (found === undefined) return null
  const { value } = found
  const start = value.place
  const seconds = value.integer(1, 0xffffffff)
  // The kernel steps over the number twice, and takes a message that ends too soon behind it for cut.
  reader.mustHold(value.place, value.place - start - 1)
  return seconds
}

function readUnregistrationRequest(reader: PerReader): RasMessage {
  const isExtended = reader.boolean()
  const [aliases, nonStandard, endpoint] = reader.present(3)
  readSequenceNumber(reader)
  reader.each(readTransportAddress)
  if (aliases) reader.each(skipAlias)
  if (nonStandard) skipNonStandard(reader)
  if (endpoint) skipIdentifier(reader)
  if (isExtended) reader.extensions()
  return { kind: 'unregister' }
}

function readAdmissionConfirm(reader: PerReader): RasMessage {
  const isExtended = reader.boolean()
  const [frequency, nonStandard] = reader.present(2)
  readSequenceNumber(reader)
  reader.integer(0, 0xffffffff)
  reader.choice(2)
  const address = readTransportAddress(reader)
  if (frequency) reader.integer(1, 65_535)
  if (nonStandard) skipNonStandard(reader)
  if (isExtended) reader.extensions()
  return { kind: 'admitted', address }
}

function readLocationConfirm(reader: PerReader): RasMessage {
  const isExtended = reader.boolean()
  const nonStandard = reader.boolean()
  readSequenceNumber(reader)
  const address = readTransportAddress(reader)
  readTransportAddress(reader)
  if (nonStandard) skipNonStandard(reader)
  if (isExtended) reader.extensions()
  return { kind: 'located', address }
}
