import type { PerReader } from './per-reader.ts'

/** An address in a message: words of the IP address, and its port. */
export interface H323Address {
  readonly words: readonly number[]
  readonly port: number
}

/** Words of the address that starts at a byte. */
export function wordsAt(bytes: Uint8Array, from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const at = from + 4 * i
    return (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3]
  })
}

/** TransportAddress of H.225.0: null for one that is not an IP address. */
export function readTransportAddress(reader: PerReader): H323Address | null {
  const { index, value } = reader.choice(7)
  switch (index) {
    case 0:
      return { words: wordsAt(value.bytes, value.octets(4), 1), port: value.integer(0, 65_535) }
    case 1:
      skipSourceRoute(value)
      return null
    case 2:
      value.octets(6)
      value.octets(4)
      value.octets(2)
      return null
    case 3: {
      const isExtended = value.boolean()
      const words = wordsAt(value.bytes, value.octets(16), 4)
      const port = value.integer(0, 65_535)
      if (isExtended) value.extensions()
      return { words, port }
    }
    case 4:
      value.octets(16)
      return null
    case 5:
      value.octets(value.integer(1, 20))
      return null
    case 6:
      skipNonStandard(value)
      return null
    default:
      return null
  }
}

function skipSourceRoute(reader: PerReader): void {
  const isExtended = reader.boolean()
  reader.octets(4)
  reader.integer(0, 65_535)
  reader.each((one) => one.octets(4))
  reader.choice(2)
  if (isExtended) reader.extensions()
}

/** NonStandardParameter of H.225.0. */
export function skipNonStandard(reader: PerReader): void {
  const { index, value } = reader.choice(2)
  if (index === 0) value.skipString()
  else if (index === 1) skipH221(value)
  reader.skipString()
}

function skipH221(reader: PerReader): void {
  const isExtended = reader.boolean()
  reader.integer(0, 255)
  reader.integer(0, 255)
  reader.integer(0, 65_535)
  if (isExtended) reader.extensions()
}

export function skipVendor(reader: PerReader): void {
  const isExtended = reader.boolean()
  const [product, version] = reader.present(2)
  skipH221(reader)
  if (product) reader.octets(reader.integer(1, 256))
  if (version) reader.octets(reader.integer(1, 256))
  if (isExtended) reader.extensions()
}

export function skipEndpointType(reader: PerReader): void {
  const isExtended = reader.boolean()
  const [nonStandard, vendor, gatekeeper, gateway, mcu, terminal] = reader.present(6)
  if (nonStandard) skipNonStandard(reader)
  if (vendor) skipVendor(reader)
  if (gatekeeper) skipInfo(reader)
  if (gateway) skipGateway(reader)
  if (mcu) skipInfo(reader)
  if (terminal) skipInfo(reader)
  reader.bits(2)
  if (isExtended) reader.extensions()
}

/** A sequence of nothing but NonStandardParameter, and extensions. */
function skipInfo(reader: PerReader): void {
  const isExtended = reader.boolean()
  if (reader.boolean()) skipNonStandard(reader)
  if (isExtended) reader.extensions()
}

function skipGateway(reader: PerReader): void {
  const isExtended = reader.boolean()
  const [protocols, nonStandard] = reader.present(2)
  if (protocols) reader.each(skipProtocol)
  if (nonStandard) skipNonStandard(reader)
  if (isExtended) reader.extensions()
}

function skipProtocol(reader: PerReader): void {
  const { index, value } = reader.choice(9)
  if (index === 0) skipNonStandard(value)
  else if (index < 9) skipInfo(value)
}

/** AliasAddress. */
export function skipAlias(reader: PerReader): void {
  const { index, value } = reader.choice(2)
  if (index === 0) value.skipCharacters(1, 128, 4)
  else if (index === 1) value.skipCharacters(1, 256, 16)
}

/** GatekeeperIdentifier, EndpointIdentifier. */
export function skipIdentifier(reader: PerReader): void {
  reader.skipCharacters(1, 128, 16)
}

/** QseriesOptions. */
export function skipCallServices(reader: PerReader): void {
  const isExtended = reader.boolean()
  reader.bits(7)
  const detailsExtended = reader.boolean()
  reader.bits(2)
  if (detailsExtended) reader.extensions()
  if (isExtended) reader.extensions()
}
