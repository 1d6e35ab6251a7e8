import { readFileSync } from 'node:fs'
import { nearest } from './nearest.ts'

/** Options are taken as they are written: no numbers, no camels, no `--no-`. */
export const PARSER_CONFIGURATION = {
  'parse-positional-numbers': false,
  'camel-case-expansion': false,
  'dot-notation': false,
  'boolean-negation': false,
  'duplicate-arguments-array': true,
  'flatten-duplicate-arrays': false,
  'short-option-groups': false,
} as const

/**
 * `--rules -` as `--rules=-`: yargs would take the dash for a capture.
 * @param options names of those that take files
 */
export function withDashValues(args: readonly string[], options: readonly string[]): string[] {
  const takesDash = (word: string | undefined): boolean => options.some((name) => word === `--${name}`)
  return args.flatMap((word, i) => {
    if (word === '-' && takesDash(args[i - 1])) return []
    return takesDash(word) && args[i + 1] === '-' ? [`${word}=-`] : [word]
  })
}

/** Our words for what yargs found wrong. @param known names of all options */
export function explainWrongOption(message: string, known: readonly string[]): string {
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

export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return String((JSON.parse(text) as { version: unknown }).version)
}
