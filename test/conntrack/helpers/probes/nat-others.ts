import { be16, be32, concat, datagram, tcp, udp } from '../../../support/packets.ts'
import { TranslatedTalk } from '../translated-talk.ts'
import { natRules, OUTSIDE, OUTSIDE6, SNAT, SNAT6 } from './nat-rules.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const INSIDE = '10.99.0.100'
const DNAT = natRules(`-A PREROUTING -d ${OUTSIDE} -j DNAT --to-destination ${INSIDE}`)
const SNAT_PORT = natRules(
  `-A POSTROUTING -s 10.0.0.0/24 -p udp -j SNAT --to-source ${OUTSIDE}:7000`,
  `-A POSTROUTING -s 10.0.0.0/24 -p tcp -j SNAT --to-source ${OUTSIDE}:7000`,
)

/** A client behind NAT and a server, port of the server and what the client's own becomes. */
const talk = (server: number, client = 1000, seen = client) =>
  new TranslatedTalk({
    client: `${A}:${client}`,
    clientSeen: `${OUTSIDE}:${seen}`,
    server: `${B}:${server}`,
    serverSeen: `${B}:${server}`,
  })

/** Acknowledgements around what the server got: which are taken tells its length. */
function measured(one: TranslatedTalk): readonly Uint8Array[] {
  for (let off = -8; off <= 8; off++) one.odd('server', 'A', { ack: off })
  return one.packets
}

const dcc = (text: string) => `PRIVMSG bob :\x01DCC ${text}\x01\r\n`
const DCC: Readonly<Record<string, readonly [string, string]>> = {
  SEND: ['SEND file 167772161 2000 12345', 'SEND file 3325256705 2000 12345'],
  CHAT: ['CHAT chat 167772161 2000', 'CHAT chat 3325256705 2000'],
  'the address outside': ['SEND file 3325256705 2000 1', 'SEND file 3325256705 2000 1'],
  'several blanks': ['SEND file 167772161    2000 1', 'SEND file 3325256705 2000 1'],
  'zeros in front': ['SEND file 00000167772161 0002000 1', 'SEND file 3325256705 2000 1'],
  'a port above 65535': ['SEND file 167772161 67536 1', 'SEND file 3325256705 2000 1'],
  'the address of somebody else': ['SEND file 167772162 2000 1', 'SEND file 167772162 2000 1'],
}

const message = (type: number, length: number, ...body: number[]) =>
  concat(be16(12 + length, 1), be32(0x1a2b3c4d), be16(type, 0), body, new Uint8Array(length - body.length))
const outRequest = (call: number) => message(7, 156, ...be16(call))
const outReply = (call: number, peer: number) => message(8, 20, ...be16(call, peer), 1)
const gre = (path: string, call: number) =>
  datagram(path, 47, concat([0x30, 0x81], be16(0x880b, 4, call), new Uint8Array(8)))
const there = (call: number) => gre(`${A}>${B}`, call)
const back = (call: number) => gre(`${B}>${OUTSIDE}`, call)
/** The client calls itself 10; outside it has the number of its port. */
const call = (seen = 1000) =>
  talk(1723, 1000, seen)
    .client(message(1, 144))
    .server(message(2, 144, 1, 0, 1))
    .client(outRequest(10))
    .server(outReply(20, seen))

