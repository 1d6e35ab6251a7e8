import { addressIn, type H323Address } from './h225-types.ts'
import { DATA_TYPE, NON_STANDARD } from './h245-data-types.ts'
import { H222_PARAMETERS, H223_PARAMETERS, V76_PARAMETERS } from './h245-multiplex.ts'
import { PerDecoder, type PerNode } from './per-decoder.ts'
import {
  BOOLEAN,
  bits,
  type Component,
  choice,
  extensions,
  fixedChoice,
  list,
  NOTHING_MORE,
  NULL,
  OCTET,
  octets,
  optional,
  type PerType,
  read,
  readOptional,
  STOP,
  sequence,
  skip,
  string,
  WORD,
} from './per-types.ts'

/** What an H.245 message announces, in its order. */
export interface Channels {
  /** RTP or RTCP. */
  readonly media: readonly H323Address[]
  /** T.120 data. */
  readonly data: H323Address | null
}

const NOTHING: Channels = { media: [], data: null }

const IPV4 = (use: (name: string, type: PerType) => Component) =>
  sequence([use('address', octets(4)), skip(WORD)], NOTHING_MORE)
const IPV6 = (use: (name: string, type: PerType) => Component) =>
  sequence([use('address', octets(16)), skip(WORD)], NOTHING_MORE)
const unread = (_name: string, type: PerType) => skip(type)

const UNICAST = choice(
  [
    read('ipv4', IPV4(read)),
    skip(sequence([skip(octets(6)), skip(octets(4)), skip(octets(2))], NOTHING_MORE)),
    read('ipv6', IPV6(read)),
    skip(octets(16)),
    skip(
      sequence(
        [skip(fixedChoice([skip(NULL), skip(NULL)])), skip(octets(4)), skip(WORD), skip(list(skip(octets(4))))],
        NOTHING_MORE,
      ),
    ),
  ],
  7,
)
const MULTICAST = choice([skip(IPV4(unread)), skip(IPV6(unread))], 4)
/** TransportAddress of H.245. */
const TRANSPORT = choice([read('unicast', UNICAST), skip(MULTICAST)])

/** H2250LogicalChannelParameters; after the addresses the kernel stops. */
const RTP_CHANNEL = {
  ...sequence(
    [
      optional(list(skip(NON_STANDARD))),
      skip(OCTET),
      optional(bits(8)),
      readOptional('media', TRANSPORT),
      optional(BOOLEAN),
      readOptional('control', TRANSPORT),
      STOP,
    ],
    extensions(3),
  ),
  optionals: 10,
}

const FORWARD = sequence(
  [
    optional(WORD),
    read('dataType', DATA_TYPE),
    read(
      'multiplex',
      choice([skip(H222_PARAMETERS), skip(H223_PARAMETERS), skip(V76_PARAMETERS)], 5, { 0: read('rtp', RTP_CHANNEL) }),
    ),
  ],
  extensions(2),
)
const REVERSE = sequence(
  [
    skip(DATA_TYPE),
    readOptional(
      'multiplex',
      choice([skip(H223_PARAMETERS), skip(V76_PARAMETERS)], 3, { 0: read('rtp', RTP_CHANNEL) }),
    ),
  ],
  extensions(2),
)

const Q2931_ADDRESS = sequence(
  [skip(choice([skip(string(4, 4, 1)), skip(string(8, 5, 1))])), optional(string(8, 5, 1))],
  NOTHING_MORE,
)
const NETWORK_ADDRESS = choice([skip(Q2931_ADDRESS), skip(string(4, 7, 1)), read('lan', TRANSPORT)])
/** NetworkAccessParameters. */
const SEPARATE_STACK = sequence(
  [
    optional(choice([skip(NULL), skip(NULL)])),
    read('network', NETWORK_ADDRESS),
    skip(BOOLEAN),
    optional(string(8, 8, 1)),
  ],
  extensions(1),
)

