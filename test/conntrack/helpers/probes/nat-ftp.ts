import { sack, sackPermitted, tcp } from '../../../support/packets.ts'
import { TranslatedTalk } from '../translated-talk.ts'
import { natRules, OUTSIDE, OUTSIDE6, SNAT, SNAT6 } from './nat-rules.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const INSIDE = '10.99.0.100'
const DNAT = natRules(`-A PREROUTING -d ${OUTSIDE} -p tcp -m tcp --dport 21 -j DNAT --to-destination ${INSIDE}`)
/** The client's own port is moved as well. */
const SNAT_PORT = natRules(`-A POSTROUTING -s 10.0.0.0/24 -p tcp -j SNAT --to-source ${OUTSIDE}:5000-5999`)

/** After the greeting and the login, so that commands are read. */
function session(ends: ConstructorParameters<typeof TranslatedTalk>[0]): TranslatedTalk {
  return new TranslatedTalk(ends, [sackPermitted()])
    .server('220 ready\r\n')
    .client('USER anonymous\r\n')
    .server('230 welcome\r\n')
}
const out = (port = 1000) =>
  session({ client: `${A}:${port}`, clientSeen: `${OUTSIDE}:${port}`, server: `${B}:21`, serverSeen: `${B}:21` })
const out6 = () =>
  session({
    client: `[${A6}]:1000`,
    clientSeen: `[${OUTSIDE6}]:1000`,
    server: `[${B6}]:21`,
    serverSeen: `[${B6}]:21`,
  })
const into = () =>
  session({ client: `${B}:1000`, clientSeen: `${B}:1000`, server: `${INSIDE}:21`, serverSeen: `${OUTSIDE}:21` })

const PORT = 'PORT 10,0,0,1,7,208\r\n'
const PORT_SEEN = 'PORT 198,51,100,1,7,208\r\n'
const OK = '200 ok\r\n'
const RETR = 'RETR file\r\n'
const DATA = [
  tcp(`${B}:20>${OUTSIDE}:2000`, 'S', { seq: 700 }),
  tcp(`${A}:2000>${B}:20`, 'SA', { seq: 300, ack: 701 }),
  tcp(`${B}:20>${OUTSIDE}:2000`, 'A', { seq: 701, ack: 301 }),
]

/** A PORT command of a translated client, then what is said here; four bytes are added on the way. */
const AFTER_PORT: Readonly<Record<string, (talk: TranslatedTalk) => TranslatedTalk>> = {
  'the answer acknowledges the longer command': (talk) => talk.server(OK).client(RETR).server('150 here\r\n'),
  'the data connection': (talk) => talk.server(OK).also(...DATA),
  'the answer acknowledges one byte too much': (talk) => talk.odd('server', 'A', { ack: 1 }).server(OK),
  'the answer acknowledges four bytes too little': (talk) => talk.odd('server', 'A', { ack: -4 }).server(OK),
  'an acknowledgement of the middle of the command': (talk) => talk.odd('server', 'A', { ack: -15 }).server(OK),
  'an acknowledgement of what came before': (talk) => talk.odd('server', 'A', { ack: -PORT_SEEN.length }).server(OK),
  'an acknowledgement one byte into the command': (talk) =>
    talk.odd('server', 'A', { ack: 1 - PORT_SEEN.length }).server(OK),
  'the command once more': (talk) => talk.again().server(OK).client(RETR),
  'the command once more, later': (talk) => talk.server(OK).client(RETR).again(2).server('150 here\r\n'),
  'a SACK of more': (talk) => {
    const { ack } = talk.next('server')
    return talk
      .client(RETR)
      .odd('server', 'A', { ack: -RETR.length }, { options: [sack(ack + 2, ack + RETR.length)] })
      .server(OK)
  },
  'a SACK of too much': (talk) => {
    const { ack } = talk.next('server')
    return talk.odd('server', 'A', {}, { options: [sack(ack + 2, ack + 5)] }).server(OK)
  },
  'a reset by the server': (talk) => talk.odd('server', 'R').server(OK),
  'a reset by the client': (talk) => talk.server(OK).odd('client', 'R').client(RETR),
  'the end': (talk) =>
    talk.server(OK).odd('client', 'FA').odd('server', 'FA', { ack: 1 }).odd('client', 'A', { seq: 1, ack: 1 }),
  'another command': (talk) =>
    talk
      .server(OK)
      .client('PORT 10,0,0,1,7,209\r\n', 'PORT 198,51,100,1,7,209\r\n')
      .odd('server', 'A', { ack: 1 })
      .server(OK)
      .client(RETR)
      .server('150 here\r\n'),
}

