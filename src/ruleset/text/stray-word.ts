import { MATCHES } from '../matches/registry.ts'
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
    const doubled = `-${at.text}`
    if (at.text !== name && isOptionName(doubled.slice(2))) {
      const read = `${name} ${at.text.slice(name.length)}`
      return new Refusal(at, `${at.text} is read as ${read}; write ${doubled}`)
    }
    if (/^--?[A-Za-z]/.test(values.at(-1)?.text ?? '')) return new Refusal(at, missingValue(name, spec, true))
  }
  return new Refusal(token, `the word "${token.text}" belongs to no option; take it away, or put "…" around its value`)
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

function isOptionName(name: string): boolean {
  return MATCHES.some(({ options }) => options.some((spec) => spec.name === name || spec.aliases?.includes(name)))
}
