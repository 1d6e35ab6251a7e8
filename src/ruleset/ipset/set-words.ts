import { Refusal } from '../text/ruleset-error.ts'
import type { Token } from '../text/tokens.ts'

/** Options of the ipset program. They may be anywhere in a line, even between an option and its value. Skipped. */
const PROGRAM_FLAGS: ReadonlySet<string> = new Set(
  ['-!', '-q', '-s', '-r', '-n', '-t'].concat(
    ['exist', 'quiet', 'sorted', 'resolve', 'name', 'terse'].flatMap((name) => [`-${name}`, `--${name}`]),
  ),
)
const ANY: readonly string[] = []
const OUTPUTS: readonly string[] = ['plain', 'save', 'xml']
const PROGRAM_VALUES: ReadonlyMap<string, readonly string[]> = new Map([
  ...['-o', '-output', '--output'].map((name) => [name, OUTPUTS] as const),
  ...['-f', '-file', '--file'].map((name) => [name, ANY] as const),
])

/**
 * Splits a line as ipset restore does: at blanks outside quotes. Quotes may be anywhere in a word and cannot be
 * escaped. A word that is empty without its quotes is skipped, and so are options of the ipset program.
 */
export function setWords(source: string, line: number): Token[] {
  const words: Token[] = []
  let hasOptions = false
  for (let at = 0; at < source.length; ) {
    if (isBlank(source.charCodeAt(at))) {
      at++
      continue
    }
    const start = at
    let isQuoted = false
    for (; at < source.length && !isBlank(source.charCodeAt(at)); at++) {
      if (source.charCodeAt(at) !== QUOTE) continue
      isQuoted = true
      const opened = at
      at = source.indexOf('"', at + 1)
      if (at < 0) {
        throw new Refusal({ line, column: opened + 1 }, 'a quote is opened and never closed; add a closing "')
      }
    }
    const written = source.slice(start, at)
    const text = isQuoted ? written.replaceAll('"', '') : written
    if (text === '') continue
    hasOptions ||= text.startsWith('-')
    words.push({ text, line, column: start + 1 })
  }
  return hasOptions ? withoutProgramOptions(words) : words
}

const QUOTE = 0x22

function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09 || char === 0x0d
}

function withoutProgramOptions(words: readonly Token[]): Token[] {
  const kept: Token[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    const values = PROGRAM_VALUES.get(word.text)
    if (values === undefined) {
      if (!PROGRAM_FLAGS.has(word.text)) kept.push(word)
      continue
    }
    const value = words[++index]
    if (value === undefined || (values !== ANY && !values.includes(value.text))) {
      throw new Refusal(word, `${word.text} needs ${values === ANY ? 'a file' : values.join(', ')}; take it out`)
    }
  }
  return kept
}
