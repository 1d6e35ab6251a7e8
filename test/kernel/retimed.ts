import { readFileSync, writeFileSync } from 'node:fs'
import type { OracleLine } from './kernel-oracle.ts'

const FILE_HEADER = 24
const RECORD_HEADER = 16
const LITTLE_ENDIAN_US = 0xa1b2c3d4

/**
 * Writes the capture that a machine would have recorded beside the kernel: with the moments at which packets were sent, and not
 * those at which they should have been. However late a busy machine sends, what rules ask of the clock stays comparable.
 *
 * @param capture as `pcap()` of test/support writes it
 * @param lines of an oracle that was run with `--realtime-gaps`
 */
export function writeRetimed(target: string, capture: string, lines: readonly OracleLine[]): void {
  const bytes = readFileSync(capture)
  if (bytes.readUInt32LE(0) !== LITTLE_ENDIAN_US)
    throw new Error(`${capture}: not a little-endian pcap file of microseconds`)
  let at = FILE_HEADER
  for (const line of lines) {
    if (line.at === undefined) throw new Error(`frame ${line.n}: the oracle does not tell when it was sent`)
    bytes.writeUInt32LE(Math.floor(line.at / 1e6), at)
    bytes.writeUInt32LE(line.at % 1e6, at + 4)
    at += RECORD_HEADER + bytes.readUInt32LE(at + 8)
  }
  if (at !== bytes.length)
    throw new Error(`${capture}: the oracle answers ${lines.length} frames, and there are others`)
  writeFileSync(target, bytes)
}
