import { parseAddress } from '../../../../src/wire/address.ts'
import { be16, be32, concat, tcp, udp } from '../../../support/packets.ts'
import { PerWriter } from '../per-writer.ts'
import { Talk } from '../talk.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const OTHER = '10.0.0.2'
const OID = [0, 8, 0x91, 0x4a, 0, 4]
const words = (address: string) => be32(...parseAddress(address).words)

/** TransportAddress of H.225.0. */
const at = (address: string, port: number) => (writer: PerWriter) =>
  address.includes(':')
    ? writer.bits('0 011 0').octets(...words(address), ...be16(port))
    : writer.bits('0 000').octets(...words(address), ...be16(port))

/** TransportAddress of H.245, unicast. */
const h245At = (address: string, port: number) => (writer: PerWriter) =>
  address.includes(':')
    ? writer.bits('0 0 0 010 0').octets(...words(address), ...be16(port))
    : writer.bits('0 0 0 000 0').octets(...words(address), ...be16(port))

/** EndpointType: a terminal with a vendor, or a gateway with what it speaks. */
const terminal = (writer: PerWriter) =>
  writer.bits('0 010001 0 10 0').octets(9, 0, 0, 61).octets(1, 65, 66).bits('0 0 00')
const gateway = (writer: PerWriter) =>
  writer.bits('0 000100 0 10').octets(2).bits('0 0111 0 0').bits('1 0000000 0').bits('00')

const tpkt = (...body: readonly number[]) => concat([3, 0], be16(body.length + 4), body)
const q931 = (type: number, user: readonly number[]) => [
  8,
  2,
  0x12,
  0x34,
  type,
  0x28,
  2,
  65,
  66,
  0x7e,
  ...be16(user.length + 1),
  5,
  ...user,
]

interface Signalled {
  readonly extensions?: Readonly<Record<number, readonly number[]>>
  readonly tunnelled?: readonly (readonly number[])[]
}

/** H323-UserInformation with a body of the root. */
function information(body: number, write: (writer: PerWriter) => PerWriter, { tunnelled }: Signalled = {}): number[] {
  const writer = new PerWriter().bits('0 0').bits(tunnelled === undefined ? '0 0' : '1 0')
  writer.bits('0').number(body, 3).also(write)
  if (tunnelled !== undefined) {
    const list = [tunnelled.length, ...tunnelled.flatMap((one) => [one.length, ...one])]
    writer.extensions({ 1: [0x80], 2: list })
  }
  return writer.bytes()
}

const extended = ({ extensions }: Signalled) => (extensions === undefined ? '0' : '1')
const listOf = (...items: readonly (readonly number[])[]) => [
  items.length,
  ...items.flatMap((one) => [one.length, ...one]),
]

const setup = (control: ((writer: PerWriter) => PerWriter) | null, more: Signalled = {}) =>
  q931(
    5,
    information(
      0,
      (writer) => {
        writer
          .bits(extended(more))
          .bits(control === null ? '0' : '1')
          .bits('110000')
          .wrapped(...OID)
        if (control !== null) writer.also(control)
        // Aliases: three digits, and a name of two letters; the endpoint; two digits.
        writer.octets(2).bits('0 0').number(2, 7).align().number(0x234, 12)
        return withAliases(writer, more)
      },
      more,
    ),
  )

function withAliases(writer: PerWriter, more: Signalled): PerWriter {
  // The third digit ends in the middle of a byte; what follows begins there.
  writer.bits('0 1').octets(1, 0, 65, 0, 66).also(gateway).octets(1).bits('0 0').number(1, 7).align().number(0x45, 8)
  writer
    .bits('0')
    .octets(...Array(16).fill(7))
    .bits('0 00')
    .bits('0 00')
  return more.extensions === undefined ? writer : writer.extensions(more.extensions)
}

const simpleSetup = (control: ((writer: PerWriter) => PerWriter) | null, more: Signalled = {}) =>
  q931(
    5,
    information(
      0,
      (writer) => {
        writer
          .bits(extended(more))
          .bits(control === null ? '0' : '1')
          .bits('000000')
          .wrapped(...OID)
        if (control !== null) writer.also(control)
        writer
          .also(terminal)
          .bits('0')
          .octets(...Array(16).fill(7))
          .bits('0 00')
          .bits('0 00')
        return more.extensions === undefined ? writer : writer.extensions(more.extensions)
      },
      more,
    ),
  )