export const NAT_FTP_PROBES: readonly HelperProbe[] = [
  ...Object.entries(AFTER_PORT).map(([name, go]) => ({
    name: `nat ftp: ${name}`,
    rules: SNAT,
    packets: go(out().client(PORT, PORT_SEEN)).packets,
  })),
  ...Object.entries({
    'PORT shrinks': ['PORT 010,0000,00000,00001,0007,00208\r\n', PORT_SEEN],
    EPRT: ['EPRT !1!10.0.0.1!2000!\r\n', 'EPRT |1|198.51.100.1|2000|\r\n'],
    'PORT of somebody else': ['PORT 10,0,0,2,7,208\r\n', 'PORT 10,0,0,2,7,208\r\n'],
    'PORT zero': ['PORT 10,0,0,1,0,0\r\n', 'PORT 198,51,100,1,0,0\r\n'],
    'PORT cut': ['PORT 10,0,0,1,7,2', 'PORT 10,0,0,1,7,2'],
  }).map(([name, [said, seen]]) => ({
    name: `nat ftp: ${name}`,
    rules: SNAT,
    packets: out()
      .client(said, seen)
      .odd('server', 'A', { ack: 1 })
      .server(OK)
      .client(RETR)
      .also(...DATA).packets,
  })),
  {
    name: 'nat ftp: PORT with the source port moved',
    rules: SNAT_PORT,
    packets: session({ client: `${A}:5001`, clientSeen: `${OUTSIDE}:5001`, server: `${B}:21`, serverSeen: `${B}:21` })
      .client(PORT, PORT_SEEN)
      .server(OK)
      .also(...DATA).packets,
  },
  {
    name: 'nat ftp: 227 of a server behind DNAT',
    rules: DNAT,
    packets: into()
      .client('PASV\r\n')
      .server('227 ok (10,99,0,100,7,208)\r\n', '227 ok (198,51,100,1,7,208)\r\n')
      .odd('client', 'A', { ack: 1 })
      .client(RETR)
      .server('150 here\r\n')
      .also(
        tcp(`${B}:1001>${OUTSIDE}:2000`, 'S', { seq: 700 }),
        tcp(`${INSIDE}:2000>${B}:1001`, 'SA', { seq: 300, ack: 701 }),
      ).packets,
  },
  {
    name: 'nat ftp: 229 of a server behind DNAT',
    rules: DNAT,
    packets: into()
      .client('EPSV\r\n')
      .server('229 ok (|||2000|)\r\n')
      .client(RETR)
      .server('150 here\r\n')
      .also(
        tcp(`${B}:1001>${OUTSIDE}:2000`, 'S', { seq: 700 }),
        tcp(`${INSIDE}:2000>${B}:1001`, 'SA', { seq: 300, ack: 701 }),
      ).packets,
  },
  {
    name: 'nat ftp: EPRT over IPv6',
    rules6: SNAT6,
    packets: out6()
      .client('EPRT |2|2001:db8::1|2000|\r\n', 'EPRT |2|2001:0db8:0005:0000:0000:0000:0000:0001|2000|\r\n')
      .odd('server', 'A', { ack: 1 })
      .server(OK)
      .client(RETR)
      .also(
        tcp(`[${B6}]:20>[${OUTSIDE6}]:2000`, 'S', { seq: 700 }),
        tcp(`[${A6}]:2000>[${B6}]:20`, 'SA', { seq: 300, ack: 701 }),
      ).packets,
  },
  {
    name: 'nat ftp: port 65535 is taken',
    rules: SNAT,
    packets: [
      ...out().client('PORT 10,0,0,1,255,255\r\n', 'PORT 198,51,100,1,255,255\r\n').packets,
      ...out(1001).client('PORT 10,0,0,1,255,255\r\n', 'PORT 198,51,100,1,255,255\r\n').packets,
    ],
  },
]
