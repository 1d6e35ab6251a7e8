import { be16, be32, concat, datagram } from '../../../support/packets.ts'
import type { CaptureFrame } from '../../../support/pcap.ts'
import { Talk } from '../talk.ts'
import { A, B, type HelperProbe } from './probe.ts'

const PATH = `${A}:1000>${B}:1723`
const message = (type: number, length: number, ...body: number[]) =>
  concat(be16(12 + length, 1), be32(0x1a2b3c4d), be16(type, 0), body, new Uint8Array(length - body.length))

const startRequest = message(1, 144)
const startReply = (result = 1) => message(2, 144, 1, 0, result)
const stopRequest = message(3, 4)
const stopReply = (result = 1) => message(4, 4, result)
const outRequest = (call: number) => message(7, 156, ...be16(call))
const outReply = (call: number, peer: number, result = 1) => message(8, 20, ...be16(call, peer), result)
const inRequest = (call: number) => message(9, 208, ...be16(call))
const inReply = (call: number, peer: number, result = 1) => message(10, 12, ...be16(call, peer), result)
const inConnect = (peer: number) => message(11, 16, ...be16(peer))
const clear = (call: number) => message(12, 4, ...be16(call))
const disconnected = (call: number) => message(13, 136, ...be16(call))
const linkInfo = (peer: number) => message(15, 12, ...be16(peer))
const echo = message(5, 4)

const gre = (path: string, call: number) =>
  datagram(path, 47, concat([0x30, 0x81], be16(0x880b, 4, call), new Uint8Array(8)))
const there = (call: number) => gre(`${A}>${B}`, call)
const back = (call: number) => gre(`${B}>${A}`, call)

const session = () => new Talk(PATH).client(startRequest).server(startReply())
const call = (ours = 10, theirs = 20) => session().client(outRequest(ours)).server(outReply(theirs, ours))
const timed = (packets: readonly Uint8Array[], ...rest: CaptureFrame[]): CaptureFrame[] => [
  ...packets.map((bytes, i) => ({ bytes, time: i / 1000 })),
  ...rest,
]

export const PPTP_PROBES: readonly HelperProbe[] = [
  {
    name: 'pptp: call, the client sends first',
    packets: call().also(there(20), there(20), back(10), there(20)).packets,
  },
  { name: 'pptp: call, the server sends first', packets: call().also(back(10), back(10), there(20), back(10)).packets },
  {
    name: 'pptp: another call identifier',
    packets: call().also(there(21), back(11), gre(`10.0.0.2>${B}`, 20)).packets,
  },
  { name: 'pptp: the same identifier on both sides', packets: call(7, 7).also(there(7), back(7), back(7)).packets },
  {
    name: 'pptp: refused',
    packets: session()
      .client(outRequest(10))
      .server(outReply(20, 10, 2))
      .also(there(20)).packets,
  },
  { name: 'pptp: reply for another call', packets: session().client(outRequest(10)).server(outReply(20, 11)).packets },
  {
    name: 'pptp: call without a session',
    packets: new Talk(PATH).client(outRequest(10)).server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: session refused',
    packets: new Talk(PATH).client(startRequest).server(startReply(2)).client(outRequest(10)).server(outReply(20, 10))
      .packets,
  },
  {
    name: 'pptp: reply sent again',
    packets: call().server(outReply(20, 10)).also(there(20)).server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: reply for a session that nobody asked for',
    packets: new Talk(PATH).server(startReply()).client(outRequest(10)).server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: incoming call',
    packets: session().server(inRequest(20)).client(inReply(10, 20)).server(inConnect(10)).also(back(10), there(20))
      .packets,
  },
  {
    name: 'pptp: incoming call refused',
    packets: session()
      .server(inRequest(20))
      .client(inReply(10, 20, 2))
      .server(inConnect(10)).packets,
  },
  {
    name: 'pptp: incoming call, reply for another',
    packets: session().server(inRequest(20)).client(inReply(10, 21)).server(inConnect(10)).packets,
  },
  {
    name: 'pptp: two calls on one connection',
    packets: call().client(outRequest(11)).server(outReply(21, 11)).also(there(21), back(11), there(20), back(10))
      .packets,
  },
  {
    name: 'pptp: a second call after the end of the first',
    packets: call()
      .also(there(20), back(10))
      .client(clear(10))
      .server(disconnected(20))
      .client(outRequest(11))
      .server(outReply(21, 11))
      .also(there(21), back(11)).packets,
  },
  {
    name: 'pptp: disconnected, the tunnel is gone',
    packets: call().also(there(20), back(10)).server(disconnected(20)).also(there(20), back(10)).packets,
  },
  {
    name: 'pptp: disconnected before the tunnel came',
    packets: call().server(disconnected(20)).also(there(20)).packets,
  },
  {
    name: 'pptp: the control connection is reset',
    packets: call().also(there(20), back(10)).close().also(there(20), back(10)).packets,
  },
  {
    name: 'pptp: the control connection ends with the tunnel',
    packets: timed(
      call().also(there(20), back(10)).close().packets,
      { bytes: there(20), time: 9 },
      { bytes: back(10), time: 11 },
      { bytes: there(20), time: 12 },
    ),
  },
  {
    name: 'pptp: tunnel timeouts',
    packets: timed(
      call().also(there(20)).packets,
      { bytes: there(20), time: 20 },
      { bytes: back(10), time: 200 },
      { bytes: there(20), time: 1000 },
      { bytes: there(20), time: 10000 },
    ),
  },
  {
    name: 'pptp: tunnel timeouts, not answered',
    packets: timed(call().also(there(20)).packets, { bytes: there(20), time: 31 }, { bytes: there(20), time: 62 }),
  },
  {
    name: 'pptp: session stopped and started again',
    packets: session()
      .client(stopRequest)
      .server(stopReply())
      .client(startRequest)
      .server(startReply())
      .client(outRequest(10))
      .server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: session stopped',
    packets: session().client(stopRequest).client(outRequest(10)).server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: what does not matter',
    packets: session().client(echo).client(linkInfo(1)).server(echo).client(outRequest(10)).server(outReply(20, 10))
      .packets,
  },
  {
    name: 'pptp: message cut by a segment',
    packets: session().client(outRequest(10).slice(0, 60)).client(outRequest(10).slice(60)).server(outReply(20, 10))
      .packets,
  },
  {
    name: 'pptp: two messages in one segment',
    packets: new Talk(PATH)
      .client(startRequest)
      .server(startReply())
      .client(concat(echo, outRequest(10)))
      .server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: wrong cookie',
    packets: session()
      .client(outRequest(10).map((byte, i) => (i === 4 ? 0 : byte)))
      .server(outReply(20, 10)).packets,
  },
  {
    name: 'pptp: two clients behind one address',
    packets: [...call().packets, ...call2().packets, there(20), back(10), there(21), back(11)],
  },
]

function call2(): Talk {
  return new Talk(`${A}:1001>${B}:1723`)
    .client(startRequest)
    .server(startReply())
    .client(outRequest(11))
    .server(outReply(21, 11))
}
