import { A, A6, B } from './probe.ts'

export const lines = (...all: readonly string[]) => `${all.join('\r\n')}\r\n`
export const sdp = (address: string, ...media: readonly string[]) =>
  lines('v=0', `o=- 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0', ...media)
export const OFFER = sdp(A, 'm=audio 4000 RTP/AVP 0')
export const ANSWER = sdp(B, 'm=audio 6000 RTP/AVP 0')
export const request = (method: string, headers: readonly string[] = [], body = '', to = B) =>
  `${lines(`${method} sip:bob@${to} SIP/2.0`, `CSeq: 1 ${method}`, ...headers, `Content-Length: ${body.length}`)}\r\n${body}`
export const response = (code: number, method: string, headers: readonly string[] = [], body = '') =>
  `${lines(`SIP/2.0 ${code} Word`, `CSeq: 1 ${method}`, ...headers, `Content-Length: ${body.length}`)}\r\n${body}`

/** Bodies of an INVITE, with a packet of media after each. */
export const BODIES: Readonly<Record<string, string>> = {
  'no description': '',
  'odd port': sdp(A, 'm=audio 4001 RTP/AVP 0'),
  video: sdp(A, 'm=video 4000 RTP/AVP 31'),
  image: sdp(A, 'm=image 4000 udptl t38'),
  application: sdp(A, 'm=application 4000 udp x'),
  'audio and video': sdp(A, 'm=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 31'),
  'five media': sdp(A, ...[4000, 4002, 4004, 4006, 4008].map((port) => `m=audio ${port} RTP/AVP 0`)),
  'four kinds of media': sdp(
    A,
    'm=audio 4000 x',
    'm=text 4002 x',
    'm=video 4004 x',
    'm=image 4006 x',
    'm=audio 4008 x',
  ),
  'the same port twice': sdp(A, 'm=audio 4000 RTP/AVP 0', 'm=audio 4000 RTP/AVP 0'),
  'the same port for audio and video': sdp(A, 'm=audio 4000 RTP/AVP 0', 'm=video 4000 RTP/AVP 31'),
  'address of the media': lines('v=0', 's=-', 'm=audio 4000 RTP/AVP 0', `c=IN IP4 ${A}`),
  'addresses of session and media': `${sdp('10.0.0.2', 'm=audio 4000 RTP/AVP 0')}c=IN IP4 ${A}\r\n`,
  'address of another medium': lines('v=0', 's=-', 'm=audio 4000 x', 'm=video 4002 x', `c=IN IP4 ${A}`),
  'no address': lines('v=0', 's=-', 'm=audio 4000 RTP/AVP 0'),
  'address of somebody else': sdp('10.0.0.2', 'm=audio 4000 RTP/AVP 0'),
  'address that is none': sdp('10.0.0.257', 'm=audio 4000 RTP/AVP 0'),
  'address with a TTL': sdp(`${A}/127`, 'm=audio 4000 RTP/AVP 0'),
  'address with a letter after it': sdp(`${A}a`, 'm=audio 4000 RTP/AVP 0'),
  'host name': sdp('host.example', 'm=audio 4000 RTP/AVP 0'),
  'IPv6 in IPv4': lines('v=0', `c=IN IP6 ${A6}`, 'm=audio 4000 RTP/AVP 0'),
  'no version': lines('s=-', `c=IN IP4 ${A}`, 'm=audio 4000 RTP/AVP 0'),
  'empty version': lines('v=', `c=IN IP4 ${A}`, 'm=audio 4000 RTP/AVP 0'),
  'port zero': sdp(A, 'm=audio 0 RTP/AVP 0', 'm=video 4000 RTP/AVP 31'),
  'port too small': sdp(A, 'm=audio 1023 RTP/AVP 0'),
  'port too big': sdp(A, 'm=audio 65536 RTP/AVP 0'),
  'no port': sdp(A, 'm=audio x RTP/AVP 0'),
  'two blanks': sdp(A, 'm=audio  4000 RTP/AVP 0'),
  'number of ports': sdp(A, 'm=audio 4000/2 RTP/AVP 0'),
  capitals: sdp(A, 'm=AUDIO 4000 RTP/AVP 0'),
  'capital letter of the line': sdp(A, 'M=audio 4000 RTP/AVP 0').replace('c=', 'C='),
  'newlines only': OFFER.replaceAll('\r\n', '\n'),
  'returns only': OFFER.replaceAll('\r\n', '\r'),
  'media in front of the version': `m=audio 4000 RTP/AVP 0\r\n${sdp(A)}`,
  'no line end': OFFER.trimEnd(),
  'a blank line of a newline in front': `\n${OFFER}`,
  'a blank line of return and newline in front': `\r\n${OFFER}`,
  'a blank line of a newline inside': OFFER.replace('m=', '\nm='),
}

/** REGISTER, by its headers. */
export const CONTACTS: Readonly<Record<string, readonly string[]>> = {
  contact: [`Contact: <sip:alice@${A}:5070>`, 'Expires: 600'],
  'contact without a port': [`Contact: <sip:alice@${A}>`, 'Expires: 600'],
  'contact without a user': [`Contact: <sip:${A}:5070>`, 'Expires: 600'],
  'contact without brackets': [`Contact: sip:alice@${A}:5070;q=1`, 'Expires: 600'],
  'short form': [`m: <sip:alice@${A}:5070>`, 'Expires: 600'],
  'blank in front of the colon': [`Contact : <sip:alice@${A}:5070>`, 'expires : 600'],
  'continued line': [`Contact:\r\n <sip:alice@${A}:5070>`, 'Expires: 600'],
  'parameter for its life': [`Contact: <sip:alice@${A}:5070>;expires=60`, 'Expires: 600'],
  'parameter in hexadecimal': [`Contact: <sip:alice@${A}:5070>;expires=0x10`],
  'parameter in octal': [`Contact: <sip:alice@${A}:5070>;expires=010`],
  'parameter without number': [`Contact: <sip:alice@${A}:5070>;expires=;x`, 'Expires: 600'],
  'no life': [`Contact: <sip:alice@${A}:5070>`],
  'life zero': [`Contact: <sip:alice@${A}:5070>`, 'Expires: 0'],
  UDP: [`Contact: <sip:alice@${A}:5070;transport=UDP>`, 'Expires: 600'],
  TCP: [`Contact: <sip:alice@${A}:5070;transport=tcp>`, 'Expires: 600'],
  TLS: [`Contact: <sip:alice@${A}:5070;transport=tls>`, 'Expires: 600'],
  star: ['Contact: *', 'Expires: 600'],
  'host name': ['Contact: <sip:alice@host.example>', 'Expires: 600'],
  'host name, then an address': [`Contact: <sip:alice@host.example>, <sip:alice@${A}:5070>`, 'Expires: 600'],
  'host name, then an address in another header': [
    'Contact: <sip:alice@host.example>',
    `Contact: <sip:alice@${A}:5070>`,
    'Expires: 600',
  ],
  'somebody else': ['Contact: <sip:alice@10.0.0.2:5070>', 'Expires: 600'],
  'port too small': [`Contact: <sip:alice@${A}:1000>`, 'Expires: 600'],
  'port too big': [`Contact: <sip:alice@${A}:70000>`, 'Expires: 600'],
  'no contact': ['Expires: 600'],
  'two contacts': [`Contact: <sip:alice@${A}:5070>, <sip:alice@${A}:5071>`, 'Expires: 600'],
  sips: [`Contact: <sips:alice@${A}:5070>`, 'Expires: 600'],
}

/** Answers to REGISTER, by their headers. */
export const REGISTRATIONS: Readonly<Record<string, readonly string[]>> = {
  agreed: CONTACTS.contact,
  'for another time': [`Contact: <sip:alice@${A}:5070>`, 'Expires: 20'],
  'with a parameter': [`Contact: <sip:alice@${A}:5070>;expires=20`],
  'for no time': [`Contact: <sip:alice@${A}:5070>`],
  'other port': [`Contact: <sip:alice@${A}:5071>;expires=20`],
  'other contact first': [`Contact: <sip:bob@10.0.0.3:5070>;expires=20, <sip:alice@${A}:5070>;expires=30`],
  'other contact first, in a header of its own': [
    'Contact: <sip:bob@10.0.0.3:5070>;expires=20',
    `Contact: <sip:alice@${A}:5070>;expires=30`,
  ],
  'another port first': [`Contact: <sip:alice@${A}:5071>;expires=20, <sip:alice@${A}:5070>;expires=30`],
  'host name first': [`Contact: <sip:x@host.example>;expires=20, <sip:alice@${A}:5070>;expires=30`],
  'no contact': ['Expires: 600'],
  'unreadable port': [`Contact: <sip:alice@${A}:1>;expires=20`],
  'unreadable port first, in a header of its own': [
    `Contact: <sip:bob@10.0.0.3:1023>;expires=20`,
    `Contact: <sip:alice@${A}:5070>;expires=30`,
  ],
  'unreadable port first': [`Contact: <sip:bob@10.0.0.3:x>;expires=20, <sip:alice@${A}:5070>;expires=30`],
}

/** Numbers at the bounds of what the helper reads: 11 digits, 32 bits; of ports 5 digits. */
export const NUMBERS = ['00000000060', '000000000060', '4294967295', '4294967296']
export const PORTS = ['05070', '005070', '5070x', '1023', '65536', '']
