import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseTimeoutPolicies } from '../../src/ruleset/index.ts'
import { Replaying, table } from '../netfilter/replaying.ts'
import { datagram, icmp, icmpv6, sctp, tcp, udp, udpLite } from '../support/packets.ts'
import { pcap } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'

const oracle = kernelOracle()
const hasNfct = (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'nfct')))
const missing = !oracle.available ? oracle.why : hasNfct ? null : 'no nfct on PATH'

/** Seconds from the first to the later packets: longer than each policy, shorter than all defaults. */
const GAP = 2.5
const POLICIES = `add timeout sent inet tcp syn_sent 1
add timeout received inet tcp syn_recv 1
add timeout open inet tcp established 1
add timeout unacked inet tcp unacknowledged 1
add timeout closed inet tcp close 1
add timeout waits inet tcp fin_wait 1
add timeout crossed inet tcp syn_sent2 1
add timeout question inet udp unreplied 1
add timeout stream inet udp replied 1
add timeout lite inet udplite unreplied 1
add timeout litestream inet udplite replied 1
add timeout ping inet icmp timeout 1
add timeout ping6 inet6 icmpv6 timeout 1
add timeout tunnel inet gre unreplied 1
add timeout association inet sctp heartbeat_sent 1 closed 1
add timeout other inet generic timeout 1
add timeout question6 inet6 udp unreplied 1
`
const INIT = [1, 0, 0, 20, 0, 0, 0, 9, 0, 0, 16, 0, 0, 1, 0, 1, 0, 0, 0, 1]
const SYN = { seq: 100 }
const SYN_ACK = { seq: 500, ack: 101 }
const ACK = { seq: 101, ack: 501 }
const DATA = { ...ACK, data: 'x' }

interface Case {
  readonly rule: string
  readonly at: readonly Uint8Array[]
  readonly later: readonly Uint8Array[]
  /** After as long again. */
  readonly last?: readonly Uint8Array[]
  readonly ipv6?: boolean
}

let host = 1
/** Each case has a client of its own. */
function flow(rule: string, make: (there: string, back: string) => Pick<Case, 'at' | 'later' | 'last'>): Case {
  const [client, server] = [`10.0.0.${host++}`, '10.9.9.9']
  const there = `${client}:1000>${server}:2000`
  const back = `${server}:2000>${client}:1000`
  return { rule: `-s ${client} ${rule}`, ...make(there, back) }
}
const handshake = (there: string, back: string) => [
  tcp(there, 'S', SYN),
  tcp(back, 'SA', SYN_ACK),
  tcp(there, 'A', ACK),
]
const CASES: readonly Case[] = [
  flow('-p tcp -j CT --timeout sent', (to, back) => ({ at: [tcp(to, 'S', SYN)], later: [tcp(back, 'SA', SYN_ACK)] })),
  flow('-p tcp -j CT --timeout received', (to, back) => ({
    at: [tcp(to, 'S', SYN), tcp(back, 'SA', SYN_ACK)],
    later: [tcp(back, 'SA', SYN_ACK)],
  })),
  flow('-p tcp -j CT --timeout open', (to, back) => ({ at: handshake(to, back), later: [tcp(back, 'FA', SYN_ACK)] })),
  flow('-p tcp -j CT --timeout closed', (to, back) => ({ at: handshake(to, back), later: [tcp(to, 'PA', DATA)] })),
  flow('-p tcp -j CT --timeout unacked', (to, back) => ({
    at: [...handshake(to, back), tcp(to, 'PA', DATA)],
    later: [tcp(back, 'FA', { seq: 501, ack: 102 })],
  })),
  flow('-p tcp -j CT --timeout closed', (to, back) => ({
    at: [...handshake(to, back), tcp(to, 'RA', ACK)],
    later: [tcp(back, 'FA', { seq: 501, ack: 101 })],
  })),
  flow('-p tcp -j CT --timeout waits', (to, back) => ({
    at: [...handshake(to, back), tcp(to, 'FA', ACK)],
    later: [tcp(back, 'FA', { seq: 501, ack: 102 })],
  })),
  flow('-p tcp -j CT --timeout crossed', (to, back) => ({
    at: [tcp(to, 'S', SYN), tcp(back, 'S', { seq: 500 }), tcp(to, 'S', SYN)],
    later: [tcp(back, 'SA', SYN_ACK)],
  })),
  flow('-p udp -j CT --timeout question', (to, back) => ({ at: [udp(to)], later: [udp(back)] })),
  flow('-p udp -j CT --timeout stream', (to, back) => ({
    at: [udp(to), udp(back)],
    later: [udp(back)],
    last: [udp(to)],
  })),
  flow('-p udplite -j CT --timeout lite', (to, back) => ({ at: [udpLite(to)], later: [udpLite(back)] })),
  flow('-p udplite -j CT --timeout litestream', (to, back) => ({
    at: [udpLite(to), udpLite(back), udpLite(to)],
    later: [udpLite(back)],
  })),
  flow('-p icmp -j CT --timeout ping', (to, back) => ({
    at: [icmp(to, 8, 0, { id: 7 })],
    later: [icmp(back, 0, 0, { id: 7 })],
  })),
  flow('-p gre -j CT --timeout tunnel', (to, back) => ({
    at: [datagram(to, 47, [0, 0, 8, 0, 1, 2, 3, 4])],
    later: [datagram(back, 47, [0, 0, 8, 0, 1, 2, 3, 4])],
  })),
  flow('-p sctp -j CT --timeout association', (to, back) => ({
    at: [sctp(to, [Uint8Array.from(INIT)])],
    later: [sctp(back, [Uint8Array.from(INIT.with(0, 2))], { tag: 9 })],
  })),
  flow('-p 99 -j CT --timeout other', (to, back) => ({
    at: [datagram(to, 99, [1])],
    later: [datagram(back, 99, [1])],
  })),
  flow('-p udp -j ACCEPT', (to, back) => ({ at: [udp(to)], later: [udp(back)] })),
  {
    rule: '-p udp -j CT --timeout question6',
    ipv6: true,
    at: [udp('[2001:db8::1]:1000>[2001:db8:9::9]:53')],
    later: [udp('[2001:db8:9::9]:53>[2001:db8::1]:1000')],
  },
  {
    rule: '-p icmpv6 -j CT --timeout ping6',
    ipv6: true,
    at: [icmpv6('2001:db8::1>2001:db8:9::9', 128, 0, { id: 7 })],
    later: [icmpv6('2001:db8:9::9>2001:db8::1', 129, 0, { id: 7 })],
  },
]
const rulesOf = (ipv6: boolean) =>
  table('raw', ...CASES.filter((one) => (one.ipv6 ?? false) === ipv6).map(({ rule }) => `-A PREROUTING ${rule}`))