const connect = (control: (writer: PerWriter) => PerWriter, more: Signalled = {}) =>
  q931(
    7,
    information(
      2,
      (writer) => {
        writer
          .bits(extended(more))
          .bits('1')
          .wrapped(...OID)
          .also(control)
          .also(terminal)
          .octets(...Array(16).fill(7))
        return more.extensions === undefined ? writer : writer.extensions(more.extensions)
      },
      more,
    ),
  )

const proceeding = (body: 1 | 3, control: (writer: PerWriter) => PerWriter) =>
  q931(
    2,
    information(body, (writer) =>
      writer
        .bits('0 1')
        .wrapped(...OID)
        .also(terminal)
        .also(control),
    ),
  )

const facility = (reason: number, alternative: ((writer: PerWriter) => PerWriter) | null, more: Signalled = {}) =>
  q931(
    98,
    information(6, (writer) => {
      writer
        .bits(extended(more))
        .bits(alternative === null ? '000' : '100')
        .wrapped(...OID)
      if (alternative !== null) writer.also(alternative)
      writer.bits('0').number(reason, 2)
      return more.extensions === undefined ? writer : writer.extensions(more.extensions)
    }),
  )

const progress = (control: (writer: PerWriter) => PerWriter) => {
  const body = new PerWriter()
    .bits('0 10000')
    .wrapped(...OID)
    .also(terminal)
    .also(control)
    .bits('0')
    .octets(...Array(16).fill(9))
  return q931(
    3,
    new PerWriter()
      .bits('0 0 0 0')
      .bits('1 0')
      .number(0, 6)
      .wrapped(...body.bytes())
      .bytes(),
  )
}

interface Channel {
  readonly media?: (writer: PerWriter) => PerWriter
  readonly control?: (writer: PerWriter) => PerWriter
}

const parameters = ({ media, control }: Channel) => {
  const writer = new PerWriter()
    .bits('0')
    .bits(`00${media ? 1 : 0}0${control ? 1 : 0}00000`)
    .octets(1)
  if (media) writer.also(media)
  if (control) writer.also(control)
  return writer.bytes()
}

/** Audio in G.711 (20 frames). */
const g711 = (writer: PerWriter) => writer.bits('0 011').bits('0 0001').octets(19)
const g7231 = (writer: PerWriter) => writer.bits('0 011').bits('0 1000').octets(19).bits('1')
const h261 = (writer: PerWriter) =>
  writer.bits('0 010').bits('0 001').bits('0 11').bits('01 10').bits('1').octets(0x10, 0).bits('0')
const h263 = (writer: PerWriter) =>
  writer
    .bits('0 010')
    .bits('0 011')
    .bits('0 0110000')
    .number(3, 5)
    .number(1, 5)
    .bits('01')
    .octets(0x10, 0)
    .bits('00000')
const genericAudio = (writer: PerWriter) => writer.bits('0 011').bits('1 0').number(9, 6).wrapped(1, 2, 3)
const t120Stack = (writer: PerWriter) =>
  writer.bits('0 100').bits('0').bits('0 0001').bits('1 0').number(3, 6).wrapped(0).bits('01').octets(0x10, 0)

const openBehind = (
  prefix: string,
  forward: Channel,
  dataType: (writer: PerWriter) => PerWriter = g711,
  reverse: Channel | null = null,
  stack: ((writer: PerWriter) => PerWriter) | null = null,
) => {
  const writer = new PerWriter()
    .bits(prefix)
    .bits(stack === null ? '0' : '1')
    .bits(reverse === null ? '0' : '1')
    .octets(0, 1)
    .bits('0 0')
    .also(dataType)
  writer
    .bits('1 0')
    .number(0, 6)
    .wrapped(...parameters(forward))
  if (reverse !== null)
    writer
      .bits('0 1')
      .also(dataType)
      .bits('1 0')
      .number(0, 6)
      .wrapped(...parameters(reverse))
  if (stack !== null) {
    writer.extensions({ 0: new PerWriter().bits('0 00').bits('0 10').also(stack).bits('0').bytes() })
  }
  return writer
}
type OpenArguments = Parameters<typeof openBehind> extends [string, ...infer Rest] ? Rest : never
const open = (...args: OpenArguments) => openBehind('', ...args)
const openRequest = (...args: OpenArguments) => openBehind('0 00 0 0011', ...args).bytes()

