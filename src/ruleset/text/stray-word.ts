import { findMatch } from '../matches/registry.ts'
import { COMMANDS } from './commands.ts'
import { isOptionName, oneDash } from './one-dash.ts'
import type { OptionSpec, OptionUse } from './options.ts'
import { Refusal } from './ruleset-error.ts'
import type { Token } from './tokens.ts'

/** Hyphens, dashes and the minus of typography, which editors and web pages put in the place of `-`. */
const DASHES = /^-?[\u2010-\u2015\u2212]-?/u

/** An option that has just been read, by the name that it was written with. */
export interface ReadOption extends Pick<OptionUse, 'spec' | 'at' | 'values'> {
  readonly name: string
}

/**
 * For a word where an option is expected. iptables takes an option as the value of the one before, where that has none:
 * only the next word shows that something is missing.
 */
export function strayWord(token: Token, before: ReadOption | null): Refusal {
  const dash = typographicDash(token)
  if (dash !== null) return dash
  if (before !== null) {
    const { at, name, spec, values } = before
    const single = oneDash(at.text)
    if (single !== null) return new Refusal(at, single)
    if (/^--?[A-Za-z]/.test(values.at(-1)?.text ?? '')) return new Refusal(at, missingValue(name, spec, true))
  }
  const instead = (before && meantAs(token.text, before)) ?? 'take it away, or put "…" around its value'
  return new Refusal(token, `the word "${token.text}" belongs to no option; ${instead}`)
}

/** Options of which a rule has one value. */
const SINGLE: ReadonlySet<string> = new Set(['in-interface', 'out-interface', 'protocol'])
const JUMPS: ReadonlySet<string> = new Set(['jump', 'goto'])
/** Options with any text as their value. */
const FREE_TEXT = /comment|prefix|string/
const NUMBERS = /^[0-9][0-9a-f.:/]*$/i
const CAPITALS = /^[A-Z]+$/

/** What a word after the values of an option was meant for; null where nobody can tell. */
function meantAs(word: string, { spec, values }: ReadOption): string | null {
  const last = values.at(-1)?.text ?? ''
  if (FREE_TEXT.test(spec.name) || COMMANDS.has(spec.name)) return null
  if (spec.name === 'match') {
    const option = findMatch(last)?.options[0]
    return option ? `write one of -m ${last} before it, as --${option.name}` : null
  }
  if (last !== '' && /^[/:,]./.test(word)) return `write "${last}${word}" in one word`
  if (word.length > 2 && isOptionName(word)) return `write --${word}`
  if (JUMPS.has(spec.name)) return CAPITALS.test(word) && word !== last ? 'write a rule for each' : null
  if (SINGLE.has(spec.name)) return 'write a rule for each'
  if (values.some(({ text }) => text.endsWith(','))) return 'write the list without spaces'
  const isLikeLast = [NUMBERS, CAPITALS].some((form) => form.test(word) && form.test(last))
  return isLikeLast ? `write "${last},${word}"` : null
}

/** @param isTaken the word after it, which is an option, was taken for a value */
export function missingValue(name: string, spec: OptionSpec, isTaken = false): string {
  const wanted = spec.values ?? 1
  const what = spec.needs ?? (wanted === 1 ? 'a value' : `${wanted} values`)
  return isTaken && wanted === 1 ? `${name} has no value; write one after it` : `${name} needs ${what} after it`
}

/** For an option that begins with a dash of typography; null for any other word. */
export function typographicDash(token: Token): Refusal | null {
  if (!DASHES.test(token.text)) return null
  const rest = token.text.replace(DASHES, '')
  const written = `${rest.length === 1 ? '-' : '--'}${rest}`
  return new Refusal(token, `"${token.text}" begins with a typographic dash; write ${written}`)
}
