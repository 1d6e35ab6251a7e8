import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { fileWriter, temporaryFolder } from '../support/files.ts'
import { icmp, tcp, udp } from '../support/packets.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { type Pair, type PairResult, runPair } from './pair.ts'
import { runPackets } from './run-packets.ts'
import { firstStory } from './story.ts'

/**
 * What rules and policies of all tables have counted after the last packet, held against `iptables-legacy-save -c`. In real
 * time, for rates; captures are over long before a rate below gains anything.
 */
const oracle = kernelOracle()
const REAL_TIME = { retry: 5, timeout: 60_000 }

const RAW = `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -p icmp -j NOTRACK
-A PREROUTING -p tcp -m tcp --dport 80 -j CT --zone 1
-A PREROUTING -p tcp -m tcp --sport 80 -j CT --zone 1
COMMIT
`
const MANGLE = `*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:MARKS - [0:0]
-A PREROUTING -j MARKS
-A PREROUTING -m mark --mark 0x1 -j CONNMARK --save-mark
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1000
-A OUTPUT -m length --length 100:65535
-A POSTROUTING -m connmark --mark 0x1 -j TTL --ttl-dec 1
-A MARKS -m conntrack --ctstate NEW -j MARK --set-xmark 0x1/0xffffffff
-A MARKS -m conntrack --ctstate NEW -j RETURN
-A MARKS -j CONNMARK --restore-mark
COMMIT
`
const NAT = `*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:BOUND - [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 203.0.113.80:80
-A POSTROUTING -p tcp -j BOUND
-A POSTROUTING -j MASQUERADE
-A BOUND -p tcp -m tcp --dport 22 -j RETURN
-A BOUND -p tcp -j MASQUERADE
COMMIT
`
/** The filter's rules, for each way the same. */
const FILTER = ['INPUT', 'FORWARD', 'OUTPUT']
  .map((chain) =>
    [
      `-A ${chain} -m conntrack --ctstate ESTABLISHED,RELATED -j KNOWN`,
      `-A ${chain} -m conntrack --ctstate INVALID -m limit --limit 1/hour --limit-burst 2`,
      `-A ${chain} -p tcp -m tcp --dport 80 -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip,dstport --hashlimit-name ${chain} -j ACCEPT`,
      `-A ${chain} -p icmp -m limit --limit 1/hour --limit-burst 1 -j ACCEPT`,
      `-A ${chain} -p tcp -g LAST`,
      `-A ${chain} -m conntrack --ctstate NEW,UNTRACKED`,
      `-A ${chain} -p udp -j ACCEPT`,
    ].join('\n'),
  )
  .join('\n')
const RULES = `${RAW}${MANGLE}${NAT}*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:KNOWN - [0:0]
:LAST - [0:0]
${FILTER}
-A KNOWN -m length --length 0:99 -j RETURN
-A KNOWN -p tcp -m tcp --tcp-flags FIN FIN -j RETURN
-A KNOWN -j ACCEPT
-A LAST -p tcp -m tcp --dport 22 -j ACCEPT
-A LAST -p tcp -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A LAST -p tcp -m tcp --dport 8080 -j REJECT --reject-with tcp-reset
COMMIT
`

const RULES6 = `*mangle
:PREROUTING ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1220
-A POSTROUTING -m hl --hl-gt 62 -j HL --hl-dec 2
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j REDIRECT --to-ports 3128
-A POSTROUTING -p tcp -j MASQUERADE
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:ONCE - [0:0]
-A FORWARD -p tcp -m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 3 --hashlimit-mode srcip --hashlimit-name six -g ONCE
-A FORWARD -m conntrack --ctstate ESTABLISHED -m limit --limit 1/hour --limit-burst 4 -j ACCEPT
-A FORWARD -m conntrack --ctstate ESTABLISHED -j REJECT
-A ONCE -m conntrack --ctstate INVALID -j RETURN
-A ONCE -j ACCEPT
COMMIT
`

/** A length of its own for each: bytes are told apart, not only packets. */
const CHANGED_IN_LENGTH = [
  tcp('192.0.2.10:1>198.51.100.80:80', 'S', { seq: 1 }),
  ...[300, 600, 900].map((data) => udp('192.0.2.10:2>198.51.100.80:53', { data })),
  udp('198.51.100.80:53>192.0.2.10:2', { data: 77 }),
  icmp('192.0.2.10>198.51.100.80', 8, 0, { id: 1, seq: 1 }),
  icmp('192.0.2.10>198.51.100.80', 8, 0, { id: 1, seq: 2 }),
  tcp('192.0.2.10:3>198.51.100.80:8080', 'S', { seq: 1 }),
]

const folder = temporaryFolder()

const sample = (name: string): string => fileURLToPath(new URL(`../../pcaps/${name}`, import.meta.url))
const written = fileWriter(folder)

describe.skipIf(!oracle.available)(
  `what rules have counted (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  REAL_TIME,
  () => {
    /** Nothing differs, and at least this many rules and policies were met at all. */
    const expectEqual = (result: PairResult, met: number): void => {
      expect(firstStory(result)).toBe('')
      const { unfair, compared, zero } = result.counters
      expect(unfair).toBe(null)
      expect(compared - zero).toBeGreaterThanOrEqual(met)
    }
    const ask = async (pair: Omit<Pair, 'checksum' | 'realTime'>): Promise<PairResult> => {
      if (!oracle.available) throw new Error(oracle.why)
      return await runPair(oracle, { ...pair, checksum: 'verify', realTime: true })
    }

    it.each([
      ['router', 'web-server.pcap', 25],
      ['host', 'web-server.pcap', 25],
      ['router', 'ssh-workstation.pcap', 18],
      ['host', 'ssh-workstation.pcap', 18],
    ] as const)('as a %s, %s', async (mode, name, met) => {
      const own = name === 'web-server.pcap' ? '198.51.100.80' : '192.0.2.10'
      const local = mode === 'host' ? { local: [own] } : {}
      expectEqual(await ask({ capture: sample(name), mode, rules: written(`${mode}.v4`, RULES), ...local }), met)
    })

    it('IPv6', async () => {
      const rules6 = written('rules.v6', RULES6)
      expectEqual(await ask({ capture: sample('web-ipv6.pcap'), mode: 'router', rules6 }), 12)
    })

    it('packets that rules make longer, refuse, or that are over a rate', async () => {
      if (!oracle.available) return
      const packets = CHANGED_IN_LENGTH
      expectEqual(await runPackets(oracle, { packets, mode: 'router', rules: RULES, realTime: true }), 22)
    })
  },
)