const FRAMES = [
  ...CASES.flatMap(({ at }) => at.map((bytes) => ({ bytes, time: 0 }))),
  ...CASES.flatMap(({ later }) => later.map((bytes) => ({ bytes, time: GAP }))),
  ...CASES.flatMap(({ last = [] }) => last.map((bytes) => ({ bytes, time: 2 * GAP }))),
]

function ours(policies: string): string[] {
  const router = new Replaying({
    rules: rulesOf(false),
    rules6: rulesOf(true),
    // The kernel takes every sum of UDP-Lite for wrong.
    checksum: 'ignore',
    ...(policies !== '' && { timeoutPolicies: parseTimeoutPolicies(policies, 'policies') }),
  })
  return FRAMES.map(({ bytes, time }) => router.say(bytes, { time }).split(' ')[0])
}

describe('timeouts by policy', () => {
  it('end connections that otherwise would live on', () => {
    const [by, without] = [ours(POLICIES), ours('')]
    const lastOf = CASES.map(({ later, last = [] }) =>
      FRAMES.findLastIndex(({ bytes }) => bytes === [...later, ...last].at(-1)),
    )
    const unaffected = CASES.filter((_, i) => by[lastOf[i]] === without[lastOf[i]])
    // One that was never closed, and one without a policy.
    expect(unaffected.map(({ rule }) => rule.replace(/^-s \S+ /, ''))).toEqual([
      '-p tcp -j CT --timeout closed',
      '-p udp -j ACCEPT',
    ])
  })

  it.skipIf(missing !== null)(
    `are those of the kernel (${missing ?? 'it is asked'})`,
    { retry: 3, timeout: 60_000 },
    async () => {
      if (!oracle.available) return
      const folder = mkdtempSync(join(tmpdir(), 'ctreplay-timeouts-'))
      try {
        const file = (name: string, text: string | Buffer) => {
          writeFileSync(join(folder, name), text)
          return join(folder, name)
        }
        const capture = file('packets.pcap', pcap(FRAMES))
        const add = POLICIES.trim().replaceAll(/^/gm, 'nfct ').replaceAll('\n', ' && ').replace(' heartbeat_sent 1', '')
        const options = ['--rules', file('v4', rulesOf(false)), '--rules6', file('v6', rulesOf(true)), '--pre', add]
        options.push('--sysctl', 'nf_conntrack_checksum=0')
        const lines = await oracle.run(capture, [...options, '--realtime-gaps', String(GAP)])
        const labels = lines.map(({ state, dir }) => `${state}${dir === 'reply' ? '/reply' : ''}`)
        expect(labels).toEqual(ours(POLICIES.replace(' heartbeat_sent 1', '')))
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
  )
})
