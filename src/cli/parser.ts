import { readFileSync } from 'node:fs'
import yargs, { type Arguments, type Argv } from 'yargs'
import { UsageError } from './exit-codes.ts'
import { nearest } from './nearest.ts'

/** Columns of the help text. */
const HELP_WIDTH = 80

/** Values stay texts, names stay as they are written (no camelCase), and no option has a `--no-` form. */
const PARSER_CONFIGURATION = {
  'parse-positional-numbers': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'boolean-negation': false,
  'duplicate-arguments-array': true,
  'flatten-duplicate-arrays': false,
  'short-option-groups': false,
} as const

/** The whole answer to `--help` or `--version`. */
export interface HelpText {
  readonly help: string
}

/**
 * A parser of yargs with the settings that all commands share: it throws a UsageError for a wrong option, prints
 * nothing and does not end the process.
 * @param command as the help names it: `ctreplay check`
 * @param options names of all its options, without the dashes
 */
export function newParser(command: string, options: readonly string[]): Argv {
  const known = [...options, 'help', 'version']
  return yargs()
    .scriptName(command)
    .alias('help', 'h')
    .strictOptions()
    .locale('en')
    .wrap(HELP_WIDTH)
    .exitProcess(false)
    .showHelpOnFail(false)
    .parserConfiguration(PARSER_CONFIGURATION)
    .fail((message, error) => {
      throw new UsageError(explainWrongOption(message ?? error?.message ?? '', known))
    })
}

/**
 * The options and words of a command line; `help` is the whole answer where it was asked for, else null.
 * @param fileOptions names of the options whose value may be `-`
 * @throws UsageError
 */
export async function parseArguments<Options>(
  parser: Argv<Options>,
  args: readonly string[],
  fileOptions: readonly string[],
): Promise<{ readonly argv: Arguments<Options>; readonly help: string | null }> {
  let printed = ''
  parser.version(packageVersion())
  const argv = await parser.parse(withDashValues(args, fileOptions), {}, (_error, _argv, output) => {
    printed = output
  })
  const asksForHelp = printed !== '' || argv.help === true || argv.version === true
  return { argv: argv as Arguments<Options>, help: asksForHelp ? `${printed}\n` : null }
}

/**
 * `--rules -` as `--rules=-`: yargs would take the dash for a capture.
 * @param options names of those that take files
 */
function withDashValues(args: readonly string[], options: readonly string[]): string[] {
  const takesDash = (word: string | undefined): boolean => options.some((name) => word === `--${name}`)
  return args.flatMap((word, i) => {
    if (word === '-' && takesDash(args[i - 1])) return []
    return takesDash(word) && args[i + 1] === '-' ? [`${word}=-`] : [word]
  })
}

/** Our words for what yargs found wrong. @param known names of all options */
function explainWrongOption(message: string, known: readonly string[]): string {
  const unknown = /^Unknown arguments?: (.*)/.exec(message)
  if (unknown !== null) {
    const name = unknown[1].split(', ')[0]
    const written = name.length === 1 ? `-${name}` : `--${name}`
    return `there is no option ${written}${nearest(name, known).replace("'", "'--")}`
  }
  const choice = /Argument: (\S+), Given: (.*), Choices: (.*)/.exec(message)
  if (choice !== null) {
    const value = choice[2].replace(/^"(.*)"$/, '$1')
    const choices = choice[3].replaceAll('"', '')
    if (value === '') return `--${choice[1]} needs a value: ${choices.replace(/, (?=\S+$)/, ' or ')}`
    return `--${choice[1]} ${value}: write ${choices.replace(/, (?=\S+$)/, ' or ')}`
  }
  const missing = /Not enough arguments following: (.*)/.exec(message)
  return missing === null ? message : `--${missing[1]} needs a value`
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