export const NAT_OTHERS_PROBES: readonly HelperProbe[] = [
  ...Object.entries(DCC).map(([name, [said, seen]]) => ({
    name: `nat irc: ${name}`,
    rules: SNAT,
    packets: [
      ...measured(talk(6667).server('001 hi\r\n').client(dcc(said), dcc(seen))),
      tcp(`10.7.7.7:20>${OUTSIDE}:2000`, 'S', { seq: 700 }),
      tcp(`${A}:2000>10.7.7.7:20`, 'SA', { seq: 300, ack: 701 }),
    ],
  })),
  {
    name: 'nat tftp: the port moved',
    rules: SNAT_PORT,
    packets: [
      udp(`${A}:1111>${B}:69`, { data: '\0\x01file\0octet\0' }),
      udp(`${B}:5000>${OUTSIDE}:7000`, { data: '\0\x03\0\x01data' }),
      udp(`${A}:1111>${B}:5000`, { data: '\0\x04\0\x01' }),
    ],
  },
  {
    name: 'nat tftp: a server behind DNAT',
    rules: DNAT,
    packets: [
      udp(`${B}:1111>${OUTSIDE}:69`, { data: '\0\x01file\0octet\0' }),
      udp(`${INSIDE}:5000>${B}:1111`, { data: '\0\x03\0\x01data' }),
      udp(`${B}:1111>${OUTSIDE}:5000`, { data: '\0\x04\0\x01' }),
    ],
  },
  {
    name: 'nat tftp: over IPv6',
    rules6: SNAT6,
    packets: [
      udp(`[${A6}]:1111>[${B6}]:69`, { data: '\0\x01file\0octet\0' }),
      udp(`[${B6}]:5000>[${OUTSIDE6}]:1111`, { data: '\0\x03\0\x01data' }),
      udp(`[${A6}]:1111>[${B6}]:5000`, { data: '\0\x04\0\x01' }),
    ],
  },
  {
    name: 'nat amanda: a client behind SNAT',
    rules: SNAT,
    packets: [
      udp(`${A}:900>${B}:10080`),
      udp(`${B}:10080>${OUTSIDE}:900`, { data: 'CONNECT DATA 2000 MESG 2001 INDEX 2002\n' }),
      tcp(`${A}:901>${B}:2000`, 'S', { seq: 5 }),
      tcp(`${B}:2000>${OUTSIDE}:901`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
  {
    name: 'nat amanda: a server behind DNAT',
    rules: DNAT,
    packets: [
      udp(`${B}:900>${OUTSIDE}:10080`),
      udp(`${INSIDE}:10080>${B}:900`, { data: 'CONNECT DATA 2000 MESG 2001 INDEX 2002\n' }),
      tcp(`${B}:901>${OUTSIDE}:2000`, 'S', { seq: 5 }),
      tcp(`${INSIDE}:2000>${B}:901`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
  {
    name: 'nat amanda: over IPv6',
    rules6: SNAT6,
    packets: [
      udp(`[${A6}]:900>[${B6}]:10080`),
      udp(`[${B6}]:10080>[${OUTSIDE6}]:900`, { data: 'CONNECT DATA 2000\n' }),
      tcp(`[${A6}]:901>[${B6}]:2000`, 'S', { seq: 5 }),
      tcp(`[${B6}]:2000>[${OUTSIDE6}]:901`, 'SA', { seq: 9, ack: 6 }),
    ],
  },
  {
    name: 'nat sane: the rules say what becomes of the data connection',
    rules: natRules(
      `-A POSTROUTING -s 10.0.0.0/24 -p tcp -m tcp --dport 6566 -j SNAT --to-source ${OUTSIDE}`,
      '-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source 198.51.100.2',
    ),
    packets: talk(6566)
      .client(be32Bytes(7, 3))
      .server(concat(be32(0), be16(0, 2000), be32(0x1234)))
      .also(
        tcp(`${A}:1001>${B}:2000`, 'S', { seq: 5 }),
        tcp(`${B}:2000>${OUTSIDE}:1001`, 'SA', { seq: 9, ack: 6 }),
        tcp(`${B}:2000>198.51.100.2:1001`, 'SA', { seq: 9, ack: 6 }),
      ).packets,
  },
  {
    name: 'nat pptp: the client sends first',
    rules: SNAT,
    packets: call().also(there(20), there(20), back(1000), back(10), there(20)).packets,
  },
  {
    name: 'nat pptp: the server sends first',
    rules: SNAT,
    packets: call().also(back(1000), there(20), back(1000), there(20)).packets,
  },
  {
    name: 'nat pptp: the port moved',
    rules: SNAT_PORT,
    packets: call(7000).also(there(20), back(7000), back(1000), there(20)).packets,
  },
  {
    name: 'nat pptp: the call ends',
    rules: SNAT,
    packets: call()
      .also(there(20), back(1000))
      .server(message(13, 136, ...be16(20)))
      .also(there(20), back(1000)).packets,
  },
  {
    name: 'nat pptp: a call from outside',
    rules: SNAT,
    packets: talk(1723)
      .client(message(1, 144))
      .server(message(2, 144, 1, 0, 1))
      .server(message(9, 208, ...be16(20)))
      .client(message(10, 12, ...be16(10, 20), 1))
      .server(message(11, 16, ...be16(10)))
      .also(there(20), back(10), back(0), there(20)).packets,
  },
  {
    name: 'nat pptp: a server behind DNAT',
    rules: DNAT,
    packets: new TranslatedTalk({
      client: `${B}:1000`,
      clientSeen: `${B}:1000`,
      server: `${INSIDE}:1723`,
      serverSeen: `${OUTSIDE}:1723`,
    })
      .client(message(1, 144))
      .server(message(2, 144, 1, 0, 1))
      .client(outRequest(10))
      .server(outReply(20, 1000))
      .also(gre(`${B}>${OUTSIDE}`, 20), gre(`${INSIDE}>${B}`, 1000), gre(`${B}>${OUTSIDE}`, 20)).packets,
  },
]

function be32Bytes(...words: readonly number[]): Uint8Array {
  return Uint8Array.from(be32(...words))
}
