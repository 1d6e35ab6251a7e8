import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCapture } from '../../../src/capture/open-capture.ts'
import { ANY_PORT, type PendingExpectation } from '../../../src/conntrack/expectations.ts'
import { USUAL_HELPER_PORTS } from '../../../src/conntrack/helpers/registry.ts'
import { sysctlsWith } from '../../../src/conntrack/sysctls.ts'
import { ChecksumPolicy } from '../../../src/netfilter/checksum-policy.ts'
import { Machine } from '../../../src/netfilter/machine.ts'
import { Outcome } from '../../../src/netfilter/outcome.ts'
import { Topology } from '../../../src/netfilter/topology.ts'
import { decodeBatch } from '../../../src/pipeline/decode-batch.ts'
import { PacketBatch } from '../../../src/pipeline/packet-batch.ts'
import { compileRuleset, parseRuleset } from '../../../src/ruleset/index.ts'
import { addressText } from '../../../src/wire/address.ts'
import { answerOfOutcome } from '../../kernel/ctreplay.ts'
import type { AvailableOracle, OracleEvent, OracleLine } from '../../kernel/kernel-oracle.ts'
import { pcap } from '../../support/pcap.ts'
import type { HelperProbe } from './probes/probe.ts'

/** What one side says to the packets of a probe: `ESTABLISHED/reply +6 10.0.0.1:0>10.9.9.9:2000 300s`. */
export type Answers = readonly string[]

export interface Setting {
  /** Own addresses of a host, ADDR[/LEN][,…]; a router without. */
  readonly host?: string
  /** iptables-save text. */
  readonly rules?: string
  readonly rules6?: string
  /** Checksums as they are in the capture; or neither side looks at any. */
  readonly checksums: 'verify' | 'ignore'
}

export async function answersOfKernel(oracle: AvailableOracle, probe: HelperProbe): Promise<Answers> {
  return withCapture(probe, (capture) => answersOfKernelTo(oracle, capture, { ...probe, checksums: 'verify' }))
}

/** What the kernel says to a capture file. Which packets a helper drops is told for probes only: their TTL is 64. */
export async function answersOfKernelTo(oracle: AvailableOracle, capture: string, setting: Setting): Promise<Answers> {
  return withFolder(async (folder) => {
    const options = ['--virtual-time', '--helper-auto', '--events']
    if (setting.checksums === 'ignore') options.push('--fix-checksums', '--pad', '--sysctl', 'nf_conntrack_checksum=0')
    const showsDrops = setting.host === undefined && setting.checksums === 'verify'
    if (setting.host !== undefined) options.push('--mode', 'host', '--local', setting.host)
    if (showsDrops) {
      writeFileSync(join(folder, 'seen.nft'), SEEN_GOING_OUT)
      options.push('--nft', join(folder, 'seen.nft'))
    }
    if (setting.rules !== undefined) {
      writeFileSync(join(folder, 'rules'), setting.rules)
      options.push('--rules', join(folder, 'rules'))
    }
    if (setting.rules6 !== undefined) {
      writeFileSync(join(folder, 'rules6'), setting.rules6)
      options.push('--rules6', join(folder, 'rules6'))
    }
    return (await oracle.run(capture, options)).map((line) => answerOfLine(line, showsDrops))
  })
}

/** Helpers stand after all rules, so a packet that one drops has passed them; a router does not send it. */
const SEEN_GOING_OUT = `table netdev seen {
  chain out {
    type filter hook egress device "tout" priority 0
    ip ttl 63 log prefix "out" group 0
    ip6 hoplimit 63 log prefix "out" group 0
  }
}
`

function answerOfLine(line: OracleLine & { nflog?: string[] }, showsDrops: boolean): string {
  const { state, dir, hook, events = [], nflog } = line
  const wasLost = showsDrops && hook === 'FORWARD' && line.verdict === 'ACCEPT' && nflog === undefined
  const verdict = wasLost ? 'DROP' : line.verdict
  if (verdict === 'not-seen') return 'none'
  const announced = events
    .filter(({ ev, id }, i) => ev === 'EXP_NEW' && !events.slice(i).some((later) => isEndOf(later, id)))
    .map(({ tuple, timeout }) => `+${tuple} ${rounded(timeout ?? 0)}s`)
    .sort()
  return [label(state, dir ?? null, verdict), ...announced].join(' ')
}

/** The kernel may be asked a second late. */
function rounded(seconds: number): number {
  return Math.ceil(seconds / 10) * 10
}

function isEndOf({ ev, id }: OracleEvent, expectation: number): boolean {
  return ev === 'EXP_DESTROY' && id === expectation
}

function label(state: string, direction: string | null, verdict: string | null): string {
  return `${state}${direction === 'reply' ? '/reply' : ''}${verdict === 'ACCEPT' || verdict === null ? '' : ` ${verdict}`}`
}

export async function answersOfCtreplay(probe: HelperProbe): Promise<Answers> {
  return withCapture(probe, (capture) => answersOfCtreplayTo(capture, { ...probe, checksums: 'verify' }))
}

export async function answersOfCtreplayTo(capture: string, setting: Setting): Promise<Answers> {
  const local = setting.host?.split(',') ?? []
  const topology = new Topology({ mode: setting.host === undefined ? 'router' : 'host', local, interfaces: [] })
  const compiled = (text: string | undefined, family: 'ipv4' | 'ipv6') =>
    text === undefined ? null : compileRuleset(parseRuleset(text, 'rules', family), topology, { assume: new Map() })
  const machine = new Machine({
    topology,
    sysctls: sysctlsWith(new Map()),
    checksums: new ChecksumPolicy(setting.checksums),
    ruleset4: compiled(setting.rules, 'ipv4'),
    ruleset6: compiled(setting.rules6, 'ipv6'),
    helperPorts: USUAL_HELPER_PORTS,
  })
  const { expectations } = machine.tracker.current
  const outcome = new Outcome()
  const batch = new PacketBatch()
  const reader = await openCapture([capture])
  const answers: string[] = []
  let known: ReadonlySet<PendingExpectation> = new Set()
  while (await reader.read(batch)) {
    decodeBatch(batch)
    for (let i = 0; i < batch.count; i++) {
      machine.process(batch, i, outcome)
      if (outcome.linkType < 0) continue
      const { label: state, direction, verdict } = answerOfOutcome(outcome)
      const nowNs = machine.tracker.current.nowNs
      const now = new Set(expectations.live(nowNs))
      const announced = [...now].filter((one) => !known.has(one)).map((one) => expectationText(one, nowNs))
      answers.push([label(state ?? 'none', direction, verdict), ...announced.sort()].join(' '))
      known = now
    }
  }
  reader.close()
  return answers
}

function expectationText(one: PendingExpectation, nowNs: number): string {
  const any = one.family === 6 ? '::' : '0.0.0.0'
  const source = one.source === null ? any : addressText(one.source, 0, one.family)
  const port = one.sourcePort === ANY_PORT ? 0 : one.sourcePort
  const seconds = rounded((one.expiresNs - nowNs) / 1e9)
  const destination = addressText(one.destination, 0, one.family)
  return `+${one.protocol} ${source}:${port}>${destination}:${one.destinationPort} ${seconds}s`
}

function withCapture<T>(probe: HelperProbe, use: (file: string) => Promise<T>): Promise<T> {
  return withFolder((folder) => {
    const file = join(folder, 'probe.pcap')
    writeFileSync(file, pcap(probe.packets))
    return use(file)
  })
}

async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-helpers-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
