import type { RulesetText } from '../netfilter/shards/shard-task.ts'
import type { SharingOptions } from '../netfilter/shards/sharing.ts'
import { canBeReadAgain, threadsFor } from '../pipeline/threads-for.ts'
import { PACKET_OUTPUTS } from '../report/packet-sinks.ts'
import { type LabelNames, parseLabelNames } from '../ruleset/index.ts'
import type { CommandLine } from './command-line.ts'
import { textRead } from './input-texts.ts'

/** The thread that reads ahead, and the one that puts answers together. */
const OTHER_THREADS = 2
/** With so many, one of them has nothing to do but write outputs of every packet. */
const THREADS_TO_WRITE_APART = 3

/** How many threads may work, where nobody says: as many as are worth their while. */
export function threadsWanted(asked: CommandLine): number {
  const threads = threadsFor(asked.captures)
  return threads > 1 && writesPackets(asked) ? threads + 1 : threads
}

/** Whether a thread of their own writes the outputs of every packet. */
export function writesApart(asked: CommandLine, threads: number): boolean {
  return threads >= THREADS_TO_WRITE_APART && writesPackets(asked)
}

function writesPackets(asked: CommandLine): boolean {
  return PACKET_OUTPUTS.some((kind) => asked[kind] !== undefined)
}

/**
 * How threads share the tracking, where there are so many that some are left for it, and the captures can be read again. The
 * rules were read before.
 */
export function sharingFor(
  asked: CommandLine,
  threads: number,
  reopen: SharingOptions['reopen'],
): SharingOptions | undefined {
  const { captures, rules, rules6, connlabels } = asked
  const shards = threads - OTHER_THREADS - (writesApart(asked, threads) ? 1 : 0)
  if (shards < 1 || !canBeReadAgain(captures)) return undefined
  const labels = connlabels === undefined ? null : parseLabelNames(textRead(connlabels))
  return { shards, rules: textOf(rules, labels), rules6: textOf(rules6, labels), reopen }
}

function textOf(file: string | undefined, labels: LabelNames | null): RulesetText | undefined {
  return file === undefined ? undefined : { text: textRead(file), file, labels }
}
