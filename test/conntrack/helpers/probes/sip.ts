import { udp } from '../../../support/packets.ts'
import { Talk } from '../talk.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'
import {
  ANSWER,
  BODIES,
  CONTACTS,
  lines,
  NUMBERS,
  OFFER,
  PORTS,
  REGISTRATIONS,
  request,
  response,
  sdp,
} from './sip-messages.ts'

const THERE = `${A}:5060>${B}:5060`
const BACK = `${B}:5060>${A}:5060`

const there = (text: string) => udp(THERE, { data: text })
const back = (text: string) => udp(BACK, { data: text })
const toCaller = [udp(`${B}:6000>${A}:4000`), udp(`${B}:6001>${A}:4001`)]
const toCallee = [udp(`${A}:4000>${B}:6000`), udp(`${A}:4001>${B}:6001`)]
const invite = (body = OFFER, headers: readonly string[] = []) => there(request('INVITE', headers, body))
const accepted = (body = ANSWER) => back(response(200, 'INVITE', [], body))

const CONTACT = CONTACTS.contact
const register = (headers = CONTACT) => there(request('REGISTER', headers))
const registered = (headers: readonly string[], code = 200) => back(response(code, 'REGISTER', headers))
const CALL = udp(`${B}:5060>${A}:5070`, { data: request('INVITE', [], ANSWER) })

const texts = <T>(prefix: string, all: Readonly<Record<string, T>>, packets: (value: T) => HelperProbe['packets']) =>
  Object.entries(all).map(
    ([name, value]): HelperProbe => ({ name: `sip: ${prefix}, ${name}`, packets: packets(value) }),
  )

const named = (all: readonly string[]) => Object.fromEntries(all.map((one) => [one, one]))

const timed = (entries: readonly (readonly [number, Uint8Array])[]) => entries.map(([time, bytes]) => ({ bytes, time }))

const PATH = `${A}:1000>${B}:5060`
const A6_OFFER = lines('v=0', `c=IN IP6 ${A6}`, 'm=audio 4000 RTP/AVP 0')

