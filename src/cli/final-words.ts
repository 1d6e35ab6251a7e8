import type { ReplaySummary } from '../netfilter/replay.ts'
import { problemSentences } from '../report/problems.ts'
import { summaryText } from '../report/summary.ts'
import { printable } from '../report/text.ts'
import type { TrafficCounters } from '../report/traffic-counters.ts'
import type { ParsedRuleset } from '../ruleset/index.ts'
import type { CommandLine } from './command-line.ts'
import { OUTPUT_OPTIONS } from './outputs.ts'
import { paintFor } from './paint-for.ts'
import { repeatedCaptures } from './repeated-captures.ts'
import { obstaclesIn, unsharedWarning } from './threads.ts'

/** Says of rules without any table that they are so, since `--fail-on` finds nothing then. */
export function sayWithoutTables(rulesets: readonly (ParsedRuleset | undefined)[]): void {
  for (const ruleset of rulesets) {
    if (ruleset?.tables.length !== 0) continue
    for (const warning of ruleset.warnings) process.stderr.write(`ctreplay: ${printable(warning)}\n`)
  }
}

/**
 * Writes the summary, or with `--quiet` only the damage in captures, since nothing else tells that packets are missing.
 */
export function sayAtEnd(
  asked: CommandLine,
  summary: ReplaySummary,
  traffic: TrafficCounters,
  interrupted: boolean,
): void {
  if (asked.quiet) {
    for (const sentence of problemSentences(summary)) process.stderr.write(`ctreplay: ${sentence}\n`)
    return
  }
  const obstacles = obstaclesIn(asked, summary.skipsCopies)
  const warnings = [...repeatedCaptures(asked.captures), ...unsharedWarning(asked, summary, obstacles)]
  const stream = OUTPUT_OPTIONS.some((option) => asked[option] === '-') ? process.stderr : process.stdout
  const { verbose, given } = asked
  const paint = paintFor(stream)
  stream.write(summaryText(summary, traffic, { paint, interrupted, verbose, given, warnings, obstacles }))
}
