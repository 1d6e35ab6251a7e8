import { CaptureError } from '../capture/frame-reader.ts'
import type { TimeoutPolicy } from '../conntrack/timeout-policy.ts'
import { type ReplaySummary, replay } from '../netfilter/replay.ts'
import { openPackets } from '../pipeline/open-packets.ts'
import type { PacketSource } from '../pipeline/packet-source.ts'
import { ByteOutput } from '../report/byte-output.ts'
import { countedRuleset } from '../report/counted-ruleset.ts'
import { checkWritable, OutputError } from '../report/open-output.ts'
import { printable } from '../report/text.ts'
import { TrafficCounters } from '../report/traffic-counters.ts'
import { type Fingerprint, type ParsedRuleset, RulesetError, type SetDefinition } from '../ruleset/index.ts'
import { VERDICT_DROP, VERDICT_NAMES, VERDICT_REJECT, VERDICT_UNKNOWN } from '../ruleset/packet/rule-packet.ts'
import type { CompiledRuleset } from '../ruleset/ruleset.ts'
import { runCheck } from './check-command.ts'
import { type CommandLine, parseCommandLine } from './command-line.ts'
import { EXIT_CAPTURE, EXIT_DONE, EXIT_FOUND, EXIT_INTERRUPTED, EXIT_USAGE, UsageError } from './exit-codes.ts'
import { statsAt } from './file-identity.ts'
import { sayAtEnd, sayWithoutTables } from './final-words.ts'
import { InterruptibleSource } from './interruptible-source.ts'
import { nearest } from './nearest.ts'
import { OUTPUT_OPTIONS, refuseToOverwrite, STDOUT } from './outputs.ts'
import { PacketOutputs } from './packet-outputs.ts'
import { paintFor } from './paint-for.ts'
import { Progress } from './progress.ts'
import { readFingerprints, readLabelNames, readRuleset, readSets, readTimeoutPolicies } from './rule-files.ts'
import { rulesetErrorText } from './ruleset-error-text.ts'
import { sharingFor, threadsWanted, writesApart } from './threads.ts'

/** Threads of a replay that begins again because its work cannot be shared: one replays, one reads ahead. */
const THREADS_WITHOUT_SHARING = 2
/** What may stand in the place of a capture. */
const COMMANDS = ['check']

/**
 * The whole command: from its arguments to the exit code. Errors that the user can correct become lines on standard
 * error.
 */
export async function run(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === 'check') {
      return await runCheck(args.slice(1), process.stdout, paintFor(process.stdout))
    }
    const commandLine = await parseCommandLine(args)
    if ('help' in commandLine) {
      process.stdout.write(commandLine.help)
      return EXIT_DONE
    }
    return await replayAsAsked(commandLine)
  } catch (error) {
    return explainFailure(error, args)
  }
}

async function replayAsAsked(asked: CommandLine): Promise<number> {
  checkOutputs(asked)
  const { captures, reader } = asked
  const threads = asked.threads ?? threadsWanted(asked)
  const opening = openPackets(captures, { reader, threads })
  const rulesRead = readRulesDuring(opening, asked)
  let source = new InterruptibleSource(await opening)
  let interrupted = false
  const reopen = async (): Promise<InterruptibleSource> => {
    source = new InterruptibleSource(await openPackets(captures, { reader, threads: THREADS_WITHOUT_SHARING }))
    if (interrupted) source.stop()
    return source
  }
  const sharing = sharingFor(asked, threads, reopen)
  const interrupt = (): void => {
    interrupted = true
    source.stop()
  }
  try {
    const outputs = new PacketOutputs(asked, writesApart(asked, threads))
    // Only while packets are replayed: a named pipe that waits for its reader blocks this thread, so that Ctrl-C has to
    // work as it does without us.
    process.once('SIGINT', interrupt)
    const writesCounters = asked.counters !== undefined || asked.counters6 !== undefined
    const traffic = new TrafficCounters()
    const sinks = [traffic, ...outputs.sinks]
    const progress = Progress.onTerminal(process.stderr, source.bytesTotal)
    let summary: ReplaySummary
    try {
      const stop = (): boolean => outputs.readersGone && !writesCounters
      const options = { ...asked.replay, ...rulesRead, stop, sharing }
      summary = await replay(source, options, sinks, (bytes, frames) => progress?.update(bytes, frames))
    } finally {
      progress?.stop()
      process.off('SIGINT', interrupt)
    }
    if (outputs.readersGone && !writesCounters) return EXIT_DONE
    await writeCounters(asked.counters, rulesRead.rules, summary.ruleset4)
    await writeCounters(asked.counters6, rulesRead.rules6, summary.ruleset6)
    if (asked.quiet) sayWithoutTables([rulesRead.rules, rulesRead.rules6])
    sayAtEnd(asked, summary, traffic, interrupted)
    if (interrupted) return EXIT_INTERRUPTED
    if (summary.problems.some((problem) => problem.fatal)) return EXIT_CAPTURE
    return hasFailOnPackets(asked, traffic) ? EXIT_FOUND : EXIT_DONE
  } finally {
    source.close()
  }
}

