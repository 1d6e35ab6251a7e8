import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CaptureFrame, pcap } from './pcap.ts'

/** One packet's answer by the kernel oracle (oracle/README.md). */
export interface KernelAnswer {
  n: number
  state: string
  verdict: string | null
  why?: string
  note?: string
}

const ORACLE = process.env.CTREPLAY_ORACLE ?? ''

/** Why the kernel cannot be asked; '' when it can. */
export const noOracle =
  ORACLE === '' || !existsSync(ORACLE)
    ? 'skipped: CTREPLAY_ORACLE does not name the kernel oracle'
    : process.getuid?.() !== 0
      ? 'skipped: the kernel oracle needs root'
      : ''

/** What the running kernel says about raw IP packets. */
export function askKernel(
  frames: readonly (Uint8Array | CaptureFrame)[],
  options: readonly string[] = [],
): KernelAnswer[] {
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-'))
  try {
    const capture = join(folder, 'packets.pcap')
    writeFileSync(capture, pcap(frames))
    const text = execFileSync(ORACLE, [capture, '--quiet', ...options], { encoding: 'utf8', maxBuffer: 1 << 28 })
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as KernelAnswer)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
