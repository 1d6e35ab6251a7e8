import { tcp } from '../../../support/packets.ts'
import { Talk } from '../talk.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const PATH = `${A}:1000>${B}:21`
const PATH6 = `[${A6}]:1000>[${B6}]:21`

/** A session after its greeting and the login, so that commands are read. */
const session = (path = PATH) =>
  new Talk(path).server('220 ready\r\n').client('USER anonymous\r\n').server('230 welcome\r\n')
const active = (command: string, path = PATH) => session(path).client(command).packets
const passive = (answer: string, path = PATH) => session(path).client('PASV\r\n').server(answer).packets
const DATA = tcp(`${B}:20>${A}:2000`, 'S')

const ACTIVE: Readonly<Record<string, string>> = {
  PORT: 'PORT 10,0,0,1,7,208\r\n',
  'port in small letters': 'port 10,0,0,1,7,208\r\n',
  'Port with words in front of the blank': 'PoRTxyz 10,0,0,1,7,208\r\n',
  'PORT with two blanks': 'PORT  10,0,0,1,7,208\r\n',
  'PORT of somebody else': 'PORT 10,0,0,2,7,208\r\n',
  'PORT with numbers above 255': 'PORT 10,0,0,257,7,464\r\n',
  'PORT with an address that wraps': 'PORT 4294967306,0,0,1,7,208\r\n',
  'PORT with empty numbers': 'PORT 10,,,1,7,\r\n',
  'PORT zero': 'PORT 10,0,0,1,0,0\r\n',
  'PORT with five numbers': 'PORT 10,0,0,1,7\r\n',
  'PORT with seven numbers': 'PORT 10,0,0,1,7,208,3\r\n',
  'PORT without return': 'PORT 10,0,0,1,7,208\n',
  'PORT cut': 'PORT 10,0,0,1,7,2',
  POR: 'POR',
  P: 'P',
  'PORT alone': 'PORT',
  'PORT and a newline': 'PORT\r\n',
  'EPRT for IPv4': 'EPRT |1|10.0.0.1|2000|\r\n',
  'eprt with another delimiter': 'eprt !1!10.0.0.1!2000!\r\n',
  'EPRT with a digit as delimiter': 'EPRT 31310.0.0.1320003\r\n',
  'EPRT of somebody else': 'EPRT |1|10.0.0.2|2000|\r\n',
  'EPRT for IPv6 on IPv4': 'EPRT |2|2001:db8::1|2000|\r\n',
  'EPRT without the last delimiter': 'EPRT |1|10.0.0.1|2000\r\n',
  'EPRT port zero': 'EPRT |1|10.0.0.1|0|\r\n',
  'EPRT port too big': 'EPRT |1|10.0.0.1|67536|\r\n',
  'EPRT port 65536': 'EPRT |1|10.0.0.1|65536|\r\n',
  'EPRT three octets': 'EPRT |1|10.0.1|2000|\r\n',
  'EPRT alone': 'EPRT ',
  'another command': 'RETR file\r\n',
  'two commands at once': 'NOOP\r\nPORT 10,0,0,1,7,208\r\n',
  'blank in front': ' PORT 10,0,0,1,7,208\r\n',
}

const PASSIVE: Readonly<Record<string, string>> = {
  '227': '227 Entering Passive Mode (10,9,9,9,7,208).\r\n',
  '227 without parentheses': '227 Entering Passive Mode 10,9,9,9,7,208\r\n',
  '227 with =': '227 =10,9,9,9,7,208\n',
  '227 with digits in the words': '227 mode 1 (10,9,9,9,7,208)\r\n',
  '227 of somebody else': '227 Entering Passive Mode (10,9,9,8,7,208).\r\n',
  '227 cut': '227 Entering Passive Mode (10,9,9,9,7,208',
  '227 without numbers': '227 Entering Passive Mode\r\n',
  '227-': '227-Entering Passive Mode (10,9,9,9,7,208).\r\n',
  '22': '22',
  '2': '2',
  '229': '229 Entering Extended Passive Mode (|||2000|)\r\n',
  '229 with another delimiter': '229 Entering Extended Passive Mode (!!!2000!)\r\n',
  '229 with an address': '229 Entering Extended Passive Mode (|1|10.9.9.9|2000|)\r\n',
  '229 without parentheses': '229 Entering Extended Passive Mode |||2000|\r\n',
  '229 port 0': '229 ok (|||0|)\r\n',
  '229 letters': '229 ok (|||20x0|)\r\n',
  '229 cut': '229 ok (|||2000',
  '229 short': '229 ok (|||',
  'another answer': '200 ok\r\n',
  'two answers at once': '200 ok\r\n227 Entering Passive Mode (10,9,9,9,7,208).\r\n',
}