/** OpenLogicalChannel; encryption, the second extension, is where the kernel stops. */
export const OPEN_LOGICAL_CHANNEL = sequence(
  [skip(WORD), read('forward', FORWARD), readOptional('reverse', REVERSE)],
  extensions(2, { 0: read('separateStack', SEPARATE_STACK) }, 1),
)

const REVERSE_ACK = sequence(
  [
    skip(WORD),
    optional(WORD),
    readOptional('multiplex', choice([skip(H222_PARAMETERS)], 2, { 0: read('rtp', RTP_CHANNEL) })),
  ],
  extensions(1),
)
const RTP_CHANNEL_ACK = sequence(
  [
    optional(list(skip(NON_STANDARD))),
    optional(bits(8)),
    readOptional('media', TRANSPORT),
    readOptional('control', TRANSPORT),
    optional(bits(5)),
  ],
  extensions(2),
)
const OPEN_LOGICAL_CHANNEL_ACK = sequence(
  [skip(WORD), readOptional('reverse', REVERSE_ACK)],
  extensions(
    3,
    { 0: read('separateStack', SEPARATE_STACK), 1: read('ack', choice([read('rtp', RTP_CHANNEL_ACK)])) },
    2,
  ),
)

const stopsBut = (count: number, index: number, one: Component) =>
  Array.from({ length: count }, (_, i) => (i === index ? one : STOP))
const stopsFrom = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [i, STOP] as const))

const REQUEST = choice(stopsBut(11, 3, read('open', OPEN_LOGICAL_CHANNEL)), 15, stopsFrom(4))
const RESPONSE = choice(stopsBut(19, 5, read('opened', OPEN_LOGICAL_CHANNEL_ACK)), 24, stopsFrom(5))
/** MultimediaSystemControlMessage. */
export const CONTROL_MESSAGE = choice([read('request', REQUEST), read('response', RESPONSE), STOP, STOP])

/** A message on the control channel. @throws PerError */
export function readControl(bytes: Uint8Array, from: number, end: number): Channels {
  return channelsOfControl(bytes, new PerDecoder(bytes, from, end).message(CONTROL_MESSAGE))
}

/** @param message a CONTROL_MESSAGE that was read */
export function channelsOfControl(bytes: Uint8Array, message: PerNode): Channels {
  const open = message.get('request')?.get('open')
  if (open !== undefined) return channelsOfOpen(bytes, open)
  const opened = message.get('response')?.get('opened')
  if (opened === undefined) return NOTHING
  const media = [rtpOf(opened.get('reverse')?.get('multiplex')), rtpOf(opened.get('ack'))]
  return { media: media.flatMap((one) => addressesOf(bytes, one)), data: lanAddress(bytes, opened) }
}

/** @param open an OPEN_LOGICAL_CHANNEL that was read */
export function channelsOfOpen(bytes: Uint8Array, open: PerNode): Channels {
  const forward = open.get('forward')
  const media = [rtpOf(forward?.get('multiplex')), rtpOf(open.get('reverse')?.get('multiplex'))]
  const t120 = forward?.get('dataType')?.get('data')?.get('application')?.get('t120')
  return {
    media: media.flatMap((one) => addressesOf(bytes, one)),
    data: t120?.get('separateStack') === undefined ? null : lanAddress(bytes, open),
  }
}

function rtpOf(multiplex: PerNode | undefined): PerNode | undefined {
  return multiplex?.get('rtp')
}

function addressesOf(bytes: Uint8Array, channel: PerNode | undefined): H323Address[] {
  const addresses = [channel?.get('media'), channel?.get('control')].map((one) => addressIn(bytes, one?.get('unicast')))
  return addresses.filter((one) => one !== null)
}

function lanAddress(bytes: Uint8Array, channel: PerNode): H323Address | null {
  return addressIn(bytes, channel.get('separateStack')?.get('network')?.get('lan')?.get('unicast'))
}
