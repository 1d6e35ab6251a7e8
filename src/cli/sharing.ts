import type { RulesetText } from '../netfilter/shards/shard-task.ts'
import type { SharingOptions } from '../netfilter/shards/sharing.ts'
import { canBeReadAgain } from '../pipeline/open-packets.ts'
import type { LabelNames } from '../ruleset/index.ts'
import type { CommandLine } from './command-line.ts'
import { readLabelNames, readText } from './rulesets.ts'

/** The thread that reads ahead, and the one that puts answers together and writes. */
const OTHER_THREADS = 2
const STANDARD_INPUT = '-'

/** How threads share the tracking, where there are so many that some are left for it, and all inputs can be read again. */
export function sharingFor(
  { captures, rules, rules6, connlabels }: CommandLine,
  threads: number,
  reopen: SharingOptions['reopen'],
): SharingOptions | undefined {
  const shards = threads - OTHER_THREADS
  const readsStandardInput = [rules, rules6, connlabels].includes(STANDARD_INPUT)
  if (shards < 1 || !canBeReadAgain(captures) || readsStandardInput) return undefined
  const labels = readLabelNames(connlabels)
  return { shards, rules: textOf(rules, labels), rules6: textOf(rules6, labels), reopen }
}

function textOf(file: string | undefined, labels: LabelNames | null): RulesetText | undefined {
  return file === undefined ? undefined : { text: readText(file, 'the rules'), file, labels }
}
