import { tcp, udp } from '../../../support/packets.ts'
import { TranslatedTalk } from '../translated-talk.ts'
import { open, openRequest, t120Stack } from './h323-channels.ts'
import { at, h245At, tpkt } from './h323-messages.ts'
import { connect, facility, listOf, simpleSetup } from './h323-signalling.ts'
import { natRules, OUTSIDE, SNAT } from './nat-rules.ts'
import { A, B, type HelperProbe } from './probe.ts'

const INSIDE = '10.99.0.100'
const DNAT = natRules(`-A PREROUTING -d ${OUTSIDE} -j DNAT --to-destination ${INSIDE}`)

const signalling = (port = 1000) =>
  new TranslatedTalk({
    client: `${A}:${port}`,
    clientSeen: `${OUTSIDE}:${port}`,
    server: `${B}:1720`,
    serverSeen: `${B}:1720`,
  })
/** A control channel that the server opened at B:4000, on which the client says the messages. */
const controlled = (...messages: readonly (readonly number[])[]) => {
  const opening = signalling().server(tpkt(...connect(at(B, 4000))))
  const control = new TranslatedTalk({
    client: `${A}:1001`,
    clientSeen: `${OUTSIDE}:1001`,
    server: `${B}:4000`,
    serverSeen: `${B}:4000`,
  })
  for (const one of messages) control.client(tpkt(...one))
  return [...opening.packets, ...control.packets]
}
const OPEN = open({ media: h245At(A, 5000), control: h245At(A, 5001) })
const media = [udp(`${B}:6000>${OUTSIDE}:5000`), udp(`${A}:5000>${B}:6000`), udp(`${B}:6001>${OUTSIDE}:5001`)]

export const NAT_H323_PROBES: readonly HelperProbe[] = [
  {
    name: 'nat h323: setup with a control channel',
    rules: SNAT,
    packets: [
      ...signalling().client(tpkt(...simpleSetup(at(A, 4000)))).packets,
      tcp(`${B}:1>${OUTSIDE}:4000`, 'S', { seq: 5 }),
      tcp(`${A}:4000>${B}:1`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
  {
    name: 'nat h323: fast start',
    rules: SNAT,
    packets: [
      ...signalling().client(tpkt(...simpleSetup(null, { extensions: { 6: listOf(OPEN.bytes()) } }))).packets,
      ...media,
    ],
  },
  {
    name: 'nat h323: control channel and media',
    rules: SNAT,
    packets: [...controlled(openRequest({ media: h245At(A, 5000) })), ...media],
  },
  {
    name: 'nat h323: the same stream twice, and five',
    rules: SNAT,
    packets: controlled(...[5000, 5000, 5002, 5004, 5006, 5008].map((port) => openRequest({ media: h245At(A, port) }))),
  },
  {
    name: 'nat h323: streams whose ports are taken',
    rules: SNAT,
    packets: [
      ...controlled(openRequest({ media: h245At(A, 5000) })),
      ...signalling(1002).client(tpkt(...simpleSetup(null, { extensions: { 6: listOf(OPEN.bytes()) } }))).packets,
      udp(`${B}:6000>${OUTSIDE}:5002`),
    ],
  },
  {
    name: 'nat h323: T.120',
    rules: SNAT,
    packets: controlled(openRequest({}, t120Stack, null, h245At(A, 5100))),
  },
  {
    name: 'nat h323: the server is not translated',
    rules: SNAT,
    packets: [
      ...signalling().server(tpkt(...connect(at(B, 4000)))).packets,
      tcp(`${A}:1001>${B}:4000`, 'S', { seq: 5 }),
      tcp(`${B}:4000>${OUTSIDE}:1001`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
  {
    name: 'nat h323: forwarded by a server behind DNAT',
    rules: DNAT,
    packets: [
      ...new TranslatedTalk({
        client: `${B}:1000`,
        clientSeen: `${B}:1000`,
        server: `${INSIDE}:1720`,
        serverSeen: `${OUTSIDE}:1720`,
      }).server(tpkt(...facility(1, at('10.99.0.200', 1720)))).packets,
      tcp(`${B}:1>${OUTSIDE}:1720`, 'S', { seq: 5 }),
      tcp(`10.99.0.200:1720>${B}:1`, 'SA', { seq: 9, ack: 6 }),
      tcp(`10.99.0.200:1720>${OUTSIDE}:1`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
  {
    name: 'nat h323: forwarded by a client behind SNAT',
    rules: SNAT,
    packets: [
      ...signalling().client(tpkt(...facility(1, at('10.0.0.200', 1720)))).packets,
      tcp(`${B}:1>${OUTSIDE}:1720`, 'S', { seq: 5 }),
      tcp(`10.0.0.200:1720>${B}:1`, 'SA', { seq: 9, ack: 6 }),
      tcp(`10.0.0.200:1720>${OUTSIDE}:1`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
]