const acknowledged = (channel: Channel, reverse: Channel | null = null) => {
  const writer = new PerWriter()
    .bits('0 01 0 00101')
    .bits('1')
    .bits(reverse === null ? '0' : '1')
    .octets(0, 1)
  if (reverse !== null)
    writer
      .bits('0 01')
      .octets(0, 1)
      .bits('1 0')
      .number(0, 6)
      .wrapped(...parameters(reverse))
  const { media, control } = channel
  const ack = new PerWriter()
    .bits('0')
    .bits('0')
    .bits(`01${media ? 1 : 0}${control ? 1 : 0}0`)
    .number(0, 8)
  if (media) ack.also(media)
  if (control) ack.also(control)
  return writer.extensions({ 1: ack.bytes() }).bytes()
}

const PATH = `${A}:1000>${B}:1720`
const PATH6 = `[${A6}]:1000>[${B6}]:1720`
const OPEN = open({ media: h245At(A, 5000), control: h245At(A, 5001) })

const opened = (...messages: readonly (readonly number[])[]) =>
  messages.reduce<Talk>((talk, one) => talk.client(tpkt(...one)), new Talk(`${A}:1001>${B}:4000`).also())
/** Call signalling whose answer opens a control channel at B:4000, on which the client says the messages. */
const controlled = (...messages: readonly (readonly number[])[]) => [
  ...new Talk(PATH).server(tpkt(...connect(at(B, 4000)))).packets,
  ...opened(...messages).packets,
  udp(`${B}:6000>${A}:5000`),
]

const ras = (bytes: readonly number[]) => udp(`${A}:1719>${B}:1719`, { data: Uint8Array.from(bytes) })
const rasBack = (bytes: readonly number[]) => udp(`${B}:1719>${A}:1719`, { data: Uint8Array.from(bytes) })
const start = (choice: number) => new PerWriter().bits('0').number(choice, 5)
type Rest = Readonly<Record<number, readonly number[]>>
const timeToLive = (seconds: number) =>
  new PerWriter()
    .bits('00')
    .octets(seconds - 1)
    .bytes()
const registration = (
  calls: readonly ((writer: PerWriter) => PerWriter)[],
  seconds: number | null = null,
  rest: Rest = {},
) => {
  const writer = start(3)
    .bits(seconds === null ? '0' : '1')
    .bits('000')
    .octets(0, 1)
    .wrapped(...OID)
    .bits('0')
    .octets(calls.length)
  for (const one of calls) writer.also(one)
  writer.octets(1).also(at(A, 1719)).also(terminal).bits('0 00 0').octets(9, 0, 0, 61)
  if (seconds !== null) writer.extensions({ 1: timeToLive(seconds), ...rest })
  return writer.bytes()
}
const registrationConfirm = (seconds: number | null, rest: Rest = {}) => {
  const writer = start(4)
    .bits(seconds === null ? '0' : '1')
    .bits('000')
    .octets(0, 1)
    .wrapped(...OID)
    .octets(1)
    .also(at(B, 1720))
    .number(1, 7)
    .octets(0, 65, 0, 66)
  if (seconds !== null) writer.extensions({ 1: timeToLive(seconds), ...rest })
  return writer.bytes()
}
const unregistration = start(6).bits('0 000').octets(0, 2).octets(1).also(at(A, 1720)).bytes()
const admissionConfirm = (to: (writer: PerWriter) => PerWriter) =>
  start(10).bits('0 00').octets(0, 3).bits('01').octets(0x10, 0).bits('0 0').also(to).bytes()
const locationConfirm = (to: (writer: PerWriter) => PerWriter) =>
  start(19).bits('0 0').octets(0, 3).also(to).also(at(B, 1719)).bytes()
const gatekeeperConfirm = (to: (writer: PerWriter) => PerWriter) =>
  start(1)
    .bits('0 00')
    .octets(0, 3)
    .wrapped(...OID)
    .also(to)
    .bytes()
const CALL = tcp(`${B}:2000>${A}:1720`, 'S')

const timed = (entries: readonly (readonly [number, Uint8Array])[]) => entries.map(([time, bytes]) => ({ bytes, time }))
const OTHER_CALL = tcp(`${B}:2001>${A}:1720`, 'S')

