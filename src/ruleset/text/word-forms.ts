import type { Misreading } from './misreading.ts'
import { oneDash } from './one-dash.ts'

/** The word that the place is in, and those around it. */
function wordsAround(source: string, column: number): { start: number; word: string; before: string; after: string } {
  const start = source.slice(0, column).search(/[^ \t]*$/)
  const [word, after = ''] = source.slice(start).split(/[ \t]+/)
  const before =
    source
      .slice(0, start)
      .trim()
      .split(/[ \t]+/)
      .at(-1) ?? ''
  return { start, word, before, after }
}

/** `-ctstate NEW` */
export function oneDashAt(source: string, column: number): Misreading | null {
  const { start, word } = wordsAround(source, column)
  const text = oneDash(word)
  return text === null ? null : { column: start + 1, text }
}

/** `- A` or `-- dport`, `!-s` or `-s !10.0.0.1`, and `-j=DROP`. */
export function oddWordAt(source: string, column: number): Misreading | null {
  const { start, word, before, after } = wordsAround(source, column)
  const text = /^--?$/.test(word)
    ? `"${word}" stands alone; write "${word}${after}" in one word`
    : /^!-/.test(word)
      ? `! is a word of its own; write "! ${word.slice(1)}"`
      : /^![^-]/.test(word) && before.startsWith('-')
        ? `! is a word of its own, before the option; write "! ${before} ${word.slice(1)}"`
        : /^-[a-zA-Z]=./.test(word)
          ? `${word.slice(0, 2)} takes no "=" before its value; write "${word.replace('=', ' ')}"`
          : null
  return text === null ? null : { column: start + 1, text }
}

/** No-break spaces and the like, which come with text from web pages; invisible ones, too. */
const ODD_SPACE = /[\u00a0\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff]/

/** One that parts no words for iptables-restore; those in quotes are a part of the value. */
export function oddSpaceAt(source: string, column: number): Misreading | null {
  const bare = source.replace(/"[^"]*"/g, (quoted) => '"'.repeat(quoted.length))
  const at = bare.search(ODD_SPACE)
  if (at < 0 || at + 1 > column + bare.slice(column).search(/[ \t]|$/)) return null
  const code = bare.charCodeAt(at).toString(16).toUpperCase().padStart(4, '0')
  return { column: at + 1, text: `a space of another kind (U+${code}) stands here; write a plain one` }
}
