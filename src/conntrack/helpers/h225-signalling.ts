import {
  ALIASES,
  addressIn,
  CALL_SERVICES,
  ENDPOINT_TYPE,
  type H323Address,
  NON_STANDARD_PARAMETER,
  TRANSPORT_ADDRESS,
} from './h225-types.ts'
import { CLEAR_TOKEN, CRYPTO_TOKEN, H245_SECURITY } from './h235-types.ts'
import {
  type Channels,
  CONTROL_MESSAGE,
  channelsOfControl,
  channelsOfOpen,
  OPEN_LOGICAL_CHANNEL,
} from './h245-channels.ts'
import { PerDecoder, PerError } from './per-decoder.ts'
import {
  BOOLEAN,
  type Component,
  choice,
  extensions,
  list,
  NOTHING_MORE,
  NULL,
  named,
  nestedList,
  OBJECT_IDENTIFIER,
  octets,
  optional,
  read,
  readOptional,
  STOP,
  sequence,
  skip,
  WORD,
} from './per-types.ts'

/** What a call signalling message (H.225.0, H323-UserInformation) announces. */
export interface Signalling {
  /** Where the control channel is to be opened. */
  readonly control: H323Address | null
  /** Where a call is forwarded to; nothing else of the message's body counts then. */
  readonly forwarded: H323Address | null
  /** Logical channels that are opened at once, and on a control channel within the message. */
  readonly channels: readonly Channels[]
}

const PROTOCOL = skip(OBJECT_IDENTIFIER)
const CONFERENCE = octets(16)
const H245_ADDRESS = readOptional('h245', TRANSPORT_ADDRESS)
const FAST_START_READ = 30
const FAST_START = nestedList(read('', OPEN_LOGICAL_CHANNEL), FAST_START_READ)
const afterRoot = (known: number, at: number) => extensions(known, { [at]: read('fastStart', FAST_START) })

/** After the fast start stands an endpoint's name, where the kernel stops. */
const SETUP = sequence(
  [
    PROTOCOL,
    H245_ADDRESS,
    optional(ALIASES),
    skip(ENDPOINT_TYPE),
    optional(ALIASES),
    readOptional('destination', TRANSPORT_ADDRESS),
    optional(ALIASES),
    optional(list(skip(WORD))),
    skip(BOOLEAN),
    skip(CONFERENCE),
    skip(choice([skip(NULL), skip(NULL), skip(NULL)], 5)),
    optional(CALL_SERVICES),
    skip(choice([skip(NULL), skip(NULL), skip(NULL), skip(NULL)])),
  ],
  extensions(26, { 0: read('source', TRANSPORT_ADDRESS), 6: read('fastStart', FAST_START) }, 9),
)
const CALL_PROCEEDING = sequence([PROTOCOL, skip(ENDPOINT_TYPE), H245_ADDRESS], afterRoot(9, 4))
const ALERTING = sequence([PROTOCOL, skip(ENDPOINT_TYPE), H245_ADDRESS], afterRoot(14, 4))
const CONNECT = sequence([PROTOCOL, H245_ADDRESS, skip(ENDPOINT_TYPE), skip(CONFERENCE)], afterRoot(15, 4))
const INFORMATION = sequence([PROTOCOL], extensions(6))
const RELEASE_COMPLETE = sequence(
  [
    PROTOCOL,
    optional(
      choice(
        Array.from({ length: 12 }, () => skip(NULL)),
        22,
      ),
    ),
  ],
  extensions(9),
)
const FACILITY_REASON = choice([skip(NULL), named('forwarded'), skip(NULL), skip(NULL)], 11)
const FACILITY = sequence(
  [
    PROTOCOL,
    readOptional('alternative', TRANSPORT_ADDRESS),
    optional(ALIASES),
    optional(CONFERENCE),
    read('reason', FACILITY_REASON),
  ],
  extensions(16, { 6: read('h245', TRANSPORT_ADDRESS), 7: read('fastStart', FAST_START) }),
)
const PROGRESS = sequence(
  [
    PROTOCOL,
    skip(ENDPOINT_TYPE),
    H245_ADDRESS,
    skip(sequence([skip(CONFERENCE)], NOTHING_MORE)),
    optional(H245_SECURITY),
    optional(list(skip(CLEAR_TOKEN))),
    optional(list(skip(CRYPTO_TOKEN))),
    readOptional('fastStart', FAST_START),
  ],
  extensions(3),
)

const BODIES: readonly Component[] = [
  read('setup', SETUP),
  read('callProceeding', CALL_PROCEEDING),
  read('connect', CONNECT),
  read('alerting', ALERTING),
  skip(INFORMATION),
  skip(RELEASE_COMPLETE),
  read('facility', FACILITY),
]
const TUNNELLED_READ = 4
/** H323-UserInformation. */
const USER_INFORMATION = {
  ...sequence(
    [
      read(
        'pdu',
        sequence(
          [read('body', choice(BODIES, 13, { 0: read('progress', PROGRESS) })), optional(NON_STANDARD_PARAMETER)],
          extensions(9, { 2: read('tunnelled', nestedList(read('', CONTROL_MESSAGE), TUNNELLED_READ)) }, 3),
        ),
      ),
      STOP,
    ],
    NOTHING_MORE,
  ),
  optionals: 1,
}

const PROTOCOL_DISCRIMINATOR = 0x08
const USER_USER = 0x7e
/** Elements with this bit are nothing but themselves (ITU-T Q.931, section 4.5.1). */
const SINGLE_OCTET = 0x80

/** What a Q.931 message announces in its user information. @throws PerError where there is none that can be read */
export function readSignalling(bytes: Uint8Array, from: number, end: number): Signalling {
  const place = userInformation(bytes, from, end)
  const pdu = new PerDecoder(bytes, place.from, place.end).message(USER_INFORMATION).get('pdu')
  const tunnelled = pdu?.get('tunnelled')?.items ?? []
  const inTunnel = tunnelled.map((one) => channelsOfControl(bytes, one))
  for (const [kind, body] of pdu?.get('body')?.parts ?? []) {
    if (kind === 'facility' && body.get('reason')?.get('forwarded') !== undefined) {
      return { control: null, forwarded: addressIn(bytes, body.get('alternative')), channels: inTunnel }
    }
    const fastStart = body.get('fastStart')?.items ?? []
    const channels = [...fastStart.map((one) => channelsOfOpen(bytes, one)), ...inTunnel]
    return { control: addressIn(bytes, body.get('h245')), forwarded: null, channels }
  }
  return { control: null, forwarded: null, channels: inTunnel }
}

function userInformation(
  bytes: Uint8Array,
  start: number,
  end: number,
): { readonly from: number; readonly end: number } {
  let at = start
  const next = (): number => {
    if (at >= end) throw new PerError('cut')
    return bytes[at++]
  }
  if (next() !== PROTOCOL_DISCRIMINATOR) throw new PerError('not Q.931')
  const referenceLength = next()
  at += referenceLength
  next()
  // The kernel knows one such element, the first.
  if (at < end && (bytes[at] & SINGLE_OCTET) !== 0) at++
  for (;;) {
    const isUserUser = next() === USER_USER
    const length = isUserUser ? (next() << 8) | next() : next()
    if (at + length > end) throw new PerError('cut')
    // The first byte of it is a discriminator of its own.
    if (isUserUser) return { from: at + 1, end: at + length }
    at += length
  }
}
