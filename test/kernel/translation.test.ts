import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { pcap } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { type Pair, runPair } from './pair.ts'
import { randomTraffic } from './random-traffic.ts'
import { storyOf } from './story.ts'

const oracle = kernelOracle()
const folder = mkdtempSync(join(tmpdir(), 'ctreplay-translation-'))
afterAll(() => rmSync(folder, { recursive: true }))

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
function table(name: string, chains: readonly string[], rules: readonly string[]): string {
  return [`*${name}`, ...chains.map((chain) => `:${chain} ACCEPT [0:0]`), ...rules, 'COMMIT', ''].join('\n')
}

const nat = (...rules: string[]) => table('nat', ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'], rules)
const raw = (...rules: string[]) => table('raw', ['PREROUTING', 'OUTPUT'], rules)

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
  'zones for one direction':
    raw(
      '-A PREROUTING -p tcp -j CT --zone-orig 5',
      '-A PREROUTING -p udp -j CT --zone-reply 6',
      '-A PREROUTING -j CT --zone 7',
    ) + FILTER,
  'zones and SNAT':
    raw('-A PREROUTING -s 10.0.0.1 -j CT --zone 5') + nat('-A POSTROUTING -j SNAT --to-source 198.51.100.1') + FILTER,
}

describe.skipIf(!oracle.available)(
  `translation and zones (${oracle.available ? 'the kernel is asked' : oracle.why})`,
  () => {
    it.each(Object.entries(RULESETS).map(([name, text], index) => [name, text, index] as const))(
      '%s',
      async (_, text, index) => {
        if (!oracle.available) return
        const capture = join(folder, `${index}.pcap`)
        const rules = join(folder, `${index}.v4`)
        writeFileSync(capture, pcap(randomTraffic(900 + index, 1200)))
        writeFileSync(rules, text)
        const pair: Pair = { capture, mode: 'router', checksum: 'verify', rules }
        const result = await runPair(oracle, pair)
        const [first] = result.comparison.differences
        expect(first === undefined ? '' : storyOf(result, first)).toBe('')
        expect(result.comparison.equal).toBeGreaterThan(500)
      },
    )
  },
)
