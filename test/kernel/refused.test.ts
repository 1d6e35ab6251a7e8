import { describe, expect, it } from 'vitest'
import { be16, datagram, tcp, udp } from '../support/packets.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { BUSY_KERNEL } from './pair.ts'
import { lastingDifference } from './run-packets.ts'

const oracle = kernelOracle()

const REQUEST = udp('10.0.0.1:2000>10.0.0.9:69', { data: '\0\u0001file\0octet\0' })
const ANSWER = '10.0.0.9:3000>10.0.0.1:2000'

const CONTROL = '10.0.0.1:1000>10.0.0.9:21'
/** The helper only reads commands at the beginning of a line, and knows none before the first line. */
const COMMANDS = ['USER a\r\n', 'PORT 10,0,0,1,7,208\r\n']
const SESSION = [
  tcp(CONTROL, 'S', { seq: 100 }),
  tcp('10.0.0.9:21>10.0.0.1:1000', 'SA', { seq: 900, ack: 101 }),
  tcp(CONTROL, 'A', { seq: 101, ack: 901 }),
  tcp(CONTROL, 'PA', { seq: 101, ack: 901, data: COMMANDS[0] }),
  tcp(CONTROL, 'PA', { seq: 109, ack: 901, data: COMMANDS[1] }),
]
const DATA = '10.0.0.9:20>10.0.0.1:2000'
const ports = be16(20, 2000)

/** Packets of announced connections, which Linux refuses after it has found the announcement. */
const UDP_CASES: Readonly<Record<string, Uint8Array>> = {
  'a bad checksum': udp(ANSWER, { checksum: 'bad' }),
  'a length beyond the datagram': udp(ANSWER, { length: 100 }),
  'a length of less than the header': udp(ANSWER, { length: 7 }),
  'half a header': datagram(ANSWER, 17, be16(3000, 2000)),
  'less than the ports': datagram(ANSWER, 17, be16(3000, 2000).slice(0, 3)),
}
const TCP_CASES: Readonly<Record<string, Uint8Array>> = {
  'a bad checksum': tcp(DATA, 'S', { seq: 500, checksum: 'bad' }),
  'SYN and FIN': tcp(DATA, 'SF', { seq: 500 }),
  'a header that is too short': tcp(DATA, 'S', { seq: 500, dataOffset: 4 }),
  'a header beyond the datagram': tcp(DATA, 'S', { seq: 500, dataOffset: 9 }),
  'an impossible beginning': tcp(DATA, 'R', { seq: 500 }),
  'the ports alone': datagram(DATA, 6, ports),
  'half a header': datagram(DATA, 6, [...ports, 0, 0, 0, 0, 0, 0]),
  'less than the ports': datagram(DATA, 6, ports.slice(0, 3)),
}

describe.skipIf(!oracle.available)(
  `what a refused packet leaves (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  BUSY_KERNEL,
  () => {
    it.each(Object.entries(UDP_CASES))('of the announced answer of TFTP: %s', async (_, broken) => {
      if (!oracle.available) return
      const packets = [REQUEST, broken, udp(ANSWER)]
      expect(await lastingDifference(oracle, { mode: 'router', helper: 'auto', packets })).toBe('')
    })

    it.each(Object.entries(TCP_CASES))('of the announced connection of FTP: %s', async (_, broken) => {
      if (!oracle.available) return
      const packets = [...SESSION, broken, tcp(DATA, 'S', { seq: 500 })]
      expect(await lastingDifference(oracle, { mode: 'router', helper: 'auto', packets })).toBe('')
    })
  },
)
