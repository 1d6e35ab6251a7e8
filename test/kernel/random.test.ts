import { describe, expect, it } from 'vitest'
import { kernelOracle } from './kernel-oracle.ts'
import { BUSY_KERNEL } from './pair.ts'
import { randomTraffic } from './random-traffic.ts'
import { runPackets } from './run-packets.ts'
import { firstStory } from './story.ts'

const oracle = kernelOracle()

/** Rules that drop and reject here and there, so that the tracker's entries come and go with the verdicts. */
const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -m conntrack --ctstate INVALID -j DROP
-A FORWARD -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -m tcp --dport 22 -j REJECT --reject-with tcp-reset
-A FORWARD -p udp -m length --length 1000:65535 -j DROP
-A FORWARD -p tcp -m tcp --sport 1001 --tcp-flags PSH PSH -j DROP
-A FORWARD -m conntrack --ctstate NEW -m tcp -p tcp ! --syn -j DROP
-A FORWARD -p icmp -m conntrack --ctstate RELATED -j ACCEPT
-A FORWARD -p icmp -j REJECT --reject-with icmp-admin-prohibited
COMMIT
`

describe.skipIf(!oracle.available)(
  `random traffic (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  BUSY_KERNEL,
  () => {
    it.each([
      ['router', 1, false],
      ['router', 2, true],
      ['router', 3, false],
      ['host', 4, true],
      ['host', 5, false],
      ['router', 6, true],
    ] as const)('%s, seed %i, rules %s', async (mode, seed, withRules) => {
      if (!oracle.available) return
      const rules = withRules ? RULES : undefined
      const result = await runPackets(oracle, { packets: randomTraffic(seed, 1500), mode, rules })
      expect(firstStory(result)).toBe('')
      expect(result.comparison.equal).toBeGreaterThan(1000)
    })
  },
)
