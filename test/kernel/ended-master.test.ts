import { describe, expect, it } from 'vitest'
import { tcp, udp } from '../support/packets.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { BUSY_KERNEL } from './pair.ts'
import { lastingDifference } from './run-packets.ts'

const oracle = kernelOracle()

/** Rules that ask a connection for the one that announced it; each packet anew, since lengths differ. */
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m cluster --cluster-local-nodemask 0x00000001 --cluster-total-nodes 2 --cluster-hash-seed 0x00000001
-A FORWARD -m length --length 1:1500 -m helper --helper tftp -j ACCEPT
-A FORWARD -m length --length 1:1500 -m helper --helper ftp -j ACCEPT
-A FORWARD -m conntrack --ctstate NEW -j ACCEPT
COMMIT
`

const at = (time: number, bytes: Uint8Array) => ({ time, bytes })
const request = (client: number) => udp(`10.0.0.${client}:2000>10.0.9.9:69`, { data: '\0\u0001file\0octet\0' })
const answer = (client: number) => udp(`10.0.9.9:3000>10.0.0.${client}:2000`)
const more = (client: number) => udp(`10.0.0.${client}:2000>10.0.9.9:3000`)
/** Others need entries meanwhile. */
const others = (time: number) => Array.from({ length: 50 }, (_, n) => at(time, udp(`10.7.0.${n}:${time}>10.0.9.9:10`)))

const CONTROL = '10.0.0.1:1000>10.0.9.9:21'
const DATA = '10.0.9.9:20>10.0.0.1:2000'
const FTP = [
  tcp(CONTROL, 'S', { seq: 100 }),
  tcp('10.0.9.9:21>10.0.0.1:1000', 'SA', { seq: 900, ack: 101 }),
  tcp(CONTROL, 'A', { seq: 101, ack: 901 }),
  tcp(CONTROL, 'PA', { seq: 101, ack: 901, data: 'USER a\r\n' }),
  tcp(CONTROL, 'PA', { seq: 109, ack: 901, data: 'PORT 10,0,0,1,7,208\r\n' }),
  tcp(DATA, 'S', { seq: 500 }),
  tcp('10.0.0.1:2000>10.0.9.9:20', 'SA', { seq: 700, ack: 501 }),
  tcp(DATA, 'A', { seq: 501, ack: 701 }),
].map((bytes) => at(0, bytes))

describe.skipIf(!oracle.available)(
  `connections that outlive the one that announced them (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  BUSY_KERNEL,
  () => {
    it('TFTP: the request has expired', async () => {
      if (!oracle.available) return
      const clients = [1, 2, 3, 4, 5, 6]
      const packets = [
        ...clients.flatMap((client) => [at(0, request(client)), at(1, answer(client)), at(2, more(client))]),
        ...[20, 40, 60, 80].flatMap((time) => [...clients.map((client) => at(time, more(client))), ...others(time)]),
      ]
      const ordered = packets.toSorted((one, other) => one.time - other.time)
      expect(await lastingDifference(oracle, { mode: 'router', helper: 'auto', rules: RULES, packets: ordered })).toBe(
        '',
      )
    })

    it('FTP: the control connection was reset', async () => {
      if (!oracle.available) return
      const packets = [
        ...FTP,
        at(1, tcp(CONTROL, 'RA', { seq: 130, ack: 901 })),
        ...[5, 30, 60].flatMap((time) => [at(time, tcp(DATA, 'PA', { seq: 501, ack: 701 })), ...others(time)]),
        at(70, tcp(CONTROL, 'S', { seq: 5000 })),
        at(70, tcp(DATA, 'PA', { seq: 501, ack: 701 })),
      ]
      expect(await lastingDifference(oracle, { mode: 'router', helper: 'auto', rules: RULES, packets })).toBe('')
    })
  },
)
