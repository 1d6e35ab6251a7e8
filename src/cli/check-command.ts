import { checkJson, wrongJson } from '../report/check-json.ts'
import { checkText } from '../report/check-text.ts'
import type { Paint } from '../report/text.ts'
import { allRules, checkTimeouts, type ParsedRuleset, printRuleset, RulesetError } from '../ruleset/index.ts'
import type { Family } from '../ruleset/packet/rule-environment.ts'
import { type Review, reviewRuleset } from '../ruleset/review/review.ts'
import { EXIT_DONE, EXIT_FOUND, UsageError } from './exit-codes.ts'
import { type HelpText, newParser, parseArguments } from './parser.ts'
import {
  RULE_FILE_OPTIONS,
  readFingerprints,
  readLabelNames,
  readRuleset,
  readSets,
  readTimeoutPolicies,
} from './rule-files.ts'

/** The command line of `ctreplay check`, checked. */
interface CheckCommand {
  readonly files: readonly string[]
  /** null: each file tells (familyOf). */
  readonly family: Family | null
  readonly ipsets: readonly string[]
  readonly timeoutPolicies: string | undefined
  readonly connlabels: string | undefined
  readonly fingerprints: string | undefined
  readonly print: boolean
  readonly json: boolean
  readonly failOnWarnings: boolean
}

const OPTIONS = {
  print: { boolean: true, describe: 'Print the rules in their canonical form, and nothing else' },
  json: { boolean: true, describe: 'Print the report as JSON' },
  ...RULE_FILE_OPTIONS,
  ipv4: { boolean: true, describe: 'The rules are for IPv4 (else inferred from the file)' },
  ipv6: { boolean: true, describe: 'The rules are for IPv6 (else inferred from the file)' },
  'fail-on-warnings': { boolean: true, describe: 'Exit with 1 when there is anything but notes' },
} as const
const TEXT_OPTIONS = ['ipset', 'timeout-policies', 'connlabels', 'fingerprints'] as const
/** How rules of each family are given where the other option was. */
const GIVEN = { ipv4: 'without --ipv6', ipv6: 'without --ipv4' } as const
type TextOption = (typeof TEXT_OPTIONS)[number]

/**
 * `ctreplay check RULES…`: everything that can be said about rules without a capture.
 * @returns the exit code
 * @throws UsageError or RulesetError for a file with errors, an AggregateError for several; the report of the other
 * files is written before
 */
export async function runCheck(
  args: readonly string[],
  stdout: { write(text: string): unknown },
  paint: Paint,
): Promise<number> {
  const command = await parseCheckCommand(args)
  if ('help' in command) {
    stdout.write(command.help)
    return EXIT_DONE
  }
  const sets = readSets(command.ipsets)
  const policies = readTimeoutPolicies(command.timeoutPolicies)
  const labels = readLabelNames(command.connlabels)
  const fingerprints = readFingerprints(command.fingerprints)
  const reviewOf = (file: string): Review => {
    const ruleset = readRuleset(file, command.family, labels, GIVEN)
    if (policies !== undefined) checkTimeouts(ruleset, policies)
    return reviewRuleset(ruleset, sets, fingerprints ?? null)
  }
  const checked = command.files.map((file) => checkedFile(file, reviewOf))
  const reviews = checked.flatMap(({ review }) => review ?? [])
  const wrong = checked.flatMap(({ error }) => error ?? [])
  if (command.json) stdout.write(`${JSON.stringify(checked.map(jsonOf), null, 2)}\n`)
  else if (!command.print) stdout.write(reviews.map((review) => checkText(review, paint)).join('\n'))
  // All or nothing: somebody may load the output.
  else if (wrong.length === 0) stdout.write(reviews.map(canonicalText).join(''))
  if (wrong.length > 0) throw wrong.length === 1 ? wrong[0] : new AggregateError(wrong, wrong.map(messageOf).join('\n'))
  return command.failOnWarnings && reviews.some(hasWarnings) ? EXIT_FOUND : EXIT_DONE
}

/** The result of one file: errors in one file do not keep the others from being reported. */
type CheckedFile =
  | { readonly file: string; readonly review: Review; readonly error?: undefined }
  | { readonly file: string; readonly review?: undefined; readonly error: RulesetError | UsageError }

function checkedFile(file: string, reviewOf: (file: string) => Review): CheckedFile {
  try {
    return { file, review: reviewOf(file) }
  } catch (error) {
    if (error instanceof RulesetError || error instanceof UsageError) return { file, error }
    throw error
  }
}

function jsonOf({ file, review, error }: CheckedFile): object {
  if (review !== undefined) return checkJson(review)
  if (error instanceof RulesetError) return wrongJson(file, error.errors)
  return wrongJson(file, [{ file, line: null, column: null, text: error.message }])
}

function messageOf({ message }: Error): string {
  return message
}

function canonicalText({ ruleset }: Review): string {
  return printRuleset(ruleset, { counters: hasCounters(ruleset) })
}

async function parseCheckCommand(args: readonly string[]): Promise<CheckCommand | HelpText> {
  const parser = newParser('ctreplay check', Object.keys(OPTIONS))
    .usage(
      '$0 RULES… [options]\n\nSays what can be said about rules without a capture: whether they can be read,\n' +
        'which of them a capture can decide, which can never match, and what was\n' +
        'probably not meant.\n\n' +
        'RULES is what iptables-save or ip6tables-save prints, or - for standard input.',
    )
    .options(OPTIONS)
    .example('$0 rules.v4 rules.v6', 'a report')
    .example('iptables-save | $0 -', 'the rules of this machine')
    .example('$0 rules.v4 --print | diff rules.v4 -', 'what iptables-save would print')
    .epilogue('Exit codes: 0 done, 1 --fail-on-warnings found some, 2 wrong command or rules.')
  const { argv, help } = await parseArguments(parser, args, TEXT_OPTIONS)
  if (help !== null) return { help }
  const files = argv._.map(String)
  const valuesOf = (name: TextOption): string[] => {
    const values = [argv[name] ?? []].flat().map(String)
    if (values.includes('')) throw new UsageError(`--${name} needs a value`)
    if (values.length > 1 && name !== 'ipset') throw new UsageError(`--${name} can be given only once`)
    return values
  }
  const ipsets = valuesOf('ipset')
  const [timeoutPolicies] = valuesOf('timeout-policies')
  const [connlabels] = valuesOf('connlabels')
  const [fingerprints] = valuesOf('fingerprints')
  if (files.length === 0) throw new UsageError('which rules? Give the name of a file that iptables-save wrote')
  if (argv.ipv4 === true && argv.ipv6 === true) throw new UsageError('--ipv4 and --ipv6 exclude each other')
  if (argv.print === true && argv.json === true) throw new UsageError('--print and --json exclude each other')
  return {
    files,
    family: argv.ipv4 === true ? 'ipv4' : argv.ipv6 === true ? 'ipv6' : null,
    ipsets,
    timeoutPolicies,
    connlabels,
    fingerprints,
    print: argv.print === true,
    json: argv.json === true,
    failOnWarnings: argv['fail-on-warnings'] === true,
  }
}

/** Whether the file has counters before its rules, as `iptables-save -c` prints them. */
function hasCounters(ruleset: ParsedRuleset): boolean {
  return allRules(ruleset).some(({ counters }) => counters !== null)
}

function hasWarnings({ ruleset, dead, missingSets, mistakes }: Review): boolean {
  const mistaken = mistakes.some(({ level }) => level === 'warning')
  return mistaken || ruleset.warnings.length > 0 || dead.length > 0 || missingSets.length > 0
}
