import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CaptureFrame, pcap } from '../support/pcap.ts'
import type { AvailableOracle } from './kernel-oracle.ts'
import { type Pair, type PairResult, runPair } from './pair.ts'
import { firstStory } from './story.ts'

/** A pair whose packets and rules are here, and not yet in files. */
interface PacketsAndRules extends Omit<Pair, 'capture' | 'checksum' | 'rules' | 'rules6' | 'ipset'> {
  packets: readonly (Uint8Array | CaptureFrame)[]
  rules?: string | undefined
  rules6?: string | undefined
  /** Seconds since the epoch at which the packets begin. */
  start?: number
}

/** `runPair`, checksums verified, with files that are there as long as it takes. */
export async function runPackets(oracle: AvailableOracle, asked: PacketsAndRules): Promise<PairResult> {
  const { packets, rules, rules6, start, ...rest } = asked
  const folder = mkdtempSync(join(tmpdir(), 'ctreplay-packets-'))
  const written = (name: string, content: string | Buffer): string => {
    const file = join(folder, name)
    writeFileSync(file, content)
    return file
  }
  try {
    return await runPair(oracle, {
      ...rest,
      checksum: 'verify',
      capture: written('packets.pcap', pcap(packets, undefined, start)),
      ...(rules === undefined ? {} : { rules: written('rules.v4', rules) }),
      ...(rules6 === undefined ? {} : { rules6: written('rules.v6', rules6) }),
    })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/**
 * The first difference, '' for none. Where there is one, all is asked again: a busy machine gives the kernel two packets
 * within a tick of its clock, or its timers ring late; a difference that is ours stays.
 */
export async function lastingDifference(oracle: AvailableOracle, asked: PacketsAndRules): Promise<string> {
  const ask = async (): Promise<string> => firstStory(await runPackets(oracle, asked))
  return (await ask()) && (await ask())
}