interface RulesRead {
  readonly rules: ParsedRuleset | undefined
  readonly rules6: ParsedRuleset | undefined
  readonly sets: readonly SetDefinition[]
  readonly timeoutPolicies: readonly TimeoutPolicy[] | undefined
  readonly fingerprints: readonly Fingerprint[] | undefined
}

/**
 * Reads the rules and what belongs to them while the captures are being opened, which may mean to start a thread. An
 * error here is reported instead of one in a capture.
 */
function readRulesDuring(opening: Promise<PacketSource>, asked: CommandLine): RulesRead {
  try {
    const labels = readLabelNames(asked.connlabels)
    return {
      rules: asked.rules === undefined ? undefined : readRuleset(asked.rules, 'ipv4', labels),
      rules6: asked.rules6 === undefined ? undefined : readRuleset(asked.rules6, 'ipv6', labels),
      sets: readSets(asked.ipsets),
      timeoutPolicies: readTimeoutPolicies(asked.timeoutPolicies),
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

/** Must run before any output is opened, since that empties the file. @throws UsageError, OutputError */
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

/** `--counters`. @param target a path, - for standard output, undefined where nobody asked */
async function writeCounters(
  target: string | undefined,
  rules: ParsedRuleset | undefined,
  replayed: CompiledRuleset | null,
): Promise<void> {
  if (target === undefined || rules === undefined || replayed === null) return
  const output = new ByteOutput(target === '-' ? STDOUT : target)
  const bytes = new TextEncoder().encode(countedRuleset(rules, replayed))
  output.give(bytes, bytes.length)
  await output.end()
}

/** `--fail-on`: whether there were such packets. */
function hasFailOnPackets(asked: CommandLine, traffic: TrafficCounters): boolean {
  const verdicts = (wanted: number): boolean =>
    traffic.verdictPackets.some((packets, cell) => packets > 0 && cell % VERDICT_NAMES.length === wanted)
  return (
    (asked.failOn.has('drop') && (verdicts(VERDICT_DROP) || verdicts(VERDICT_REJECT))) ||
    (asked.failOn.has('unknown') && verdicts(VERDICT_UNKNOWN)) ||
    (asked.failOn.has('invalid') && traffic.invalidPackets > 0)
  )
}

function explainFailure(error: unknown, args: readonly string[]): number {
  if (error instanceof AggregateError) return Math.max(...error.errors.map((one) => explainFailure(one, args)))
  if (error instanceof RulesetError) {
    process.stderr.write(`${rulesetErrorText(error, paintFor(process.stderr))}\n`)
    return EXIT_USAGE
  }
  if (!(error instanceof Error)) throw error
  if (error instanceof UsageError) {
    const command = args[0] === 'check' ? 'ctreplay check' : 'ctreplay'
    process.stderr.write(`ctreplay: ${printable(error.message)}\nTry '${command} --help'.\n`)
    return EXIT_USAGE
  }
  if (error instanceof CaptureError) {
    process.stderr.write(`ctreplay: ${printable(error.message)}${commandMeant(args[0])}\n`)
    return EXIT_CAPTURE
  }
  // The machine refuses options that make no sense together by a plain Error; anything else is a mistake of ours.
  const isOurs = !(error instanceof OutputError) && error.constructor !== Error && !(error instanceof RangeError)
  if (isOurs) throw error
  process.stderr.write(`ctreplay: ${printable(error.message)}\n`)
  return EXIT_USAGE
}

/** A hint for a first word that is no file but looks like a command with a slip of the pen. */
function commandMeant(word: string): string {
  return statsAt(word) === null ? nearest(word, COMMANDS) : ''
}
