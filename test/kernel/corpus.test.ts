import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { kernelOracle } from './kernel-oracle.ts'
import { NotComparable } from './not-comparable.ts'
import { BUSY_KERNEL, type Pair, runPair } from './pair.ts'
import { firstStory } from './story.ts'

/** Public captures and rulesets, where this machine has them beside the project. */
const CORPUS = fileURLToPath(new URL('../../../shared/corpus', import.meta.url))
const oracle = kernelOracle()
const missing = oracle.available ? (existsSync(CORPUS) ? null : 'no corpus at ../shared/corpus') : oracle.why

/** Captures that are quick to replay and unlike each other; each is paired with the rulesets in turn. */
const CAPTURES = [
  'dccp-connection.pcap',
  'dns-fragmented-udp-replies.pcap',
  'ftp-control-and-data.pcap',
  'fuzzed-mixed-sip-big-endian.pcap',
  'gre-various-payloads.pcap',
  'icmp-one-of-each-type.pcapng',
  'icmp-traceroute-mpls-over-ppp.pcap',
  'ipsec-ah-and-ping.pcapng',
  'ipv6-extension-headers-mix.pcapng',
  'ipv6-fragments.pcap',
  'malformed-ipv4-total-length.pcap',
  'malformed-tcp-header-length.pcap',
  'p2p-gnutella-many-udp-tcp-flows.pcap',
  'pcapng-snaplen-truncated.pcapng',
  'pppoe-http-session.pcap',
  'rtsp-rtp-linux-cooked.pcapng',
  'sctp-forces-linux-cooked.pcap',
  'tcp-midstream-one-packet-per-flow.pcap',
  'tcp-nmap-syn-scan-1000-ports.pcap',
  'tcp-scan-odd-flag-combinations.pcap',
  'tcp-second-synack-different-seq.pcapng',
  'tcp-udp-p2p-rst-storm.pcap',
  'tcp-web-browsing-rst-teardown.pcap',
  'udp-stun-turn-with-port-unreachable.pcapng',
  'vlan-double-tagged.pcap',
]

const RULESETS = [
  'memphis-testbed.iptables-save',
  'small-server.iptables-save',
  'slackware-desktop.iptables-save',
  'sargon-gateway.iptables-save',
  'home-user-218-rules.iptables-save',
  'openwrt-attitude-adjustment.iptables-save',
  'shorewall-akachan.iptables-save',
  'ringofsaturn-dmz.iptables-save',
]

/** Captures in which helpers find something to read. */
const HELPED = [
  'ftp-control-and-data.pcap',
  'fuzzed-mixed-sip-big-endian.pcap',
  'h323-call-signalling.pcap',
  'pptp-control-big-endian-pcap.pcap',
  'sip-register-invite-rtp.pcap',
  'tftp-transfer-new-server-port.pcapng',
]

const WITH_HELPERS: Pair[] = HELPED.flatMap((name) =>
  (['router', 'host'] as const).map((mode) => {
    return { capture: join(CORPUS, 'captures', name), mode, checksum: 'ignore', helper: 'auto' } satisfies Pair
  }),
)

const PAIRS: Pair[] = CAPTURES.flatMap((name, index) => {
  const capture = join(CORPUS, 'captures', name)
  const rules = join(CORPUS, 'rulesets', RULESETS[index % RULESETS.length])
  return [
    { capture, mode: 'router', checksum: 'verify' },
    { capture, mode: index % 2 === 0 ? 'router' : 'host', checksum: 'ignore', rules },
  ] satisfies Pair[]
})

describe.skipIf(missing !== null)(`public captures and rulesets (${missing ?? 'found'})`, BUSY_KERNEL, () => {
  it.for([...PAIRS, ...WITH_HELPERS].map((pair) => [nameOf(pair), pair] as const))('%s', async ([, pair], { skip }) => {
    if (!oracle.available) return
    const result = await runPair(oracle, pair).catch((error) => {
      if (error instanceof NotComparable) skip(error.message)
      throw error
    })
    expect(firstStory(result)).toBe('')
  })
})

function nameOf(pair: Pair): string {
  const name = (file: string | undefined) => file?.slice(file.lastIndexOf('/') + 1)
  return `${name(pair.capture)} ${pair.mode} ${pair.checksum} ${name(pair.rules) ?? 'without rules'}${pair.helper === 'auto' ? ' helpers' : ''}`
}
