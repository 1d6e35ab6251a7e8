import { describe, expect, it } from 'vitest'
import { icmp, tcp, udp } from '../support/packets.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { nat, raw, table } from './nat-tables.ts'
import { BUSY_KERNEL, type Pair } from './pair.ts'
import { randomTraffic } from './random-traffic.ts'
import { runPackets } from './run-packets.ts'
import { firstStory, storyOf } from './story.ts'

const oracle = kernelOracle()

const FILTER = `*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -d 10.99.0.0/30 -j ACCEPT
-A FORWARD -m conntrack --ctstate DNAT -m tcp -p tcp --dport 8080 -j ACCEPT
-A FORWARD -m conntrack --ctstate SNAT -j ACCEPT
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -m conntrack --ctorigdst 10.9.9.9 -j ACCEPT
-A FORWARD -p icmp -j ACCEPT
COMMIT
`

/** Base chains of a table, all ACCEPT. */
const RULESETS: Readonly<Record<string, string>> = {
  'DNAT to one host, port moved':
    nat(
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.99.0.1:8080',
      '-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.2',
    ) + FILTER,
  'DNAT to a range of hosts and ports':
    nat(
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.99.0.0-10.99.0.200:8080-8090',
      '-A PREROUTING -p icmp -j DNAT --to-destination 10.99.0.0-10.99.0.3',
    ) + FILTER,
  'SNAT to one address': nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1') + FILTER,
  'SNAT to a range, persistent or not':
    nat(
      '-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1-198.51.100.77 --persistent',
      '-A POSTROUTING -p udp -j SNAT --to-source 198.51.100.1-198.51.100.77',
    ) + FILTER,
  'both at once':
    nat('-A PREROUTING -j DNAT --to-destination 10.99.0.1', '-A POSTROUTING -j SNAT --to-source 198.51.100.1') + FILTER,
  'NETMAP both ways':
    nat(
      '-A PREROUTING -d 10.9.0.0/16 -j NETMAP --to 10.99.0.0/16',
      '-A POSTROUTING -s 10.0.0.0/8 -j NETMAP --to 172.16.0.0/12',
    ) + FILTER,
  'a nat table that binds little':
    nat('-A PREROUTING -p udp -m udp --dport 1000:1002 -j DNAT --to-destination 10.99.0.1') + FILTER,
  'ports that run out':
    nat(
      '-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1:5000-5001',
      '-A POSTROUTING -p udp -j SNAT --to-source 198.51.100.1:5000',
      '-A POSTROUTING -p icmp -j SNAT --to-source 198.51.100.1:1-2',
      '-A POSTROUTING -j SNAT --to-source 198.51.100.1',
    ) + FILTER,
  'ports shifted':
    nat(
      '-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:60-70/1000',
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.99.0.1:8080-8085/80',
    ) + FILTER,
  'zones for one direction':
    raw(
      '-A PREROUTING -p tcp -j CT --zone-orig 5',
      '-A PREROUTING -p udp -j CT --zone-reply 6',
      '-A PREROUTING -j CT --zone 7',
    ) + FILTER,
  'zones and SNAT':
    raw('-A PREROUTING -s 10.0.0.1 -j CT --zone 5') + nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1') + FILTER,
}

/** Ports that the kernel takes at random show in no packet's verdict; the tables at the end differ in them. */
const RANDOM_PORTS: Readonly<Record<string, string>> = {
  'destinations that run into each other':
    nat(
      '-A PREROUTING -p tcp -j DNAT --to-destination 10.99.0.1:8080',
      '-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:60-61',
      '-A PREROUTING -j DNAT --to-destination 10.99.0.1',
      '-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1:5000-5007',
    ) + FILTER,
  'ports at random':
    nat(
      '-A PREROUTING -p udp -j DNAT --to-destination 10.99.0.1:60-70 --random',
      '-A POSTROUTING -p tcp -j SNAT --to-source 198.51.100.1 --random',
      '-A POSTROUTING -j SNAT --to-source 198.51.100.1 --random-fully',
    ) + FILTER,
}

