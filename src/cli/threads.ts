import { firstOf } from '../netfilter/count-text.ts'
import type { ReplaySummary } from '../netfilter/replay.ts'
import type { RulesetText } from '../netfilter/shards/shard-task.ts'
import type { SharingOptions } from '../netfilter/shards/sharing.ts'
import { canBeReadAgain, threadsFor } from '../pipeline/threads-for.ts'
import { whyOneThread } from '../report/dependence.ts'
import { PACKET_OUTPUTS } from '../report/packet-sinks.ts'
import { type LabelNames, parseLabelNames } from '../ruleset/index.ts'
import type { CommandLine } from './command-line.ts'
import { textRead } from './input-texts.ts'

/** Threads that do not track: the one that reads ahead, and the one that puts the answers together. */
const OTHER_THREADS = 2
/** From this number of threads on, one of them only writes the per-packet outputs. */
const THREADS_TO_WRITE_APART = 3
/** One thread alone has nothing to share. */
const SHARDS_AT_LEAST = 2
/** Captures that cannot be read again which a message names. */
const PIPES_NAMED = 3

/** The number of threads where `--threads` is not given: as many as pay off. */
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

/** Threads that are left to share the tracking. */
function shardsOf(asked: CommandLine, threads: number): number {
  return threads - OTHER_THREADS - (writesApart(asked, threads) ? 1 : 0)
}

/**
 * What in the command line and the capture keeps threads from sharing the tracking, as clauses of a sentence. The rules
 * may add more.
 */
export function obstaclesIn({ captures, replay }: CommandLine, skipsCopies: boolean): string[] {
  const obstacles =
    (replay.helperPorts ?? []).length === 0 ? [] : ['helpers (--helper) may announce connections between other hosts']
  const pipes = captures.filter((path) => !canBeReadAgain([path]))
  const names = firstOf(
    pipes.map((path) => (path === '-' ? 'standard input' : path)),
    PIPES_NAMED,
  )
  if (pipes.length > 0) obstacles.push(`${names} cannot be read a second time`)
  if (skipsCopies) obstacles.push('copies of packets (--copies) are looked for among those of all hosts')
  return obstacles
}

/** A warning where `--threads` asked for more than one tracking thread, and there was only one. */
export function unsharedWarning(asked: CommandLine, summary: ReplaySummary, obstacles: readonly string[]): string[] {
  const { threads } = asked
  if (threads === undefined || shardsOf(asked, threads) < SHARDS_AT_LEAST) return []
  const why = whyOneThread(summary, obstacles)
  return why === null ? [] : [`--threads ${threads}: one thread tracked all connections, because ${why}.`]
}

/**
 * How threads share the tracking; undefined where there are too few of them or the captures cannot be read a second
 * time. The rules must have been read before.
 */
export function sharingFor(
  asked: CommandLine,
  threads: number,
  reopen: SharingOptions['reopen'],
): SharingOptions | undefined {
  const { captures, rules, rules6, connlabels } = asked
  const shards = shardsOf(asked, threads)
  if (shards < SHARDS_AT_LEAST || !canBeReadAgain(captures)) return undefined
  const labels = connlabels === undefined ? null : parseLabelNames(textRead(connlabels), connlabels)
  return { shards, rules: textOf(rules, labels), rules6: textOf(rules6, labels), reopen }
}

function textOf(file: string | undefined, labels: LabelNames | null): RulesetText | undefined {
  return file === undefined ? undefined : { text: textRead(file), file, labels }
}
