import { tcp } from '../../../support/packets.ts'
import { Talk } from '../talk.ts'
import { A, B, type HelperProbe } from './probe.ts'

const PATH = `${A}:1000>${B}:6667`
const dcc = (text: string) => `PRIVMSG bob :\x01DCC ${text}\x01\r\n`
const said = (text: string) => [
  ...new Talk(PATH).server('001 hi\r\n').client(text).packets,
  tcp(`10.7.7.7:20>${A}:2000`, 'S'),
]

const TEXTS: Readonly<Record<string, string>> = {
  SEND: dcc('SEND file 167772161 2000 12345'),
  CHAT: dcc('CHAT chat 167772161 2000'),
  MOVE: dcc('MOVE file 167772161 2000'),
  TSEND: dcc('TSEND file 167772161 2000'),
  SCHAT: dcc('SCHAT chat 167772161 2000'),
  'small letters': dcc('send file 167772161 2000'),
  'privmsg in small letters, blanks in front': `  \r\n${dcc('SEND file 167772161 2000').replace('PRIVMSG', 'privmsg')}`,
  'the address of somebody else': dcc('SEND file 167772162 2000'),
  'the address of the server': dcc('SEND file 168429833 2000'),
  'port zero': dcc('SEND file 167772161 0'),
  'port above 65535': dcc('SEND file 167772161 67536'),
  'address with more than 32 bits': dcc('SEND file 4462739457 2000'),
  'several blanks': dcc('SEND file 167772161   2000'),
  'two blanks before the address': dcc('SEND file  167772161 2000'),
  'dotted address': dcc('SEND file 10.0.0.1 2000'),
  'no newline': dcc('SEND file 167772161 2000').slice(0, -2),
  'return only': dcc('SEND file 167772161 2000').slice(0, -1),
  'too short': dcc('SEND f 1 2'),
  'a message that is no command, then one': `PRIVMSG bob :hello\r\n${dcc('SEND file 167772161 2000')}`,
  'a forged one, then a good one': dcc('SEND file 167772162 2000') + dcc('SEND file 167772161 2000'),
  'one that cannot be read, then a good one': dcc('SEND file') + dcc('SEND file 167772161 2000'),
  'another one, then a good one': dcc('RESUME file 167772161 2000') + dcc('SEND file 167772161 2000'),
  'a forged one, then a good one, then more': `${dcc('SEND file 167772162 2000')}${dcc('SEND file 167772161 2000')}PING yyyyyyyyyyyyyyyyyyyyyyyy\r\n`,
  NOTICE: dcc('SEND file 167772161 2000').replace('PRIVMSG', 'NOTICE'),
  'a long name': dcc(`SEND ${'x'.repeat(3000)} 167772161 2000`),
  'a name beyond what is looked at': dcc(`SEND ${'x'.repeat(4100)} 167772161 2000`),
  'a name that ends the segment': 'PRIVMSG bob :\x01DCC SEND aaaaaaaaaaaaaaaaa\n',
  RESUME: dcc('RESUME file 167772161 2000'),
}

export const IRC_PROBES: readonly HelperProbe[] = [
  ...Object.entries(TEXTS).map(([name, text]) => ({ name: `irc: ${name}`, packets: said(text) })),
  {
    name: 'irc: the server says it',
    packets: new Talk(PATH).server(dcc('SEND file 168429833 2000')).packets,
  },
  {
    name: 'irc: the command in two segments',
    packets: new Talk(PATH).server('x').client('PRIVMSG bob :\x01DCC SEND').client(' file 167772161 2000\x01\r\n')
      .packets,
  },
  {
    name: 'irc: eight at most, the oldest goes',
    packets: [
      ...Array.from({ length: 9 }).reduce<Talk>(
        (talk, _, i) => talk.client(dcc(`SEND file 167772161 ${2000 + i}`)),
        new Talk(PATH).server('x'),
      ).packets,
      tcp(`10.7.7.7:20>${A}:2000`, 'S'),
      tcp(`10.7.7.7:20>${A}:2001`, 'S'),
    ],
  },
]
