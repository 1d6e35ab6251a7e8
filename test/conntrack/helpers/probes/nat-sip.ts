import { udp } from '../../../support/packets.ts'
import { TranslatedTalk } from '../translated-talk.ts'
import { natRules, OUTSIDE, OUTSIDE6, SNAT, SNAT6 } from './nat-rules.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'
import { ANSWER, lines, OFFER, request, response, sdp } from './sip-messages.ts'

const SNAT_PORT = natRules(
  `-A POSTROUTING -s 10.0.0.0/24 -p udp -m udp --dport 5060 -j SNAT --to-source ${OUTSIDE}:7000`,
)
const INSIDE = '10.99.0.100'
const DNAT = natRules(`-A PREROUTING -d ${OUTSIDE} -p udp -m udp --dport 5060 -j DNAT --to-destination ${INSIDE}`)
const OTHER = '10.0.0.2'

const there = (text: string, from = `${A}:5060`) => udp(`${from}>${B}:5060`, { data: text })
const back = (text: string, to = `${OUTSIDE}:5060`) => udp(`${B}:5060>${to}`, { data: text })
const toCaller = [udp(`${B}:6000>${OUTSIDE}:4000`), udp(`${B}:6001>${OUTSIDE}:4001`)]
const toCallee = [udp(`${A}:4000>${B}:6000`), udp(`${A}:4001>${B}:6001`)]
const answered = back(response(200, 'INVITE', [], ANSWER))

const BODIES: Readonly<Record<string, string>> = {
  'one stream': OFFER,
  'an odd port': sdp(A, 'm=audio 4001 RTP/AVP 0'),
  'two streams': sdp(A, 'm=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 31'),
  'the same port twice': sdp(A, 'm=audio 4000 RTP/AVP 0', 'm=audio 4000 RTP/AVP 0'),
  'the same port for audio and video': sdp(A, 'm=audio 4000 RTP/AVP 0', 'm=video 4000 RTP/AVP 31'),
  'addresses at the media': `${lines('v=0', `o=- 1 1 IN IP4 ${A}`, 's=-')}${lines('m=audio 4000 x', `c=IN IP4 ${A}`, 'm=video 4002 x', `c=IN IP4 ${A}`)}`,
  'addresses of session and media': `${sdp(OTHER, 'm=audio 4000 RTP/AVP 0')}c=IN IP4 ${A}\r\n`,
  'the address of somebody else': sdp(OTHER, 'm=audio 4000 RTP/AVP 0'),
  'no owner': lines('v=0', `c=IN IP4 ${A}`, 'm=audio 4000 RTP/AVP 0'),
  'an owner without address': lines('v=0', 'o=- 1 1 IN IP4 host', `c=IN IP4 ${A}`, 'm=audio 4000 RTP/AVP 0'),
  'no connection line': lines('v=0', `o=- 1 1 IN IP4 ${A}`, 'm=audio 4000 RTP/AVP 0'),
  'no stream': lines('v=0', `o=- 1 1 IN IP4 ${A}`, `c=IN IP4 ${A}`),
  'no stream, and another owner': lines('v=0', 'o=- 1 1 IN IP4 100.100.100.100', `c=IN IP4 ${A}`),
  'no stream, and another owner and connection': lines(
    'v=0',
    'o=- 1 1 IN IP4 100.100.100.100',
    'c=IN IP4 100.100.100.99',
  ),
  'no stream and no connection': lines('v=0', 'o=- 1 1 IN IP4 100.100.100.100'),
  'no stream and no owner': lines('v=0', `c=IN IP4 ${A}`),
  'a stream that is not known': sdp(OTHER, 'm=text 4000 RTP/AVP 0'),
  'a stream with port zero': sdp(OTHER, 'm=audio 0 RTP/AVP 0'),
  'no description': '',
}

const VIA = `Via: SIP/2.0/UDP ${A}:5060;branch=z9`
const CONTACT = `Contact: <sip:alice@${A}:5060>`
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  'Via, Contact, From and To': [VIA, CONTACT, `From: <sip:alice@${A}>;tag=1`, `To: <sip:bob@${B}>`],
  'Via with another port': [`Via: SIP/2.0/UDP ${A}:5070;branch=z9`, CONTACT],
  'Via without a port': [`Via: SIP/2.0/UDP ${A};branch=z9`],
  'Via of somebody else': [`Via: SIP/2.0/UDP ${OTHER}:5060;branch=z9`],
  'Via with parameters': [`${VIA};maddr=10.7.7.7;received=10.8.8.8;rport=9999`],
  'Via with parameters of its own ends': [`${VIA};maddr=${A};received=${B};rport=5060`],
  'Via by TCP': [`Via: SIP/2.0/TCP ${A}:5060;branch=z9;received=10.8.8.8;rport=77;maddr=10.7.7.7`],
  'several contacts': [`Contact: <sip:a@${A}>, <sip:b@${A}:5060>, <sip:c@${OTHER}:5060>`, `m: <sip:d@${A}>`],
  'a contact with an impossible port': [`Contact: <sip:a@${A}:99>, <sip:b@${A}:5060>`],
}

