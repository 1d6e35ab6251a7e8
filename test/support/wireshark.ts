import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const corpus = resolve(import.meta.dirname, '../../../shared/corpus/captures')

/** What a comparison with Wireshark lacks here; '' for nothing. */
export const missingForWireshark = !existsSync(corpus)
  ? 'without the corpus of captures'
  : spawnSync('tshark', ['--version']).status !== 0
    ? 'without tshark'
    : ''

/** Names of the captures that Wireshark is asked about; none where something is missing. */
export const corpusCaptures = missingForWireshark ? [] : readdirSync(corpus).filter((name) => /\.pcap(ng)?$/.test(name))

export function corpusPath(name: string): string {
  return join(corpus, name)
}