const probes: Readonly<Record<string, HelperProbe['packets']>> = {
  'setup with a control channel': [
    ...new Talk(PATH).client(tpkt(...simpleSetup(at(A, 4000)))).packets,
    tcp(`${B}:1>${A}:4000`, 'S'),
  ],
  'setup with aliases and a gateway': new Talk(PATH).client(tpkt(...setup(at(A, 4000)))).packets,
  'setup with the address of somebody else': new Talk(PATH).client(tpkt(...simpleSetup(at(OTHER, 4000)))).packets,
  'setup with port 0': new Talk(PATH).client(tpkt(...simpleSetup(at(A, 0)))).packets,
  'setup with an IPv6 address on IPv4': new Talk(PATH).client(tpkt(...simpleSetup(at(A6, 4000)))).packets,
  'setup on IPv6': [
    ...new Talk(PATH6).client(tpkt(...simpleSetup(at(A6, 4000)))).packets,
    tcp(`[${B6}]:1>[${A6}]:4000`, 'S'),
  ],
  'setup with fast start': [
    ...new Talk(PATH).client(tpkt(...simpleSetup(null, { extensions: { 6: listOf(OPEN.bytes()) } }))).packets,
    udp(`${B}:1>${A}:5000`),
  ],
  'setup with tunnelled control': new Talk(PATH).client(
    tpkt(...simpleSetup(null, { tunnelled: [openRequest({ media: h245At(A, 5000) })] })),
  ).packets,
  'setup with fast start and tunnelled control': new Talk(PATH).client(
    tpkt(
      ...simpleSetup(at(A, 4000), {
        extensions: { 6: listOf(OPEN.bytes()) },
        tunnelled: [openRequest({ media: h245At(A, 5002) })],
      }),
    ),
  ).packets,
  'connect, and a control channel': controlled(openRequest({ media: h245At(A, 5000) })),
  'connect with fast start': new Talk(PATH).server(
    tpkt(...connect(at(B, 4000), { extensions: { 4: listOf(open({ media: h245At(B, 5000) }).bytes()) } })),
  ).packets,
  'call proceeding, alerting': new Talk(PATH)
    .server(tpkt(...proceeding(1, at(B, 4000))))
    .server(tpkt(...proceeding(3, at(B, 4001)))).packets,
  progress: new Talk(PATH).server(tpkt(...progress(at(B, 4000)))).packets,
  'facility: forwarded': [
    ...new Talk(PATH).server(tpkt(...facility(1, at('10.8.8.8', 1720)))).packets,
    tcp(`${A}:1>10.8.8.8:1720`, 'S'),
  ],
  'facility: routed to a gatekeeper': new Talk(PATH).server(tpkt(...facility(0, at('10.8.8.8', 1720)))).packets,
  'facility: control channel': new Talk(PATH).server(
    tpkt(...facility(3, null, { extensions: { 6: new PerWriter().also(at(B, 4000)).bytes() } })),
  ).packets,
  'facility: forwarded, with a control channel': new Talk(PATH).server(
    tpkt(...facility(1, at('10.8.8.8', 1720), { extensions: { 6: new PerWriter().also(at(B, 4000)).bytes() } })),
  ).packets,
  'two messages in one segment': new Talk(PATH).server(
    concat(tpkt(...proceeding(1, at(B, 4000))), tpkt(...connect(at(B, 4001)))),
  ).packets,
  'a bad message, then a good one': new Talk(PATH).server(concat(tpkt(8, 0), tpkt(...connect(at(B, 4001))))).packets,
  'header in a segment of its own': new Talk(PATH)
    .server(tpkt(...connect(at(B, 4000))).slice(0, 4))
    .server(tpkt(...connect(at(B, 4000))).slice(4)).packets,
  'header in a segment of its own, the message in two': new Talk(PATH)
    .server(tpkt(...connect(at(B, 4000))).slice(0, 4))
    .server(tpkt(...connect(at(B, 4000))).slice(4, 40))
    .server(tpkt(...connect(at(B, 4000))).slice(40)).packets,
  'message in two segments': new Talk(PATH)
    .server(tpkt(...connect(at(B, 4000))).slice(0, 30))
    .server(tpkt(...connect(at(B, 4000))).slice(30)).packets,
  'message cut inside': new Talk(PATH).server(tpkt(...connect(at(B, 4000)).slice(0, 30))).packets,
  'an element of a single octet': new Talk(PATH).server(
    tpkt(...connect(at(B, 4000)).slice(0, 5), 0xa1, ...connect(at(B, 4000)).slice(5)),
  ).packets,
  'an element that looks longer than a single octet': new Talk(PATH).server(
    tpkt(...connect(at(B, 4000)).map((byte, i) => (i === 5 ? 0xa8 : byte))),
  ).packets,
  'not Q.931': new Talk(PATH).server(tpkt(9, ...connect(at(B, 4000)).slice(1))).packets,
  'channel with both addresses': controlled(openRequest({ media: h245At(A, 5000), control: h245At(A, 5001) })),
  'channel with the control address only': controlled(openRequest({ control: h245At(A, 5001) })),
  'channel with different ports': controlled(openRequest({ media: h245At(A, 5000), control: h245At(A, 5003) })),
  'channel of somebody else': controlled(openRequest({ media: h245At(OTHER, 5000) })),
  'channel with G.723.1': controlled(openRequest({ media: h245At(A, 5000) }, g7231)),
  'channel with H.261': controlled(openRequest({ media: h245At(A, 5000) }, h261)),
  'channel with H.263': controlled(openRequest({ media: h245At(A, 5000) }, h263)),
  'channel with generic audio': controlled(openRequest({ media: h245At(A, 5000) }, genericAudio)),
  'channel both ways': controlled(openRequest({ media: h245At(A, 5000) }, g711, { media: h245At(A, 5004) })),
  'channel of T.120': controlled(openRequest({}, t120Stack, null, h245At(A, 5100))),
  'separate stack of something else': controlled(openRequest({}, g711, null, h245At(A, 5100))),
  acknowledged: controlled(acknowledged({ media: h245At(A, 5000), control: h245At(A, 5001) })),
  'acknowledged both ways': controlled(acknowledged({ media: h245At(A, 5000) }, { media: h245At(A, 5004) })),
  'the same channel twice': controlled(
    openRequest({ media: h245At(A, 5000) }),
    openRequest({ media: h245At(A, 5000) }),
  ),
  'RAS: registration, calls come': [
    ras(registration([at(A, 1720)])),
    rasBack(registrationConfirm(null)),
    CALL,
    OTHER_CALL,
    tcp(`10.9.9.8:1>${A}:1720`, 'S'),
  ],
  'RAS: registration of several addresses': [ras(registration([at(OTHER, 1720), at(A, 1721), at(A, 1722)]))],
  'RAS: registration of somebody else': [ras(registration([at(OTHER, 1720)]))],
  'RAS: registration without addresses': [ras(registration([]))],
  'RAS: registration again': [ras(registration([at(A, 1720)])), ras(registration([at(A, 1720)])), CALL],
  'RAS: unregistration': [ras(registration([at(A, 1720)])), ras(unregistration), CALL],
  'RAS: a called one has the helper': [
    ras(registration([at(A, 1720)])),
    ...new Talk(`${B}:2000>${A}:1720`).client(tpkt(...simpleSetup(at(B, 4000)))).packets,
  ],
  'RAS: admission': [
    ras([0]),
    rasBack(admissionConfirm(at('10.8.8.8', 1720))),
    tcp(`${A}:1>10.8.8.8:1720`, 'S'),
    tcp(`${A}:2>10.8.8.8:1720`, 'S'),
  ],
  'RAS: admission of the called one': [ras([0]), rasBack(admissionConfirm(at(A, 1720)))],
  'RAS: location': [ras([0]), rasBack(locationConfirm(at('10.8.8.8', 1720)))],
  'RAS: gatekeeper elsewhere': [
    ras([0]),
    rasBack(gatekeeperConfirm(at('10.8.8.8', 1719))),
    udp(`${A}:1>10.8.8.8:1719`, { data: Uint8Array.from(registration([at(A, 1720)])) }),
  ],
  'RAS: gatekeeper here': [ras([0]), rasBack(gatekeeperConfirm(at(B, 1719)))],
  'RAS: gatekeeper here at another port': [ras([0]), rasBack(gatekeeperConfirm(at(B, 1720)))],
  'RAS: registration that ends with its time': timed([
    [0, ras(registration([at(A, 1720)], 100))],
    [1, rasBack(registrationConfirm(200))],
    [190, ras([0])],
  ]),
  'RAS: registration holds as long as said': timed([
    [0, ras(registration([at(A, 1720)], 100, { 5: [0x80] }))],
    [1, rasBack(registrationConfirm(200, { 5: [0x80] }))],
    [190, ras([0])],
    [300, ras([0])],
  ]),
  'RAS: registration holds as long as asked for': timed([
    [0, ras(registration([at(A, 1720)], 100, { 5: [0x80] }))],
    [1, rasBack(registrationConfirm(null))],
    [90, ras([0])],
    [125, ras([0])],
    [160, ras([0])],
  ]),
  'RAS: registration holds for five minutes': timed([
    [0, ras(registration([at(A, 1720)]))],
    [1, rasBack(registrationConfirm(null))],
    [290, ras([0])],
  ]),
}

export const H323_PROBES: readonly HelperProbe[] = Object.entries(probes).map(([name, packets]) => ({
  name: `h323: ${name}`,
  packets,
}))