const ACTIVE6: Readonly<Record<string, string>> = {
  EPRT: 'EPRT |2|2001:db8::1|2000|\r\n',
  'EPRT in full': 'EPRT |2|2001:0db8:0:0:0:0:0:1|2000|\r\n',
  'EPRT in capitals': 'EPRT |2|2001:DB8::0001|2000|\r\n',
  'EPRT with dots': 'EPRT |2|2001:db8::0.0.0.1|2000|\r\n',
  'EPRT of somebody else': 'EPRT |2|2001:db8::2|2000|\r\n',
  'EPRT for IPv4': 'EPRT |1|10.0.0.1|2000|\r\n',
  'EPRT with too many groups': 'EPRT |2|2001:db8:0:0:0:0:0:0:1|2000|\r\n',
  'EPRT with five digits': 'EPRT |2|2001:0db80::1|2000|\r\n',
  'EPRT with two gaps': 'EPRT |2|2001::db8::1|2000|\r\n',
  'EPRT with three colons': 'EPRT |2|2001:db8:::1|2000|\r\n',
  'EPRT with a colon at the end': 'EPRT |2|2001:db8:0:0:0:0:0:1:|2000|\r\n',
  'EPRT with a gap for nothing': 'EPRT |2|2001:db8:0:0::0:0:0:1|2000|\r\n',
  'EPRT with a zero byte after the address': 'EPRT |2|2001:db8::1\x002000|\r\n',
  'EPRT without address': 'EPRT |2||2000|\r\n',
  PORT: 'PORT 10,0,0,1,7,208\r\n',
}

const each = (
  prefix: string,
  texts: Readonly<Record<string, string>>,
  packets: (text: string) => readonly Uint8Array[],
): HelperProbe[] =>
  Object.entries(texts).map(([name, text]) => ({ name: `ftp: ${prefix}${name}`, packets: packets(text) }))

