import { Refusal } from './ruleset-error.ts'

/** A word of a rule, quotes and escapes taken off, with its place in the file (from 1). */
export interface Token {
  readonly text: string
  readonly line: number
  readonly column: number
}

/** iptables-restore's longest word. */
const WORD_MAX = 1024

/**
 * Splits a line as iptables-restore does: at spaces and tabs; `"` quotes, also within a word; a backslash escapes only
 * inside quotes.
 */
export function tokenize(source: string, line: number, firstColumn = 1): Token[] {
  const tokens: Token[] = []
  let text = ''
  let start = -1
  let open = false
  for (let at = 0; at <= source.length; at++) {
    const char = source[at]
    if (open) {
      if (char === undefined) {
        throw new Refusal({ line, column: firstColumn + start }, 'a quote is opened and never closed; add a closing "')
      }
      if (char === '"') open = false
      else if (char === '\\' && at + 1 < source.length) text += source[++at]
      else text += char
    } else if (char === undefined || char === ' ' || char === '\t') {
      if (start >= 0) {
        if (text.length > WORD_MAX) {
          throw new Refusal(
            { line, column: firstColumn + start },
            `a word of ${text.length} characters; at most ${WORD_MAX}`,
          )
        }
        tokens.push({ text, line, column: firstColumn + start })
      }
      text = ''
      start = -1
    } else {
      if (start < 0) start = at
      if (char === '"') open = true
      else text += char
    }
  }
  return tokens
}

/** A string as iptables-save prints it: bare when wholly [A-Za-z0-9_-], else quoted, with `"`, `\` and `'` escaped. */
export function quoteWord(text: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text
  return `"${text.replace(/["\\']/g, '\\$&')}"`
}
