import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { icmp, tcp, udp } from '../support/packets.ts'
import { type CaptureFrame, pcap } from '../support/pcap.ts'
import { kernelOracle } from './kernel-oracle.ts'
import { type PairResult, runPair } from './pair.ts'
import { storyOf } from './story.ts'

/**
 * Rules that follow the clock (limit, hashlimit, recent with seconds, time), in real time: bursts of packets, sent when the
 * capture says that they were. Bursts lie far from where a bucket gains a token, as the kernel is never quite in time.
 */
const CORPUS = fileURLToPath(new URL('../../../shared/corpus/rulesets', import.meta.url))
const oracle = kernelOracle()
const noKernel = oracle.available ? '' : oracle.why
const noCorpus = noKernel || (existsSync(CORPUS) ? '' : 'no corpus at ../shared/corpus')

/** On a busy machine the kernel gets packets too late, and is asked again; a difference that is ours stays. */
const REAL_TIME = { retry: 5, timeout: 60_000 }

const CLOCKED = /-m (?:limit|hashlimit|recent|time)\b/
const BURSTS = [0, 0.62, 1.35, 2.72]
const GAP = 0.0004
const PORTS_MAX = 14

const RULESETS = [
  'anti-ddos-defender.iptables-save',
  'docker-topology-stateful.iptables-save',
  'egress-test-redirect-all.iptables-save',
  'home-user-218-rules.iptables-save',
  'medium-company-598-rules.iptables-save',
  'memphis-testbed.iptables-save',
  'openwrt-attitude-adjustment.iptables-save',
  'rhel-sysconfig-firewall.iptables-save',
  'sargon-gateway.iptables-save',
  'shorewall-akachan.iptables-save',
  'shorewall-spoofing-protection.iptables-save',
  'slackware-desktop.iptables-save',
  'small-server.iptables-save',
  'synology-nas-2015.iptables-save',
  'university-net-2013-2800-rules.iptables-save',
]

/** What the rules that follow the clock ask for, from addresses that they name and from others, in bursts. */
function bursts(rules: string): CaptureFrame[] {
  const clocked = rules.split('\n').filter((line) => CLOCKED.test(line))
  const numbers = (text: string): number[] => [...text.matchAll(/--dports? (\d+)/g)].map(([, port]) => Number(port))
  const ports = [...new Set([...clocked.flatMap(numbers), 22, 80, ...numbers(rules)])].slice(0, PORTS_MAX)
  const named = [...rules.matchAll(/-s (\d+\.\d+\.\d+)\.\d+/g)].map(([, network]) => `${network}.77`)
  const hosts = [...new Set(['192.0.2.1', '192.0.2.2', ...named])].slice(0, 4)
  const server = '198.51.100.2'
  return BURSTS.flatMap((start, burst) => {
    const packets = hosts.flatMap((host, index) =>
      ports.flatMap((port) => {
        const from = `${host}:${2000 + 500 * index + 100 * burst}`
        return [
          tcp(`${from}>${server}:${port}`, 'S', { seq: port }),
          tcp(`${host}:${4000 + (port % 1000)}>${server}:${port}`, 'R', { seq: burst }),
          udp(`${from}>${server}:${port}`),
          icmp(`${host}>${server}`, 8, 0, { id: 7, seq: burst }),
        ]
      }),
    )
    return packets.map((bytes, at) => ({ bytes, time: start + at * GAP }))
  })
}

async function inRealTime(rules: string, mode: 'router' | 'host', frames = bursts(rules)): Promise<PairResult> {
  if (!oracle.available) throw new Error(noKernel)
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-real-time-'))
  try {
    const capture = join(folder, 'bursts.pcap')
    const file = join(folder, 'rules.v4')
    writeFileSync(file, rules)
    writeFileSync(capture, pcap(frames, 101, Math.floor(Date.now() / 1000)))
    const host = mode === 'host' ? { local: ['198.51.100.2'] } : {}
    return await runPair(oracle, { capture, mode, rules: file, checksum: 'verify', realTime: true, ...host })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function firstDifference(result: PairResult): string {
  const [first] = result.comparison.differences
  return first === undefined ? '' : storyOf(result, first)
}

describe.skipIf(noCorpus !== '')(`public rulesets in real time (${noCorpus || 'found'})`, REAL_TIME, () => {
  it.for(RULESETS.flatMap((name) => [[name, 'router'] as const, [name, 'host'] as const]))(
    '%s as a %s',
    async ([name, mode]) => {
      const rules = readFileSync(join(CORPUS, name), 'latin1')
      const result = await inRealTime(rules, mode)
      expect(firstDifference(result)).toBe('')
      expect(result.comparison.equal).toBeGreaterThan(0)
    },
  )
})
