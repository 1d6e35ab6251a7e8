import { udp } from '../../../support/packets.ts'
import { A, A6, B, B6, type HelperProbe } from './probe.ts'

const request = (opcode: number) => Uint8Array.of(0, opcode, ...new TextEncoder().encode('file\0octet\0'))
const DATA = Uint8Array.of(0, 3, 0, 1, 65)

export const TFTP_PROBES: readonly HelperProbe[] = [
  {
    name: 'tftp: read request, data from another port',
    packets: [
      udp(`${A}:2000>${B}:69`, { data: request(1) }),
      udp(`${B}:3000>${A}:2000`, { data: DATA }),
      udp(`${B}:3000>${A}:2000`, { data: DATA }),
      udp(`${A}:2000>${B}:3000`, { data: 'x' }),
      udp(`${B}:3001>${A}:2000`, { data: DATA }),
    ],
  },
  {
    name: 'tftp: write request, sent twice, over IPv6',
    packets: [
      udp(`[${A6}]:2000>[${B6}]:69`, { data: request(2) }),
      udp(`[${A6}]:2000>[${B6}]:69`, { data: request(2) }),
      udp(`[${B6}]:3000>[${A6}]:2000`, { data: DATA }),
    ],
  },
  {
    name: 'tftp: two clients expect different things; others do not count',
    packets: [
      udp(`${A}:2000>${B}:69`, { data: request(1) }),
      udp(`10.0.0.2:2000>${B}:69`, { data: request(1) }),
      udp(`10.9.9.8:3000>${A}:2000`, { data: DATA }),
      udp(`${B}:3000>10.0.0.2:2000`, { data: DATA }),
    ],
  },
  {
    name: 'tftp: not a request, one byte only, and a request in the reply direction',
    packets: [
      udp(`${A}:2000>${B}:69`, { data: request(3) }),
      udp(`${A}:2000>${B}:69`, { data: Uint8Array.of(0) }),
      udp(`${A}:2000>${B}:69`, { data: Uint8Array.of(0, 1) }),
      udp(`${B}:69>${A}:2000`, { data: request(1) }),
    ],
  },
  {
    name: 'tftp: five minutes are too long',
    packets: [
      { bytes: udp(`${A}:2000>${B}:69`, { data: request(1) }), time: 0 },
      { bytes: udp(`${A}:2000>${B}:69`, { data: request(3) }), time: 29 },
      { bytes: udp(`${B}:3000>${A}:2000`, { data: DATA }), time: 58 },
      { bytes: udp(`${A}:2001>${B}:69`, { data: request(1) }), time: 100 },
      { bytes: udp(`${B}:3000>${A}:2001`, { data: DATA }), time: 131 },
    ],
  },
]
