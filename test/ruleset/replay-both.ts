import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answersOfCtreplay } from '../kernel/ctreplay.ts'
import { kernelOracle } from '../kernel/kernel-oracle.ts'
import { writeRetimed } from '../kernel/retimed.ts'
import { type CaptureFrame, pcap } from '../support/pcap.ts'

const oracle = kernelOracle()
/** Why the kernel cannot be asked; '' when it can. */
export const noKernel = oracle.available ? '' : `skipped: ${oracle.why}`

interface Replayed {
  /** Verdict and deciding rule of each packet. */
  readonly kernel: readonly string[]
  readonly ours: readonly string[]
}

/**
 * For tests that follow the kernel's real clock: on a busy machine its timers ring late, and it is asked again.
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
    if (options.includes('--realtime-gaps')) writeRetimed(capture, capture, lines)
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