describe.skipIf(!oracle.available)(
  `translation and zones (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each(Object.entries(RULESETS).map(([name, text], index) => [name, text, index] as const))(
      '%s',
      async (_, rules, index) => {
        if (!oracle.available) return
        const packets = randomTraffic(900 + index, 1200)
        const result = await runPackets(oracle, { packets, mode: 'router', rules })
        expect(firstStory(result)).toBe('')
        expect(result.comparison.equal).toBeGreaterThan(500)
      },
    )

    it.each(Object.entries(RANDOM_PORTS))('%s', async (_, rules) => {
      if (!oracle.available) return
      const result = await runPackets(oracle, { packets: randomTraffic(950, 1200), mode: 'router', rules })
      const [first] = result.comparison.differences
      expect(first === undefined ? '' : storyOf(result, first)).toBe('')
      expect(result.comparison.equal).toBeGreaterThan(500)
    })
  },
)

/** Masters that are translated, and what they announce; the packets of the other side as they come back from outside. */
const FOLLOWING: Readonly<Record<string, { rules: string; packets: readonly Uint8Array[] }>> = {
  'TFTP behind SNAT': {
    rules:
      raw('-A PREROUTING -p udp -m udp --dport 69 -j CT --helper tftp') +
      nat('-A POSTROUTING -s 192.168.0.0/24 -j SNAT --to-source 198.51.100.1'),
    packets: [
      udp('192.168.0.2:1111>203.0.113.9:69', { data: '\0\x01file\0octet\0' }),
      udp('203.0.113.9:5000>198.51.100.1:1111', { data: '\0\x03\0\x01data' }),
      udp('192.168.0.2:1111>203.0.113.9:5000', { data: '\0\x04\0\x01' }),
      udp('203.0.113.9:5000>198.51.100.1:1111', { data: '\0\x03\0\x02data' }),
    ],
  },
  'active FTP behind SNAT': {
    rules:
      raw('-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp') +
      nat('-A POSTROUTING -s 192.168.0.0/24 -j SNAT --to-source 198.51.100.1'),
    packets: [
      tcp('192.168.0.2:1111>203.0.113.9:21', 'S', { seq: 100 }),
      tcp('203.0.113.9:21>198.51.100.1:1111', 'SA', { seq: 500, ack: 101 }),
      tcp('192.168.0.2:1111>203.0.113.9:21', 'A', { seq: 101, ack: 501 }),
      tcp('203.0.113.9:21>198.51.100.1:1111', 'PA', { seq: 501, ack: 101, data: '220 ready\r\n' }),
      tcp('192.168.0.2:1111>203.0.113.9:21', 'PA', { seq: 101, ack: 512, data: 'USER me\r\n' }),
      tcp('203.0.113.9:21>198.51.100.1:1111', 'PA', { seq: 512, ack: 110, data: '230 in\r\n' }),
      tcp('192.168.0.2:1111>203.0.113.9:21', 'PA', { seq: 110, ack: 520, data: 'PORT 192,168,0,2,4,210\r\n' }),
      tcp('203.0.113.9:20>198.51.100.1:1234', 'S', { seq: 9000 }),
      tcp('192.168.0.2:1234>203.0.113.9:20', 'SA', { seq: 7000, ack: 9001 }),
      tcp('203.0.113.9:20>198.51.100.1:1234', 'A', { seq: 9001, ack: 7001 }),
    ],
  },
  'passive FTP behind DNAT': {
    rules:
      raw('-A PREROUTING -p tcp -m tcp --dport 21 -j CT --helper ftp') +
      nat('-A PREROUTING -p tcp -m tcp --dport 21 -j DNAT --to-destination 10.99.0.1'),
    packets: [
      tcp('203.0.113.9:1111>198.51.100.1:21', 'S', { seq: 100 }),
      tcp('10.99.0.1:21>203.0.113.9:1111', 'SA', { seq: 500, ack: 101 }),
      tcp('203.0.113.9:1111>198.51.100.1:21', 'A', { seq: 101, ack: 501 }),
      tcp('10.99.0.1:21>203.0.113.9:1111', 'PA', { seq: 501, ack: 101, data: '220 ready\r\n' }),
      tcp('203.0.113.9:1111>198.51.100.1:21', 'PA', { seq: 101, ack: 512, data: 'PASV\r\n' }),
      tcp('10.99.0.1:21>203.0.113.9:1111', 'PA', { seq: 512, ack: 107, data: '227 Entering (10,99,0,1,4,210)\r\n' }),
      tcp('203.0.113.9:2222>198.51.100.1:1234', 'S', { seq: 9000 }),
      tcp('10.99.0.1:1234>203.0.113.9:2222', 'SA', { seq: 7000, ack: 9001 }),
      tcp('203.0.113.9:2222>198.51.100.1:1234', 'A', { seq: 9001, ack: 7001 }),
    ],
  },
}

describe.skipIf(!oracle.available)(
  `connections announced by translated ones (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each(Object.entries(FOLLOWING))('%s', async (_, { rules, packets }) => {
      if (!oracle.available) return
      const result = await runPackets(oracle, { packets, mode: 'router', rules })
      expect(firstStory(result)).toBe('')
      expect(result.kernel.map(({ label }) => label)).toContain('RELATED')
    })
  },
)

