import { type FilePosition, Refusal } from './ruleset-error.ts'

/** A word of a rule without quotes and escapes, with its place in the file. */
export interface Token extends FilePosition {
  readonly text: string
  /** It begins with a quote, so that its text begins one column later. */
  readonly isQuoted?: boolean
}

/** iptables-restore's longest word, in bytes. */
const WORD_MAX = 1023
/** UTF-8 bytes of one UTF-16 code unit, at most. */
const BYTES_PER_UNIT_MAX = 3

/**
 * Splits a line as iptables-restore does: at spaces and tabs, and after a closing `"`. A quote may open within a word;
 * a backslash escapes only inside quotes.
 */
export function tokenize(source: string, line: number, firstColumn = 1): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < source.length; ) {
    if (isBlank(source.charCodeAt(at))) {
      at++
      continue
    }
    const start = at
    while (at < source.length && !isBlank(source.charCodeAt(at)) && source.charCodeAt(at) !== QUOTE) at++
    let text = source.slice(start, at)
    if (source.charCodeAt(at) === QUOTE) {
      const word = quotedWord(source, at, { line, column: firstColumn + start })
      text += word.text
      at = word.end
    }
    if (text.length * BYTES_PER_UNIT_MAX > WORD_MAX && Buffer.byteLength(text) > WORD_MAX) {
      const place = { line, column: firstColumn + start }
      throw new Refusal(place, `a word of ${Buffer.byteLength(text)} bytes; write at most ${WORD_MAX}`)
    }
    const column = firstColumn + start
    tokens.push(source.charCodeAt(start) === QUOTE ? { text, line, column, isQuoted: true } : { text, line, column })
  }
  return tokens
}

const QUOTE = 0x22

function isBlank(char: number): boolean {
  return char === 0x20 || char === 0x09
}

/** A word from its quote on, up to the closing one. */
function quotedWord(source: string, start: number, place: FilePosition): { text: string; end: number } {
  let text = ''
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at]
    if (char === '"') return { text, end: at + 1 }
    text += char === '\\' && at + 1 < source.length ? source[++at] : char
  }
  throw new Refusal(place, 'a quote is opened and never closed; add a closing "')
}

/** The longest beginning of a text, in whole characters, that fits into `most` bytes of UTF-8. */
export function cutToBytes(text: string, most: number): string {
  return text.slice(0, new TextEncoder().encodeInto(text, new Uint8Array(most)).read)
}

/** A string as iptables-save prints it: bare when wholly [A-Za-z0-9_-], else quoted, with `"`, `\` and `'` escaped. */
export function quoteWord(text: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(text)) return text
  return `"${text.replace(/["\\']/g, '\\$&')}"`
}
