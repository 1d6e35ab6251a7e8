import { tcp, udp } from '../../../support/packets.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const THERE = `${A}:900>${B}:10080`
const BACK = `${B}:10080>${A}:900`
const answered = (text: string) => [
  udp(THERE, { data: 'Amanda 2.4 REQ\n' }),
  udp(BACK, { data: text }),
  tcp(`${A}:901>${B}:2000`, 'S'),
]

const TEXTS: Readonly<Record<string, string>> = {
  'three streams': 'Amanda 2.4 REP\nCONNECT DATA 2000 MESG 2001 INDEX 2002\nOPTIONS ;\n',
  'four streams': 'CONNECT DATA 2000 MESG 2001 INDEX 2002 STATE 2003\n',
  'in another order': 'CONNECT INDEX 2002 MESG 2001 DATA 2000\n',
  'no newline': 'CONNECT DATA 2000 MESG 2001',
  'no CONNECT': 'DATA 2000\n',
  'streams on the next line': 'CONNECT\nDATA 2000\n',
  'port zero ends it': 'CONNECT DATA 0 MESG 2001\n',
  'six digits': 'CONNECT DATA 200012\n',
  'a big port': 'CONNECT DATA 67536\n',
  letters: 'CONNECT DATA x MESG 2001\n',
  'the port ends the line': 'CONNECT MESG 2000\n',
  'the same port twice': 'CONNECT DATA 2000 MESG 2000\n',
  empty: '',
}

export const AMANDA_PROBES: readonly HelperProbe[] = [
  ...Object.entries(TEXTS).map(([name, text]) => ({ name: `amanda: ${name}`, packets: answered(text) })),
  {
    name: 'amanda: IPv6',
    packets: [
      udp(`[${A6}]:900>[${B6}]:10080`),
      udp(`[${B6}]:10080>[${A6}]:900`, { data: 'CONNECT DATA 2000\n' }),
      tcp(`[${A6}]:901>[${B6}]:2000`, 'S'),
    ],
  },
  {
    name: 'amanda: the question says nothing',
    packets: [udp(THERE, { data: 'CONNECT DATA 2000\n' }), tcp(`${A}:901>${B}:2000`, 'S')],
  },
  {
    name: 'amanda: an answer keeps the connection for five minutes',
    packets: [
      { bytes: udp(THERE), time: 0 },
      { bytes: udp(BACK, { data: 'CONNECT DATA 2000\n' }), time: 1 },
      { bytes: udp(BACK, { data: 'x' }), time: 299 },
      { bytes: udp(THERE), time: 598 },
      { bytes: udp(THERE), time: 719 },
    ],
  },
]
