import {
  ALIASES,
  addressIn,
  ENDPOINT_TYPE,
  type H323Address,
  IDENTIFIER,
  NON_STANDARD_PARAMETER,
  TRANSPORT_ADDRESS,
  VENDOR,
} from './h225-types.ts'
import { PerDecoder, type PerNode } from './per-decoder.ts'
import {
  BOOLEAN,
  type Component,
  choice,
  extensions,
  LONG,
  list,
  NULL,
  OBJECT_IDENTIFIER,
  optional,
  read,
  SECONDS,
  STOP,
  sequence,
  skip,
  WORD,
} from './per-types.ts'

/** What the helper makes use of in a RAS message. */
export type RasMessage =
  | { readonly kind: 'gatekeeper'; readonly address: H323Address | null }
  | { readonly kind: 'register'; readonly calls: readonly (H323Address | null)[]; readonly seconds: number | null }
  | { readonly kind: 'registered'; readonly seconds: number | null }
  | { readonly kind: 'unregister' }
  | { readonly kind: 'admitted'; readonly address: H323Address | null }
  | { readonly kind: 'located'; readonly address: H323Address | null }
  | { readonly kind: 'other' }

const SEQUENCE_NUMBER = skip(WORD)
const PROTOCOL = skip(OBJECT_IDENTIFIER)
const ADDRESS = read('address', TRANSPORT_ADDRESS)
const ADDRESSES_READ = 10
const ADDRESSES = list(read('', TRANSPORT_ADDRESS), ADDRESSES_READ)
/** After it stand tokens, where the kernel stops. */
const TIME_TO_LIVE = { 1: read('seconds', SECONDS) }
const CALL_MODEL = choice([skip(NULL), skip(NULL)])

const GATEKEEPER_CONFIRM = sequence(
  [SEQUENCE_NUMBER, PROTOCOL, optional(NON_STANDARD_PARAMETER), optional(IDENTIFIER), ADDRESS],
  extensions(9, {}, 0),
)

const REGISTRATION_REQUEST = sequence(
  [
    SEQUENCE_NUMBER,
    PROTOCOL,
    optional(NON_STANDARD_PARAMETER),
    skip(BOOLEAN),
    read('calls', ADDRESSES),
    read('ras', ADDRESSES),
    skip(ENDPOINT_TYPE),
    optional(ALIASES),
    optional(IDENTIFIER),
    skip(VENDOR),
  ],
  extensions(21, TIME_TO_LIVE, 2),
)

const REGISTRATION_CONFIRM = sequence(
  [
    SEQUENCE_NUMBER,
    PROTOCOL,
    optional(NON_STANDARD_PARAMETER),
    read('calls', ADDRESSES),
    optional(ALIASES),
    optional(IDENTIFIER),
    skip(IDENTIFIER),
  ],
  extensions(17, TIME_TO_LIVE, 2),
)

/** Three optional components are told of, but the first of them is where the kernel stops. */
const UNREGISTRATION_REQUEST = {
  ...sequence([SEQUENCE_NUMBER, read('calls', ADDRESSES), STOP], extensions(10)),
  optionals: 3,
}

const ADMISSION_CONFIRM = {
  ...sequence([SEQUENCE_NUMBER, skip(LONG), skip(CALL_MODEL), ADDRESS, STOP], extensions(21)),
  optionals: 2,
}

const LOCATION_CONFIRM = {
  ...sequence([SEQUENCE_NUMBER, ADDRESS, read('ras', TRANSPORT_ADDRESS), STOP], extensions(15)),
  optionals: 1,
}

/** The kernel counts one alternative less in the root than H.225.0 does. */
const ROOT_ALTERNATIVES = 24
const READ: Readonly<Record<number, Component>> = {
  1: read('gatekeeper', GATEKEEPER_CONFIRM),
  3: read('register', REGISTRATION_REQUEST),
  4: read('registered', REGISTRATION_CONFIRM),
  6: read('unregister', UNREGISTRATION_REQUEST),
  10: read('admitted', ADMISSION_CONFIRM),
  19: read('located', LOCATION_CONFIRM),
}
const RAS_MESSAGE = choice(
  Array.from({ length: ROOT_ALTERNATIVES }, (_, index) => READ[index] ?? STOP),
  32,
)

/** @throws PerError */
export function readRas(bytes: Uint8Array, from: number, end: number): RasMessage {
  const message = new PerDecoder(bytes, from, end).message(RAS_MESSAGE)
  for (const [kind, node] of message.parts) {
    switch (kind) {
      case 'gatekeeper':
      case 'admitted':
      case 'located':
        return { kind, address: addressIn(bytes, node.get('address')) }
      case 'register': {
        const calls = node.get('calls')?.items ?? []
        return { kind, calls: calls.map((one) => addressIn(bytes, one)), seconds: secondsOf(node) }
      }
      case 'registered':
        return { kind, seconds: secondsOf(node) }
      case 'unregister':
        return { kind }
    }
  }
  return { kind: 'other' }
}

function secondsOf(node: PerNode): number | null {
  return node.get('seconds')?.value ?? null
}
