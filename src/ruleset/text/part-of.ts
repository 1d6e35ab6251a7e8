import type { FilePosition } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** What stands between the parts of a word: lists, ranges, masks, brackets. */
const SEPARATORS = ',/:-[] '

/**
 * The place of a part of a word, such as one port of a list. Equal parts have equal faults, so it is the first of them.
 *
 * @param part as it is written; the beginning of the word where it is not found
 */
export function partOf(token: Token, part: string): FilePosition {
  const { text, line, column, isQuoted } = token
  const start = column + (isQuoted ? 1 : 0)
  for (let at = text.indexOf(part); part !== '' && part !== text && at >= 0; at = text.indexOf(part, at + 1)) {
    if (isEdge(text[at - 1]) && isEdge(text[at + part.length])) return { line, column: start + at }
  }
  return token
}

/** The place of what follows the first `/` with such a text after it. */
export function maskOf(token: Token, mask: string): FilePosition {
  const at = `${token.text},`.indexOf(`/${mask},`)
  return at < 0 ? token : { line: token.line, column: token.column + (token.isQuoted ? 1 : 0) + at + 1 }
}

function isEdge(character: string | undefined): boolean {
  return character === undefined || SEPARATORS.includes(character)
}