const QUESTION = udp('10.9.9.9:4000>10.0.0.1:53')
const refusals = (options: { checksum?: 'bad' }) => icmp('10.0.0.1>10.9.9.9', 3, 3, { data: QUESTION, ...options })

const MOVED_AT_INPUT =
  nat('-A INPUT -s 10.9.9.9 -j SNAT --to-source 192.0.2.1') +
  table(
    'filter',
    ['INPUT', 'FORWARD', 'OUTPUT'],
    ['-A OUTPUT -m conntrack --ctstate SNAT -j DROP', '-A OUTPUT -p tcp --sport 80 -j ACCEPT'],
  )

/** Found by fuzzing of firewalls. */
const FOUND: Readonly<
  Record<string, Omit<Pair, 'capture' | 'rules' | 'checksum'> & { rules: string; packets: readonly Uint8Array[] }>
> = {
  'an ICMP error with a bad checksum that a host sends': {
    mode: 'host',
    local: ['10.0.0.1'],
    rules: nat('-A POSTROUTING -p tcp -j SNAT --to-source 10.7.7.7'),
    packets: [QUESTION, refusals({}), refusals({ checksum: 'bad' })],
  },
  'SNAT in INPUT, then the host opens the other direction': {
    mode: 'host',
    local: ['10.0.0.1'],
    rules: MOVED_AT_INPUT.replace(/^.*SNAT -j DROP\n/m, ''),
    packets: [
      tcp('10.9.9.9:1000>10.0.0.1:80', 'S', { seq: 100 }),
      tcp('10.0.0.1:80>10.9.9.9:1000', 'S', { seq: 300 }),
      tcp('10.9.9.9:1000>10.0.0.1:80', 'SA', { seq: 100, ack: 301 }),
      tcp('10.0.0.1:80>10.9.9.9:1000', 'A', { seq: 301, ack: 101 }),
      tcp('10.9.9.9:1000>10.0.0.1:80', 'A', { seq: 101, ack: 302 }),
      udp('10.9.9.9:1000>10.0.0.1:53'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
      udp('10.9.9.9:1000>10.0.0.1:53'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
      icmp('10.9.9.9>10.0.0.1', 8, 0, { id: 7 }),
      icmp('10.0.0.1>10.9.9.9', 8, 0, { id: 7 }),
      icmp('10.9.9.9>10.0.0.1', 0, 0, { id: 7 }),
      icmp('10.0.0.1>10.9.9.9', 0, 0, { id: 7 }),
    ],
  },
  'SNAT in INPUT, then the host opens the other direction, with a rule for what NAT moved': {
    mode: 'host',
    local: ['10.0.0.1'],
    rules: MOVED_AT_INPUT,
    packets: [
      tcp('10.9.9.9:1000>10.0.0.1:80', 'S', { seq: 100 }),
      tcp('10.0.0.1:80>10.9.9.9:1000', 'S', { seq: 300 }),
      tcp('10.0.0.1:80>10.9.9.9:1000', 'S', { seq: 300 }),
      udp('10.9.9.9:1000>10.0.0.1:53'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
    ],
  },
  'a zone for one direction: a port that only another direction has is free, and the newest connection answers': {
    mode: 'host',
    local: ['10.0.0.1'],
    rules: raw('-A OUTPUT -j CT --zone-orig 2') + nat('-A INPUT -s 10.9.9.9 -j SNAT --to-source 192.0.2.1'),
    packets: [
      tcp('10.9.9.9:1000>10.0.0.1:80', 'S', { seq: 100 }),
      tcp('10.0.0.1:80>10.9.9.9:1000', 'A', { seq: 300, ack: 101 }),
      tcp('10.9.9.9:1000>10.0.0.1:80', 'A', { seq: 101, ack: 300 }),
      udp('10.9.9.9:1000>10.0.0.1:53'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
      udp('10.9.9.9:1000>10.0.0.1:53'),
    ],
  },
  'a zone for answers: one that opens the other direction is refused, where it is UDP': {
    mode: 'host',
    local: ['10.0.0.1'],
    rules: raw('-A PREROUTING -j CT --zone-reply 3') + nat('-A POSTROUTING -p sctp -j SNAT --to-source 192.0.2.1'),
    packets: [
      udp('10.9.9.9:1000>10.0.0.1:53'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
      icmp('10.9.9.9>10.0.0.1', 8, 0, { id: 7 }),
      icmp('10.0.0.1>10.9.9.9', 8, 0, { id: 7 }),
      tcp('10.9.9.9:1000>10.0.0.1:80', 'S', { seq: 100 }),
      tcp('10.0.0.1:80>10.9.9.9:1000', 'S', { seq: 300 }),
    ],
  },
  'a zone for answers: an error is about the newest connection that has the tuple': {
    mode: 'router',
    rules: raw('-A PREROUTING -s 10.0.0.0/24 -j CT --zone-reply 3') + nat('-A POSTROUTING -j ACCEPT'),
    packets: [
      udp('10.9.9.9:1000>10.0.0.1:53'),
      udp('10.0.0.1:53>10.9.9.9:1000'),
      icmp('10.9.9.9>10.9.9.9', 3, 0, { data: udp('10.9.9.9:1000>10.0.0.1:53') }),
      icmp('10.0.0.1>10.0.0.1', 3, 0, { data: udp('10.0.0.1:53>10.9.9.9:1000') }),
      udp('10.0.0.1:53>10.9.9.9:1000'),
    ],
  },
  'a zone for answers: an error about a connection whose directions look the same': {
    mode: 'router',
    rules:
      raw('-A PREROUTING -p icmp -j CT --zone-reply 3') + nat('-A POSTROUTING -p sctp -j SNAT --to-source 192.0.2.1'),
    packets: [
      tcp('10.9.9.9:1000>10.9.9.9:1000', 'S', { seq: 100 }),
      icmp('10.9.9.9>10.9.9.9', 3, 0, { data: tcp('10.9.9.9:1000>10.9.9.9:1000', 'S', { seq: 100 }) }),
    ],
  },
  'an ICMP error with a bad checksum that a router passes on, nf_conntrack_checksum being 0': {
    mode: 'router',
    sysctls: { nf_conntrack_checksum: '0' },
    rules: nat('-A POSTROUTING -p tcp -j SNAT --to-source 10.7.7.7'),
    packets: [QUESTION, refusals({}), refusals({ checksum: 'bad' })],
  },
}

describe.skipIf(!oracle.available)(
  `translation, found by fuzzing (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each(Object.entries(FOUND))('%s', BUSY_KERNEL, async (_, asked) => {
      if (!oracle.available) return
      const result = await runPackets(oracle, asked)
      expect(firstStory(result)).toBe('')
    })
  },
)
