import { CaptureError } from '../capture/frame-reader.ts'
import type { TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { CTSTATE_INVALID } from '../netfilter/outcome.ts'
import { type ReplaySummary, replay } from '../netfilter/replay.ts'
import { openPackets } from '../pipeline/open-packets.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import { ByteOutput } from '../report/byte-output.ts'
import { countedRuleset } from '../report/counted-ruleset.ts'
import { checkWritable, OutputError } from '../report/open-output.ts'
import { printable } from '../report/text.ts'
import { PROTOCOL_ROWS, TrafficCounters } from '../report/traffic-counters.ts'
import { type Fingerprint, type ParsedRuleset, RulesetError, type SetDefinition } from '../ruleset/index.ts'
import { VERDICT_DROP, VERDICT_NAMES, VERDICT_REJECT, VERDICT_UNKNOWN } from '../ruleset/rule-packet.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { EXIT_CAPTURE, EXIT_DONE, EXIT_FOUND, EXIT_INTERRUPTED, EXIT_USAGE, UsageError } from './exit-codes.ts'
import { sayAtEnd } from './final-words.ts'
import { InterruptibleSource } from './interruptible-source.ts'
import { OUTPUT_OPTIONS, refuseToOverwrite } from './outputs.ts'
import { PacketOutputs } from './packet-outputs.ts'
import { paintFor } from './paint-for.ts'
import { Progress } from './progress.ts'
import {
  readFingerprints,
  readLabelNames,
  readRuleset,
  readSets,
  readTimeoutPolicies,
  rulesetErrorText,
} from './rulesets.ts'
import { sharingFor, threadsWanted, writesApart } from './threads.ts'

/** Where a capture is replayed by one machine after all, a thread still reads ahead. */
const READING_ALONE = 2

/** The whole command: arguments to exit code. Errors that are the user's to mend become a line on standard error. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === 'check') {
      const { runCheck } = await import('./check-command.ts')
      return await runCheck(args.slice(1), process.stdout, paintFor(process.stdout))
    }
    const commandLine = await parseCommandLine(args)
    if ('help' in commandLine) {
      process.stdout.write(commandLine.help)
      return EXIT_DONE
    }
    return await replayAsAsked(commandLine)
  } catch (error) {
    return explainFailure(error)
  }
}

async function replayAsAsked(asked: CommandLine): Promise<number> {
  checkOutputs(asked)
  const { captures, reader } = asked
  const threads = asked.threads ?? threadsWanted(asked)
  const opening = openPackets(captures, { reader, threads })
  const asRules = rulesWhile(opening, asked)
  const { rules, rules6 } = asRules
  let source = new InterruptibleSource(await opening)
  const reopen = async (): Promise<InterruptibleSource> => {
    source = new InterruptibleSource(await openPackets(captures, { reader, threads: READING_ALONE }))
    if (interrupted) source.stop()
    return source
  }
  const sharing = sharingFor(asked, threads, reopen)
  let interrupted = false
  const interrupt = (): void => {
    interrupted = true
    source.stop()
  }
  process.once('SIGINT', interrupt)
  try {
    const outputs = new PacketOutputs(asked, writesApart(asked, threads))
    const writesCounters = asked.counters !== undefined || asked.counters6 !== undefined
    const traffic = new TrafficCounters()
    const sinks = [traffic, ...outputs.sinks]
    const progress = Progress.onTerminal(process.stderr, source.bytesTotal)
    let summary: ReplaySummary
    try {
      const stop = (): boolean => outputs.readersGone && !writesCounters
      const options = { ...asked.replay, ...asRules, stop, sharing }
      summary = await replay(source, options, sinks, (bytes, frames) => progress?.update(bytes, frames))
    } finally {
      progress?.stop()
    }
    if (outputs.readersGone && !writesCounters) return EXIT_DONE
    if (asked.counters !== undefined && rules && summary.ruleset4) {
      await writeText(asked.counters, countedRuleset(rules, summary.ruleset4))
    }
    if (asked.counters6 !== undefined && rules6 && summary.ruleset6) {
      await writeText(asked.counters6, countedRuleset(rules6, summary.ruleset6))
    }
    sayAtEnd(asked, summary, traffic, interrupted)
    if (interrupted) return EXIT_INTERRUPTED
    if (summary.problems.some((problem) => problem.fatal)) return EXIT_CAPTURE
    return found(asked, traffic) ? EXIT_FOUND : EXIT_DONE
  } finally {
    process.off('SIGINT', interrupt)
    source.close()
  }
}

interface RulesAsked {
  readonly rules: ParsedRuleset | undefined
  readonly rules6: ParsedRuleset | undefined
  readonly sets: readonly SetDefinition[]
  readonly timeoutPolicies: readonly TimeoutPolicy[] | undefined
  readonly fingerprints: readonly Fingerprint[] | undefined
}

/** Reads the rules while the captures are opened, for which a thread may have to start. What is wrong here comes first. */
function rulesWhile(opening: Promise<PacketSource>, asked: CommandLine): RulesAsked {
  try {
    const labels = readLabelNames(asked.connlabels)
    return {
      rules: asked.rules === undefined ? undefined : readRuleset(asked.rules, 'ipv4', labels),
      rules6: asked.rules6 === undefined ? undefined : readRuleset(asked.rules6, 'ipv6', labels),
      sets: readSets(asked.ipsets),
      timeoutPolicies: asked.timeoutPolicies === undefined ? undefined : readTimeoutPolicies(asked.timeoutPolicies),
      fingerprints: readFingerprints(asked.fingerprints),
    }
  } catch (error) {
    opening.then(
      (source) => source.close(),
      () => {},
    )
    throw error
  }
}

/** Before any output is opened, which empties it. */
function checkOutputs(asked: CommandLine): void {
  const inputs = [
    ...asked.captures,
    asked.rules,
    asked.rules6,
    asked.timeoutPolicies,
    asked.connlabels,
    asked.fingerprints,
    ...asked.ipsets,
  ].filter((path) => path !== undefined)
  for (const option of OUTPUT_OPTIONS) {
    const output = asked[option]
    if (output === undefined) continue
    refuseToOverwrite(`--${option}`, output, inputs)
    if (output !== '-') checkWritable(output)
  }
}

/** @param target a path, or - for standard output */
async function writeText(target: string, text: string): Promise<void> {
  const output = new ByteOutput(target === '-' ? 1 : target)
  const bytes = new TextEncoder().encode(text)
  output.give(bytes, bytes.length)
  await output.end()
}

function found(asked: CommandLine, traffic: TrafficCounters): boolean {
  const verdicts = (wanted: number): boolean =>
    traffic.verdictPackets.some((packets, cell) => packets > 0 && cell % VERDICT_NAMES.length === wanted)
  const invalid = traffic.states.subarray(CTSTATE_INVALID * PROTOCOL_ROWS, (CTSTATE_INVALID + 1) * PROTOCOL_ROWS)
  return (
    (asked.failOn.has('drop') && (verdicts(VERDICT_DROP) || verdicts(VERDICT_REJECT))) ||
    (asked.failOn.has('unknown') && verdicts(VERDICT_UNKNOWN)) ||
    (asked.failOn.has('invalid') && invalid.some((packets) => packets > 0))
  )
}

function explainFailure(error: unknown): number {
  if (error instanceof AggregateError) return Math.max(...error.errors.map(explainFailure))
  if (error instanceof RulesetError) {
    process.stderr.write(`${rulesetErrorText(error, paintFor(process.stderr))}\n`)
    return EXIT_USAGE
  }
  if (!(error instanceof Error)) throw error
  if (error instanceof UsageError) {
    process.stderr.write(`ctreplay: ${printable(error.message)}\nTry 'ctreplay --help'.\n`)
    return EXIT_USAGE
  }
  if (error instanceof CaptureError) {
    process.stderr.write(`ctreplay: ${printable(error.message)}\n`)
    return EXIT_CAPTURE
  }
  // The machine refuses options that make no sense together by a plain Error; anything else is a mistake of ours.
  const isOurs = !(error instanceof OutputError) && error.constructor !== Error && !(error instanceof RangeError)
  if (isOurs) throw error
  process.stderr.write(`ctreplay: ${printable(error.message)}\n`)
  return EXIT_USAGE
}