/** Which acknowledgements are taken tells how long the message was on the other side. */
function lengthOf(text: string): Uint8Array[] {
  const talk = new TranslatedTalk({
    client: `${A}:5060`,
    clientSeen: `${OUTSIDE}:5060`,
    server: `${B}:5060`,
    serverSeen: `${B}:5060`,
  })
    .server('x')
    .client(text)
  for (let off = -24; off <= 40; off++) talk.odd('server', 'A', { ack: off })
  return talk.packets
}

/** The same of what the server says, on a connection whose client has its port moved from 50000 to 700. */
function lengthOfAnswer(text: string): Uint8Array[] {
  const talk = new TranslatedTalk({
    client: `${A}:50000`,
    clientSeen: `${OUTSIDE}:700`,
    server: `${B}:5060`,
    serverSeen: `${B}:5060`,
  })
    .client('x')
    .server(text)
  for (let off = -40; off <= 24; off++) talk.odd('client', 'A', { ack: off })
  return talk.packets
}

const toTcp = (text: string) => text.replaceAll('SIP/2.0/UDP', 'SIP/2.0/TCP')
const invite = (headers: readonly string[] = [], body = OFFER) => request('INVITE', headers, body)

export const NAT_SIP_PROBES: readonly HelperProbe[] = [
  ...Object.entries(BODIES).flatMap(([name, body]) => [
    {
      name: `nat sip: invitation with ${name}`,
      rules: SNAT,
      packets: [there(invite([], body)), answered, ...toCaller, ...toCallee],
    },
    { name: `nat sip: length of an invitation with ${name}`, rules: SNAT, packets: lengthOf(invite([], body)) },
  ]),
  ...Object.entries(HEADERS).flatMap(([name, headers]) => [
    { name: `nat sip: length with ${name}`, rules: SNAT, packets: lengthOf(toTcp(request('OPTIONS', headers))) },
    { name: `nat sip: ${name}`, rules: SNAT, packets: [there(invite(headers)), answered, ...toCaller] },
  ]),
  {
    name: 'nat sip: length without Content-Length after it',
    rules: SNAT,
    packets: lengthOf(invite().replace('Content-Length', 'Content-Width')),
  },
  { name: 'nat sip: length of two messages', rules: SNAT, packets: lengthOf(invite([CONTACT]) + invite([VIA], '')) },
  {
    name: 'nat sip: length of two messages, the second in part',
    rules: SNAT,
    packets: lengthOf((invite([CONTACT]) + invite([VIA])).slice(0, -9)),
  },
  {
    name: 'nat sip: length of a response',
    rules: SNAT,
    packets: lengthOf(response(200, 'INVITE', [CONTACT, toTcp(VIA)], OFFER)),
  },
  ...Object.entries({
    'Via, Contact, From and To': [
      `Via: SIP/2.0/TCP ${OUTSIDE}:700;branch=z9`,
      `Contact: <sip:alice@${OUTSIDE}:700>`,
      `From: <sip:alice@${OUTSIDE}:700>;tag=1`,
      `To: <sip:bob@${B}>`,
    ],
    'received and rport': [`Via: SIP/2.0/TCP ${OUTSIDE}:700;received=${OUTSIDE};rport=700;maddr=${OUTSIDE}`],
    'rport of eleven digits': [`Via: SIP/2.0/TCP ${OUTSIDE}:700;rport=00000000700`],
    'rport of twelve digits': [`Via: SIP/2.0/TCP ${OUTSIDE}:700;rport=000000000700`],
    'rport of another': [`Via: SIP/2.0/TCP ${OUTSIDE}:700;received=${B};rport=701;maddr=${B}`],
    'several lines of Via': [`Via: SIP/2.0/TCP ${B}:5060`, `Via: SIP/2.0/TCP ${OUTSIDE}:700`],
  }).map(([name, headers]) => ({
    name: `nat sip: length of an answer with ${name}`,
    rules: natRules(`-A POSTROUTING -s 10.0.0.0/24 -p tcp -j SNAT --to-source ${OUTSIDE}:700`),
    packets: lengthOfAnswer(response(200, 'INVITE', headers)),
  })),
  {
    name: 'nat sip: the media go first from inside',
    rules: SNAT,
    packets: [there(invite()), answered, ...toCallee, ...toCaller],
  },
  {
    name: 'nat sip: the media come from another port than was announced',
    rules: SNAT,
    packets: [there(invite()), answered, udp(`${B}:6666>${OUTSIDE}:4000`), udp(`${A}:4444>${B}:6000`)],
  },
  {
    name: 'nat sip: two callers with the same ports',
    rules: SNAT,
    packets: [
      there(invite()),
      there(request('INVITE', [], sdp(OTHER, 'm=audio 4000 RTP/AVP 0')), `${OTHER}:5061`),
      udp(`${B}:6000>${OUTSIDE}:4000`),
      udp(`${B}:6000>${OUTSIDE}:4002`),
    ],
  },
  {
    name: 'nat sip: the same offer on two connections',
    rules: SNAT,
    packets: [there(invite()), there(invite(), `${A}:5062`), udp(`${B}:6000>${OUTSIDE}:4000`)],
  },
  {
    name: 'nat sip: a stream between two that are both translated',
    rules: SNAT,
    packets: [
      there(invite()),
      udp(`${OTHER}:5060>${B}:5060`, { data: invite([], sdp(OTHER, 'm=audio 5000 RTP/AVP 0')) }),
      back(request('INVITE', [], sdp(OUTSIDE, 'm=audio 5000 RTP/AVP 0'), OUTSIDE)),
    ],
  },
  {
    name: 'nat sip: BYE and a new invitation',
    rules: SNAT,
    packets: [there(invite()), there(request('BYE')), ...toCaller, there(invite()), ...toCaller],
  },
  {
    name: 'nat sip: a refused invitation',
    rules: SNAT,
    packets: [there(invite()), back(response(486, 'INVITE')), ...toCaller],
  },
  ...Object.entries({
    'the same port': `Contact: <sip:alice@${A}:5060>`,
    'another port': `Contact: <sip:alice@${A}:5070>`,
    'somebody else': `Contact: <sip:alice@${OTHER}:5060>`,
  }).map(([name, contact]) => ({
    name: `nat sip: registration of ${name}, and a call`,
    rules: SNAT,
    packets: [
      there(request('REGISTER', [contact, 'Expires: 600'])),
      back(response(200, 'REGISTER', [contact.replace(A, OUTSIDE), 'Expires: 600'])),
      udp(`${B}:5099>${OUTSIDE}:5060`, { data: request('INVITE', [], sdp(B, 'm=audio 6000 RTP/AVP 0'), OUTSIDE) }),
      udp(`${B}:5099>${OUTSIDE}:5070`, { data: request('INVITE', [], sdp(B, 'm=audio 6002 RTP/AVP 0'), OUTSIDE) }),
      udp(`${A}:5070>${B}:5099`, { data: response(200, 'INVITE', [], OFFER) }),
    ],
  })),
  {
    name: 'nat sip: registration with the source port moved',
    rules: SNAT_PORT,
    packets: [
      there(request('REGISTER', [CONTACT, VIA, 'Expires: 600'])),
      back(response(200, 'REGISTER', [`Contact: <sip:alice@${OUTSIDE}:7000>;expires=300`]), `${OUTSIDE}:7000`),
      udp(`${B}:5099>${OUTSIDE}:7000`, { data: request('INVITE', [], sdp(B, 'm=audio 6000 RTP/AVP 0'), OUTSIDE) }),
      udp(`${A}:5060>${B}:5099`, { data: response(200, 'INVITE', [], OFFER) }),
    ],
  },
  {
    name: 'nat sip: registration of the port that Via names, which is not the source port',
    rules: SNAT_PORT,
    packets: ['5060', '5070', '005070', '1023'].flatMap((port) => [
      there(
        request('REGISTER', [
          `Contact: <sip:alice@${A}:5060>`,
          `Via: SIP/2.0/UDP ${A}:${port};branch=z9`,
          'Expires: 6',
        ]),
      ),
      there(
        request('REGISTER', [
          `Contact: <sip:alice@${A}:5070>`,
          `Via: SIP/2.0/UDP ${A}:${port};branch=z9`,
          'Expires: 6',
        ]),
      ),
    ]),
  },
  {
    name: 'nat sip: length of a registration',
    rules: SNAT,
    packets: lengthOf(toTcp(request('REGISTER', [CONTACT, VIA, 'Expires: 600']))),
  },
  {
    name: 'nat sip: a server behind DNAT',
    rules: DNAT,
    packets: [
      udp(`${B}:5060>${OUTSIDE}:5060`, { data: request('INVITE', [], sdp(B, 'm=audio 6000 RTP/AVP 0'), OUTSIDE) }),
      udp(`${INSIDE}:5060>${B}:5060`, { data: response(200, 'INVITE', [], sdp(INSIDE, 'm=audio 4000 RTP/AVP 0')) }),
      udp(`${B}:6000>${OUTSIDE}:4000`),
      udp(`${INSIDE}:4000>${B}:6000`),
    ],
  },
  {
    name: 'nat sip: over IPv6',
    rules6: SNAT6,
    packets: [
      udp(`[${A6}]:5060>[${B6}]:5060`, {
        data: request(
          'INVITE',
          [`Via: SIP/2.0/UDP [${A6}]:5060;received=2001:db8::77`],
          lines('v=0', `o=- 1 1 IN IP6 ${A6}`, `c=IN IP6 ${A6}`, 'm=audio 4000 RTP/AVP 0'),
          `[${B6}]`,
        ),
      }),
      udp(`[${B6}]:6000>[${OUTSIDE6}]:4000`),
    ],
  },
]
