import { describe, expect, it } from 'vitest'
import { destinationOptions, fragmentHeader, tcp, udp } from '../support/packets.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { runPackets } from './run-packets.ts'
import { firstStory } from './story.ts'

const oracle = kernelOracle()

const client = '192.0.2.1'
const server = '198.51.100.2'
const syn = (port: number) => tcp(`${client}:${port}>${server}:80`, 'S', { seq: 100 })
const synAck = (port: number) => tcp(`${server}:80>${client}:${port}`, 'SA', { seq: 500, ack: 101 })
const ack = (port: number) => tcp(`${client}:${port}>${server}:80`, 'A', { seq: 101, ack: 501 })
const reset = (port: number) => tcp(`${client}:${port}>${server}:80`, 'R', { seq: 101 })
const query = (port: number) => udp(`${client}:${port}>${server}:53`)

const CONNLIMIT = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s ${client} -m connlimit --connlimit-above 2 -j REJECT
-A INPUT -p udp --sport 3 -j DROP
-A FORWARD -s ${client} -m connlimit --connlimit-above 2 -j REJECT
-A FORWARD -p udp --sport 3 -j DROP
COMMIT
`
const BACK = `*nat
:OUTPUT ACCEPT [0:0]
-A OUTPUT -p udp -j REDIRECT --to-ports 999
COMMIT
*filter
:INPUT ACCEPT [0:0]
-A INPUT -p udp -j REJECT
COMMIT
`
const SIP = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p udp --dport 5060 -j CT --helper sip
COMMIT
`
/** A call whose length field does not fit what follows: the kernel's SIP helper drops it. */
const invite = `INVITE sip:b@${server} SIP/2.0\r\nVia: SIP/2.0/UDP ${client}:5060\r\nCall-ID: 1\r\nCSeq: x INVITE\r\nContent-Length: 0\r\n\r\n`

const CASES = {
  'connlimit, where the last connection of its group has closed': {
    rules: CONNLIMIT,
    packets: [syn(1), synAck(1), ack(1), reset(1), reset(1), syn(2), reset(1), synAck(2), reset(1)],
    silent: 2,
  },
  'connlimit, where connections are over the limit, forgotten, or never confirmed': {
    rules: CONNLIMIT,
    packets: [
      query(1),
      query(2),
      query(3),
      query(1),
      query(4),
      query(1),
      query(3),
      syn(1),
      synAck(1),
      ack(1),
      query(1),
    ],
    silent: 0,
  },
  'what NAT leads back to the machine, to be rejected, or refused by routing for its options': {
    rules: BACK,
    packets: [
      udp(`${server}:53>${client}:1`),
      udp(`${server}:53>${client}:2`, { ipOptions: [131, 7, 4, 10, 9, 9, 8] }),
    ],
    silent: 0,
  },
  'what a helper refuses': { rules: SIP, packets: [udp(`${client}:5060>${server}:5060`, { data: invite })], silent: 1 },
} as const

describe.skipIf(!oracle.available)(
  `packets that no rule's target drops (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    const asked = Object.entries(CASES).flatMap(([name, one]) => [
      [`${name}; router`, one, { mode: 'router' }] as const,
      [`${name}; host`, one, { mode: 'host', local: [server] }] as const,
    ])
    it.each(asked)('%s', async (_, { rules, packets, silent }, where) => {
      if (!oracle.available) return
      const result = await runPackets(oracle, { ...where, packets, rules })
      expect(firstStory(result)).toBe('')
      expect(result.kernel.filter(({ isSilent }) => isSilent)).toHaveLength(silent)
    })

    it('a rule for a protocol, of a later fragment that is left behind a whole one, before another header', async () => {
      if (!oracle.available) return
      const rules6 = '*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp -j DROP\nCOMMIT\n'
      const nested = [fragmentHeader(0, false, 1), fragmentHeader(8, false, 2)]
      const packets = [
        udp('[fd00::1]:1>[fd00::9]:2', { extensions: nested }),
        udp('[fd00::1]:1>[fd00::9]:2', { extensions: [...nested, destinationOptions()] }),
      ]
      const result = await runPackets(oracle, { mode: 'router', packets, rules6 })
      expect(firstStory(result)).toBe('')
      expect(result.kernel.map(({ isSilent }) => isSilent)).toEqual([false, true])
    })
  },
)
