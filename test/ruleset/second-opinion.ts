import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseRuleset, printRuleset, RulesetError } from '../../src/ruleset/index.ts'
import type { Family, TableName } from '../../src/ruleset/ruleset.ts'
import { answersOfCtreplay } from '../kernel/ctreplay.ts'
import { kernelOracle } from '../kernel/kernel-oracle.ts'
import { type CaptureFrame, pcap } from '../support/pcap.ts'

/** Why iptables cannot be asked; '' when it can. */
export const noIptables =
  process.getuid?.() !== 0
    ? 'skipped: iptables needs root'
    : spawnSync('unshare', ['-n', 'iptables-legacy-save']).status !== 0
      ? 'skipped: no iptables-legacy, or no network namespaces'
      : ''

const oracle = kernelOracle()
/** Why the kernel cannot be asked; '' when it can. */
export const noKernel = oracle.available ? '' : `skipped: ${oracle.why}`

/** What iptables-save prints for one rule given in FORWARD (or another chain), null where it is refused. */
export function printedByIptables(
  rule: string,
  family: Family,
  table: TableName,
  chain: string,
  setup = '',
): string | null {
  const program = family === 'ipv4' ? 'iptables-legacy' : 'ip6tables-legacy'
  const script = `${setup}\n${program}-restore && ${program}-save -t ${table}`
  const result = spawnSync('unshare', ['-n', 'sh', '-c', script], {
    encoding: 'utf8',
    input: `*${table}\n-A ${chain} ${rule}\nCOMMIT\n`,
  })
  return result.status === 0 ? (/^-A .*$/m.exec(result.stdout)?.[0] ?? '') : null
}

/** The same by us. */
export function printedByUs(rule: string, family: Family, table: TableName, chain: string): string | null {
  try {
    const parsed = parseRuleset(`*${table}\n-A ${chain} ${rule}\nCOMMIT\n`, 'rules', family)
    return /^-A .*$/m.exec(printRuleset(parsed))?.[0] ?? ''
  } catch (error) {
    if (error instanceof RulesetError) return null
    throw error
  }
}

export interface Replayed {
  /** Verdict and deciding rule of each packet. */
  readonly kernel: readonly string[]
  readonly ours: readonly string[]
}

/**
 * For tests that follow the kernel's real clock: on a busy machine it runs ahead of the packets, and they are asked again.
 * A difference that is ours stays.
 */
export const REAL_TIME = { retry: 4 }

/** Replays packets at their own times through the kernel and through ctreplay, as a router from eth0 to eth1. */
export async function replayBoth(
  rules: { readonly rules?: string; readonly rules6?: string; readonly ipset?: string },
  frames: readonly (Uint8Array | CaptureFrame)[],
  options: readonly string[] = ['--realtime-gaps', '10'],
): Promise<Replayed> {
  if (!oracle.available) throw new Error(noKernel)
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-rules-'))
  try {
    const capture = join(folder, 'packets.pcap')
    writeFileSync(capture, pcap(frames))
    const files: { rules?: string; rules6?: string; ipset?: string } = {}
    const flags: string[] = []
    for (const name of ['rules', 'rules6', 'ipset'] as const) {
      const text = rules[name]
      if (text === undefined) continue
      files[name] = join(folder, name)
      flags.push(`--${name}`, files[name])
      writeFileSync(files[name], text)
    }
    const interfaces = { inInterface: 'eth0', outInterface: 'eth1' }
    const lines = await oracle.run(capture, [...flags, '--in-iface', 'eth0', '--out-iface', 'eth1', ...options])
    const settled = { capture, mode: 'router', checksum: 'verify', local: [], cut: false, ...interfaces } as const
    const { answers } = await answersOfCtreplay({ ...settled, ...files })
    return {
      kernel: lines.map(({ verdict, rule }) => `${verdict} ${rule}`),
      ours: answers.map(({ verdict, rule }) => `${verdict === 'REJECT' ? 'DROP' : verdict} ${rule}`),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Runs a program in a network namespace of its own. */
export function inNamespace(script: string): string {
  return execFileSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8' })
}