export const SIP_PROBES: readonly HelperProbe[] = [
  ...texts('offer', BODIES, (body) => [invite(body), ...toCaller, accepted()]),
  ...texts('register', CONTACTS, (headers) => [register(headers), registered(headers), CALL]),
  ...texts('registered', REGISTRATIONS, (headers) => [register(), registered(headers), CALL, CALL]),
  ...texts('number', named(NUMBERS), (number) => [
    there(request('REGISTER', CONTACT).replace('CSeq: 1', `CSeq: ${number}`)),
    back(response(200, 'REGISTER', CONTACT).replace('CSeq: 1', `CSeq: ${number}`)),
    register([`Contact: <sip:alice@${A}:5070>`, `Expires: ${number}`]),
    registered([`Contact: <sip:alice@${A}:5070>;expires=${number}`]),
    back(response(200, 'REGISTER', CONTACT).replace('200', number)),
    CALL,
  ]),
  ...texts('port of a contact', named(PORTS), (port) => [
    register([`Contact: <sip:alice@${A}:${port}>`, `Contact: <sip:alice@${A}:5071>`, 'Expires: 60']),
    registered([`Contact: <sip:bob@10.0.0.3:${port}>`, `Contact: <sip:alice@${A}:5071>`, 'Expires: 60']),
    CALL,
  ]),
  ...texts('port of media', named(['00000006000', '000000006000', '4294973296', '65536']), (port) => [
    invite(sdp(A, `m=audio ${port} RTP/AVP 0`, 'm=audio 4000 RTP/AVP 0')),
    ...toCaller,
  ]),
  ...texts(
    'TCP, length',
    named(['00000000085', '000000000085', '4294967296', 'x']),
    (length) =>
      new Talk(PATH)
        .client(request('INVITE', [], OFFER).replace(/Content-Length: \d+/, `Content-Length: ${length}`))
        .also(...toCaller).packets,
  ),
  {
    name: 'sip: call, answer, media both ways',
    packets: [invite(), accepted(), ...toCallee, ...toCaller, ...toCaller],
  },
  {
    name: 'sip: session progress brings media',
    packets: [invite(), back(response(183, 'INVITE', [], ANSWER)), ...toCallee],
  },
  { name: 'sip: call refused', packets: [invite(), back(response(486, 'INVITE')), ...toCaller] },
  {
    name: 'sip: another call refused',
    packets: [invite(), back(response(486, 'INVITE').replace('CSeq: 1', 'CSeq: 2')), ...toCaller],
  },
  { name: 'sip: redirected', packets: [invite(), back(response(302, 'INVITE')), ...toCaller] },
  { name: 'sip: call ended before media came', packets: [invite(), accepted(), there(request('BYE')), ...toCaller] },
  { name: 'sip: CANCEL', packets: [invite(), there(request('CANCEL')), ...toCaller] },
  {
    name: 'sip: invited again to another port',
    packets: [invite(), invite(sdp(A, 'm=audio 4002 RTP/AVP 0')), ...toCaller],
  },
  { name: 'sip: invitation sent again', packets: [invite(), invite(), ...toCaller] },
  {
    name: 'sip: UPDATE, ACK and PRACK with media',
    packets: [
      there(request('UPDATE', [], sdp(A, 'm=audio 4000 x'))),
      there(request('ACK', [], sdp(A, 'm=audio 4002 x'))),
      there(request('PRACK', [], sdp(A, 'm=audio 4004 x'))),
      back(response(200, 'UPDATE', [], sdp(B, 'm=audio 4000 x'))),
      back(response(200, 'PRACK', [], sdp(B, 'm=audio 4002 x'))),
      back(response(200, 'ACK', [], sdp(B, 'm=audio 4004 x'))),
      back(response(500, 'UPDATE')),
    ],
  },
  { name: 'sip: OPTIONS with media', packets: [there(request('OPTIONS', [], OFFER)), ...toCaller] },
  { name: 'sip: method in small letters', packets: [there(request('invite', [], OFFER)), ...toCaller] },
  { name: 'sip: method with more letters', packets: [there(request('INVITES', [], OFFER)), ...toCaller] },
  {
    name: 'sip: method without a URI',
    packets: [there(request('INVITE', [], OFFER).replace('sip:', '<sip:')), ...toCaller],
  },
  {
    name: 'sip: no sequence number',
    packets: [there(request('INVITE', [], OFFER).replace('CSeq', 'XSeq')), ...toCaller],
  },
  {
    name: 'sip: sequence number that is none',
    packets: [there(request('INVITE', [], OFFER).replace('CSeq: 1', 'CSeq: x')), ...toCaller],
  },
  {
    name: 'sip: sequence number zero',
    packets: [there(request('INVITE', [], OFFER).replace('CSeq: 1', 'CSeq: 0')), ...toCaller],
  },
  {
    name: 'sip: response without a code',
    packets: [invite(), back(response(200, 'INVITE').replace('200', 'abc')), ...toCaller],
  },
  { name: 'sip: response with code 0', packets: [invite(), back(response(0, 'INVITE')), ...toCaller] },
  {
    name: 'sip: response with a long code',
    packets: [invite(), back(response(2000, 'INVITE', [], ANSWER)), ...toCallee],
  },
  {
    name: 'sip: response without a sequence number',
    packets: [invite(), back(response(200, 'INVITE').replace('CSeq', 'X')), ...toCaller],
  },
  { name: 'sip: too short', packets: [there('INVITE sip'), there('SIP/2.0 20'), there('SIP/2.0 200')] },
  { name: 'sip: anything else', packets: [there('\r\n\r\n\r\n\r\n\r\n\r\n'), there('keep-alive, keep-alive')] },
  { name: 'sip: registration refused', packets: [register(), registered([], 401), CALL] },
  {
    name: 'sip: registration in progress',
    packets: [register(), registered([], 100), CALL, registered(CONTACT), CALL],
  },
  {
    name: 'sip: answer to another registration',
    packets: [register(), back(response(200, 'REGISTER', CONTACT).replace('CSeq: 1', 'CSeq: 2')), CALL],
  },
  {
    name: 'sip: registered twice',
    packets: [register(), registered(CONTACT), register(), CALL, registered(CONTACT), CALL],
  },
  {
    name: 'sip: registration taken back',
    packets: [
      register(),
      registered(CONTACT),
      register([`Contact: <sip:alice@${A}:5070>`, 'Expires: 0']),
      registered([]),
      CALL,
    ],
  },
  {
    name: 'sip: registrar does not answer',
    packets: timed([
      [0, register()],
      [100, CALL],
      [181, register()],
    ]),
  },
  {
    name: 'sip: calls come as long as the registrar said',
    packets: timed([
      [0, register()],
      [1, registered([`Contact: <sip:alice@${A}:5070>;expires=300`])],
      [295, CALL],
      [310, udp(`${B}:5061>${A}:5070`, { data: request('INVITE', [], ANSWER) })],
    ]),
  },
  {
    name: 'sip: registered for less than the answer was waited for',
    packets: timed([
      [0, register()],
      [1, registered([`Contact: <sip:alice@${A}:5070>;expires=20`])],
      [15, CALL],
      [30, udp(`${B}:5061>${A}:5070`, { data: request('INVITE', [], ANSWER) })],
    ]),
  },
  {
    name: 'sip: registered anew, and for longer',
    packets: timed([
      [0, register()],
      [1, registered([`Contact: <sip:alice@${A}:5070>;expires=60`])],
      [50, register()],
      [51, registered([`Contact: <sip:alice@${A}:5070>;expires=60`])],
      [100, CALL],
      [120, udp(`${B}:5061>${A}:5070`, { data: request('INVITE', [], ANSWER) })],
    ]),
  },
  {
    name: 'sip: a call that came by registration has the helper, and cannot register',
    packets: [
      register(),
      registered(CONTACT),
      CALL,
      udp(`${A}:6000>${B}:6000`),
      udp(`${A}:5070>${B}:5060`, { data: response(200, 'INVITE', [], OFFER) }),
      ...toCaller,
      udp(`${B}:5060>${A}:5070`, { data: request('REGISTER', [`Contact: <sip:bob@${B}:5090>`, 'Expires: 60']) }),
    ],
  },
  {
    name: 'sip: registration and media together',
    packets: [register(), registered(CONTACT), invite(), there(request('BYE')), CALL],
  },
  {
    name: 'sip: media for three minutes',
    packets: timed([
      [0, invite()],
      [179, toCaller[0]],
      [181, toCaller[1]],
    ]),
  },
  {
    name: 'sip: the connection lives for an hour',
    packets: timed([
      [0, invite()],
      [3599, back(response(100, 'INVITE'))],
      [7190, there('keep-alive, keep-alive')],
    ]),
  },
  {
    name: 'sip: the same media offered to two ends',
    packets: [
      invite(),
      udp(`${A}:5060>${B}:5061`, { data: request('INVITE', [], OFFER) }),
      udp(`${A}:5061>${B}:5060`, { data: request('INVITE', [], OFFER) }),
      ...toCaller,
    ],
  },
  {
    name: 'sip: the same port for other media on another connection',
    packets: [
      invite(),
      udp(`${A}:5061>${B}:5060`, { data: request('INVITE', [], sdp(A, 'm=video 4000 RTP/AVP 31')) }),
      ...toCaller,
    ],
  },
  {
    name: 'sip: two callers one after the other expect different sources',
    packets: [
      invite(),
      udp(`${A}:5060>10.9.9.8:5060`, { data: request('INVITE', [], OFFER) }),
      ...toCaller,
      udp(`10.9.9.8:6000>${A}:4000`),
    ],
  },
  {
    name: 'sip: IPv6 call',
    packets: [
      udp(`[${A6}]:5060>[${B6}]:5060`, { data: request('INVITE', [], A6_OFFER) }),
      udp(`[${B6}]:6000>[${A6}]:4000`),
    ],
  },
  {
    name: 'sip: IPv6 call with an IPv4 address',
    packets: [udp(`[${A6}]:5060>[${B6}]:5060`, { data: request('INVITE', [], OFFER) })],
  },
  {
    name: 'sip: IPv6 registration',
    packets: [
      udp(`[${A6}]:5060>[${B6}]:5060`, {
        data: request('REGISTER', [`Contact: <sip:alice@[${A6}]:5070>`, 'Expires: 60']),
      }),
      udp(`[${B6}]:5060>[${A6}]:5060`, {
        data: response(200, 'REGISTER', [`Contact: <sip:alice@[${A6}]:5070>;expires=50`]),
      }),
      udp(`[${B6}]:5060>[${A6}]:5070`),
    ],
  },
  {
    name: 'sip: IPv6 registration without brackets',
    packets: [
      udp(`[${A6}]:5060>[${B6}]:5060`, { data: request('REGISTER', [`Contact: <sip:alice@${A6}>`, 'Expires: 60']) }),
    ],
  },
  {
    name: 'sip: TCP call',
    packets: new Talk(PATH)
      .client(request('INVITE', [], OFFER))
      .server(response(200, 'INVITE', [], ANSWER))
      .also(...toCaller, ...toCallee).packets,
  },
  {
    name: 'sip: TCP, two messages in a segment',
    packets: new Talk(PATH).client(request('OPTIONS') + request('INVITE', [], OFFER)).also(...toCaller).packets,
  },
  {
    name: 'sip: TCP, message in two segments',
    packets: new Talk(PATH)
      .client(request('INVITE', [], OFFER).slice(0, 90))
      .client(request('INVITE', [], OFFER).slice(90))
      .also(...toCaller).packets,
  },
  {
    name: 'sip: TCP, no length',
    packets: new Talk(PATH).client(request('INVITE', [], OFFER).replace('Content-Length', 'X')).also(...toCaller)
      .packets,
  },
  {
    name: 'sip: TCP, short name of the length, length too small',
    packets: new Talk(PATH)
      .client(request('INVITE', [], OFFER).replace(/Content-Length: \d+/, 'l: 10'))
      .also(...toCaller).packets,
  },
  {
    name: 'sip: TCP, blank lines in front',
    packets: new Talk(PATH).client(`\r\n\r\n${request('INVITE', [], OFFER)}`).also(...toCaller).packets,
  },
  {
    name: 'sip: TCP, a bad one, then a good one',
    packets: new Talk(PATH)
      .client(request('INVITE').replace('CSeq', 'X') + request('INVITE', [], OFFER))
      .also(...toCaller).packets,
  },
  {
    name: 'sip: TCP, registration',
    packets: new Talk(PATH)
      .client(request('REGISTER', CONTACT))
      .server(response(200, 'REGISTER', CONTACT))
      .also(...new Talk(`${B}:1000>${A}:5070`).packets).packets,
  },
  {
    name: 'sip: TCP, an hour',
    packets: [
      ...new Talk(PATH).client(request('OPTIONS')).packets.map((bytes, i) => ({ bytes, time: i / 1000 })),
      { bytes: new Talk(PATH).client('').packets[2], time: 3601 },
    ],
  },
]
