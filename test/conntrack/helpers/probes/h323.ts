import { concat, tcp, udp } from '../../../support/packets.ts'
import { PerWriter } from '../per-writer.ts'
import { Talk } from '../talk.ts'
import { acknowledged, g711, g7231, genericAudio, h261, h263, open, openRequest, t120Stack } from './h323-channels.ts'
import { H323_GARBLED } from './h323-garbled.ts'
import { at, h245At, tpkt } from './h323-messages.ts'
import { H323_RAS } from './h323-ras.ts'
import { connect, facility, listOf, proceeding, progress, setup, simpleSetup } from './h323-signalling.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const OTHER = '10.0.0.2'
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
}

export const H323_PROBES: readonly HelperProbe[] = Object.entries({ ...probes, ...H323_RAS, ...H323_GARBLED }).map(
  ([name, packets]) => ({ name: `h323: ${name}`, packets }),
)
