import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openCapture } from '../../src/capture/open-capture.ts'
import { replay } from '../../src/netfilter/replay.ts'
import { countedRuleset } from '../../src/report/counted-ruleset.ts'
import { parseRuleset } from '../../src/ruleset/index.ts'
import { onPath } from '../support/compiled.ts'
import { fileWriter, temporaryFolder } from '../support/files.ts'

/**
 * Rules about Ethernet addresses, which the oracle's device does not have: real packets between two network namespaces
 * and over lo, captured by tcpdump, and what the kernel's rules have counted of them.
 */

const missing = ['tcpdump', 'iptables-legacy-restore', 'ip', 'unshare', 'bash'].filter((tool) => !onPath(tool))
const why =
  process.getuid?.() !== 0 ? 'skipped: not root' : missing.length > 0 ? `skipped: no ${missing.join(', ')}` : ''

const RULES = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m mac --mac-source 02:00:00:00:00:0a
-A INPUT -m mac ! --mac-source 02:00:00:00:00:0a
-A INPUT -m mac --mac-source 02:00:00:00:00:0b
-A INPUT -m mac ! --mac-source 02:00:00:00:00:0b
-A INPUT -m mac --mac-source 00:00:00:00:00:00 -j DROP
-A INPUT -i lo
COMMIT
`

/** Two datagrams of the peer and one over lo, to a port that nobody listens on. */
const SCRIPT = `set -e
unshare -n sleep 30 & peer=$!
trap 'kill $peer $capture 2> /dev/null || true' EXIT
while [ "$(readlink /proc/$peer/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
at_peer() { nsenter -t $peer -n "$@"; }
ip link add here type veth peer name there netns $peer
at_peer ip link set there address 02:00:00:00:00:0a up
at_peer ip addr add 192.0.2.2/24 dev there
ip addr add 192.0.2.1/24 dev here
ip link set here up
ip link set lo up
iptables-legacy-restore "$1"
: > "$3.said"
tcpdump -y "$2" -U --immediate-mode -i any -w "$3" ip 2> "$3.said" & capture=$!
until grep -q listening "$3.said"; do kill -0 $capture; sleep 0.01; done
for size in 3 5; do at_peer bash -c "head -c $size /dev/zero > /dev/udp/192.0.2.1/7"; done
bash -c 'echo > /dev/udp/127.0.0.1/7'
sleep 0.2
kill -INT $capture
wait $capture
iptables-legacy-save -c
`

describe.skipIf(why !== '')(`rules about Ethernet addresses (${why || 'the kernel is asked'})`, () => {
  const folder = temporaryFolder()
  const rules = fileWriter(folder)('rules.v4', RULES)

  it.each(['LINUX_SLL', 'LINUX_SLL2'])('count what the kernel counts, in a capture of link type %s', async (type) => {
    const capture = join(folder, `${type}.pcap`)
    const kernel = spawnSync('unshare', ['-n', 'bash', '-c', SCRIPT, 'bash', rules, type, capture], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(kernel.stderr).toBe('')
    const parsed = parseRuleset(readFileSync(rules, 'utf8'), 'rules.v4', 'ipv4')
    const { ruleset4 } = await replay(
      await openCapture([capture]),
      {
        mode: 'host',
        local: ['192.0.2.1'],
        interfaces: [],
        rules: parsed,
        sysctls: new Map(),
        checksum: 'auto',
        assume: new Map(),
      },
      [],
    )
    const ours = ruleset4 === null ? '' : countedRuleset(parsed, ruleset4)
    expect(linesOf(ours)).toEqual(linesOf(kernel.stdout))
    expect(ours).toContain('[2:64] -A INPUT -m mac --mac-source 02:00:00:00:00:0a')
  })
})

function linesOf(saved: string): string[] {
  return saved.split('\n').filter((line) => !line.startsWith('#'))
}
