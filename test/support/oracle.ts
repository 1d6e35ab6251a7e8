import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kernelOracle, type OracleLine } from '../kernel/kernel-oracle.ts'
import { type CaptureFrame, pcap } from './pcap.ts'

const oracle = kernelOracle()

/** Why the kernel cannot be asked; '' when it can. */
export const noOracle = oracle.available ? '' : `skipped: ${oracle.why}`

/** What the running kernel says about raw IP packets. */
export async function askKernel(
  frames: readonly (Uint8Array | CaptureFrame)[],
  options: readonly string[] = [],
): Promise<OracleLine[]> {
  if (!oracle.available) throw new Error(oracle.why)
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-'))
  try {
    const capture = join(folder, 'packets.pcap')
    writeFileSync(capture, pcap(frames))
    return await oracle.run(capture, options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