export const FTP_PROBES: readonly HelperProbe[] = [
  ...each('', ACTIVE, (text) => [...active(text), DATA, DATA]),
  ...each('', PASSIVE, (text) => [...passive(text), tcp(`${A}:1001>${B}:2000`, 'S')]),
  ...each('IPv6 ', ACTIVE6, (text) => [...active(text, PATH6), tcp(`[${B6}]:20>[${A6}]:2000`, 'S')]),
  {
    name: 'ftp: IPv6 229',
    packets: [...passive('229 ok (|||2000|)\r\n', PATH6), tcp(`[${A6}]:1001>[${B6}]:2000`, 'S')],
  },
  {
    name: 'ftp: IPv6 227',
    packets: passive('227 ok (10,9,9,9,7,208)\r\n', PATH6),
  },
  {
    name: 'ftp: IPv6 PORT with the first four bytes of the address',
    packets: active('PORT 32,1,13,184,7,208\r\n', PATH6),
  },
  {
    name: 'ftp: the first line of the client is not read',
    packets: new Talk(PATH).server('220 ready\r\n').client('PORT 10,0,0,1,7,208\r\n').again().packets,
  },
  {
    name: 'ftp: the first line of the server is not read',
    packets: new Talk(PATH).client('PASV\r\n').server('227 ok (10,9,9,9,7,208)\r\n').packets,
  },
  {
    name: 'ftp: a command in two segments',
    packets: session().client('PORT 10,0,0,1').client(',7,208\r\n').also(DATA).packets,
  },
  {
    name: 'ftp: a line in two segments does not end with the first',
    packets: session().client('NOO').client('P\r\n').client('PORT 10,0,0,1,7,208\r\n').also(DATA).packets,
  },
  {
    name: 'ftp: a line that was missed',
    packets: session().missed('client', 6).client('PORT 10,0,0,1,7,208\r\n').client('PORT 10,0,0,1,7,209\r\n').packets,
  },
  {
    name: 'ftp: the same command sent again',
    packets: session().client('PORT 10,0,0,1,7,208\r\n').again().also(DATA).packets,
  },
  {
    name: 'ftp: the same command sent again when the connection has come',
    packets: session()
      .client('PORT 10,0,0,1,7,208\r\n')
      .also(DATA)
      .packets.concat(active('PORT 10,0,0,1,7,208\r\n').slice(-1), DATA),
  },
  {
    name: 'ftp: a second command takes the place of the first',
    packets: session()
      .client('PORT 10,0,0,1,7,208\r\n')
      .client('PORT 10,0,0,1,7,209\r\n')
      .also(DATA, tcp(`${B}:20>${A}:2001`, 'S')).packets,
  },
  {
    name: 'ftp: two sessions expect the same',
    packets: [
      ...active('PORT 10,0,0,1,7,208\r\n'),
      ...active('PORT 10,0,0,1,7,208\r\n', `${A}:1002>${B}:21`),
      DATA,
      DATA,
    ],
  },
  {
    name: 'ftp: the control connection is reset',
    packets: session().client('PORT 10,0,0,1,7,208\r\n').close().also(DATA).packets,
  },
  {
    name: 'ftp: the data connection has to come from the server',
    packets: session()
      .client('PORT 10,0,0,1,7,208\r\n')
      .also(tcp(`10.9.9.8:20>${A}:2000`, 'S')).packets,
  },
  {
    name: 'ftp: sequence numbers wrap',
    packets: new Talk(PATH, 0xfffffff8, 0xfffffffa)
      .server('220 ready\r\n')
      .client('USER anonymous\r\n')
      .client('PORT 10,0,0,1,7,208\r\n')
      .also(DATA).packets,
  },
  {
    name: 'ftp: three lines known, the older one is forgotten',
    packets: (() => {
      const talk = session().client('NOOP\r\n').client('NOOP\r\n').client('NOOP\r\n')
      const [first, , third] = talk.packets.slice(-3)
      return talk.also(first, third, tcp(PATH, 'PA', { seq: 1016, ack: 9024, data: 'PORT 10,0,0,1,7,208\r\n' })).packets
    })(),
  },
  {
    name: 'ftp: an older line does not take the place of two newer ones',
    packets: session()
      .client('NOOP\r\n')
      .client('NOOP\r\n')
      .also(
        tcp(PATH, 'PA', { seq: 1000, ack: 9011, data: 'USER anonymous\r\n' }),
        tcp(PATH, 'PA', { seq: 1016, ack: 9024, data: 'PORT 10,0,0,1,7,208\r\n' }),
      ).packets,
  },
  {
    name: 'ftp: expected for five minutes',
    packets: [
      ...active('PORT 10,0,0,1,7,208\r\n').map((bytes, i) => ({ bytes, time: i / 1000 })),
      { bytes: DATA, time: 299 },
      { bytes: tcp(PATH, 'PA', { seq: 1037, ack: 9024, data: 'PORT 10,0,0,1,7,209\r\n' }), time: 300 },
      { bytes: tcp(`${B}:20>${A}:2001`, 'S'), time: 601 },
    ],
  },
  {
    name: 'ftp: a rule drops the command',
    packets: session().client('PORT 10,0,0,1,7,208\r\n').also(DATA).packets,
    rules: '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -s 10.0.0.1 -m length --length 61 -j DROP\nCOMMIT\n',
  },
]
