import { networkWord } from '../../wire/byte-view.ts'
import type { PerNode } from './per-decoder.ts'
import {
  BOOLEAN,
  bits,
  choice,
  extensions,
  list,
  NOTHING_MORE,
  NULL,
  OBJECT_IDENTIFIER,
  OCTET,
  OCTET_STRING,
  octets,
  optional,
  read,
  sequence,
  skip,
  string,
  WORD,
} from './per-types.ts'

/** An address in a message: words of the IP address, and its port. */
export interface H323Address {
  readonly words: readonly number[]
  readonly port: number
}

const H221_NON_STANDARD = sequence([skip(OCTET), skip(OCTET), skip(WORD)], NOTHING_MORE)
const NON_STANDARD_IDENTIFIER = choice([skip(OBJECT_IDENTIFIER), skip(H221_NON_STANDARD)])
export const NON_STANDARD_PARAMETER = sequence([skip(NON_STANDARD_IDENTIFIER), skip(OCTET_STRING)])

const IP_SOURCE_ROUTE = sequence(
  [skip(octets(4)), skip(WORD), skip(list(skip(octets(4)))), skip(choice([skip(NULL), skip(NULL)]))],
  NOTHING_MORE,
)
const IPX_ADDRESS = sequence([skip(octets(6)), skip(octets(4)), skip(octets(2))])

/** TransportAddress. */
export const TRANSPORT_ADDRESS = choice([
  read('ipv4', sequence([read('address', octets(4)), skip(WORD)])),
  skip(IP_SOURCE_ROUTE),
  skip(IPX_ADDRESS),
  read('ipv6', sequence([read('address', octets(16)), skip(WORD)], NOTHING_MORE)),
  skip(octets(16)),
  skip(string(8, 5, 1)),
  skip(NON_STANDARD_PARAMETER),
])

/** AliasAddress: dialled digits, a name; others are extensions. */
export const ALIAS = choice([skip(string(4, 7, 1)), skip(string(16, 'octet', 1))], 7)
export const ALIASES = list(skip(ALIAS))

/** GatekeeperIdentifier, EndpointIdentifier. */
export const IDENTIFIER = string(16, 7, 1)

export const VENDOR = sequence(
  [skip(H221_NON_STANDARD), optional(string(8, 'octet', 1)), optional(string(8, 'octet', 1))],
  NOTHING_MORE,
)

const NON_STANDARD_ONLY = [optional(NON_STANDARD_PARAMETER)]
/** H310Caps and its like. */
const CAPABILITIES = sequence(NON_STANDARD_ONLY, extensions(2))
const SUPPORTED_PROTOCOLS = choice(
  [skip(NON_STANDARD_PARAMETER), ...Array.from({ length: 8 }, () => skip(CAPABILITIES))],
  11,
)
const GATEWAY = sequence([optional(list(skip(SUPPORTED_PROTOCOLS))), optional(NON_STANDARD_PARAMETER)], NOTHING_MORE)

export const ENDPOINT_TYPE = sequence(
  [
    optional(NON_STANDARD_PARAMETER),
    optional(VENDOR),
    optional(sequence(NON_STANDARD_ONLY, NOTHING_MORE)),
    optional(GATEWAY),
    optional(sequence(NON_STANDARD_ONLY, extensions(1))),
    optional(sequence(NON_STANDARD_ONLY, NOTHING_MORE)),
    skip(BOOLEAN),
    skip(BOOLEAN),
  ],
  extensions(2),
)

/** QseriesOptions. */
export const CALL_SERVICES = sequence([skip(bits(7)), skip(sequence([skip(bits(2))], NOTHING_MORE))], NOTHING_MORE)

/** Words of the address that starts at a byte. */
function wordsAt(bytes: Uint8Array, from: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => networkWord(bytes, from + 4 * i))
}

/** An IP address with a port after it, as parts named ipv4 or ipv6 have it; null for any other address. */
export function addressIn(bytes: Uint8Array, node: PerNode | undefined): H323Address | null {
  for (const [name, words] of [
    ['ipv4', 1],
    ['ipv6', 4],
  ] as const) {
    const place = node?.get(name)?.get('address')?.value
    if (place === undefined) continue
    const port = place + words * 4
    return { words: wordsAt(bytes, place, words), port: (bytes[port] << 8) | bytes[port + 1] }
  }
  return null
}
