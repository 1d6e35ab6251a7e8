import type { MatchExtension, TargetExtension } from '../extension.ts'
import { findMatch } from '../matches/registry.ts'
import type { Family } from '../packet/rule-environment.ts'
import { COMMAND_LINE_OPTIONS, GENERIC_OPTIONS, SHORT_OPTIONS } from './generic-options.ts'
import { oneDash } from './one-dash.ts'
import type { OptionSpec, OptionUse } from './options.ts'
import { printProtocol } from './protocols.ts'
import { Refusal } from './ruleset-error.ts'
import { typographicDash } from './stray-word.ts'
import type { Token } from './tokens.ts'
import { insteadOf } from './unknown-option.ts'

/** A match or target that a rule has loaded, and the options that it was given so far. */
export interface Loaded {
  readonly extension: MatchExtension | TargetExtension
  readonly at: Token
  readonly uses: OptionUse[]
}

interface Found {
  readonly spec: OptionSpec
  /** null: an option of every rule. */
  readonly owner: Loaded | null
}

/** What a rule has loaded so far. */
export interface LoadedExtensions {
  readonly family: Family
  /** Protocol of `-p`, negated or not; 0 for none. */
  protocol: number
  readonly matches: Loaded[]
  target: Loaded | null
}

/**
 * Finds an option as getopt_long does: by its exact name, first in what was loaded last, else by a beginning that only
 * one option has.
 */
export function findOption(token: Token, name: string, loaded: LoadedExtensions): Found {
  if (!name.startsWith('--')) {
    const spec = SHORT_OPTIONS.get(name)
    if (spec) return { spec, owner: null }
    if (COMMAND_LINE_OPTIONS.has(name.slice(1))) throw commandLineOnly(token, name)
    throw typographicDash(token) ?? unknownShort(token)
  }
  const long = name.slice(2)
  const found = lookUp(token, long, loaded)
  if (found) return found
  const implied = impliedMatch(token, loaded)
  if (implied) {
    loaded.matches.push(implied)
    const again = lookUp(token, long, loaded)
    if (again) return again
  }
  const extensions = [...loaded.matches, ...(loaded.target ? [loaded.target] : [])].map(({ extension }) => extension)
  throw new Refusal(token, `the option "${name}" is not known here; ${insteadOf(long, extensions, loaded.family)}`)
}

function lookUp(token: Token, long: string, loaded: LoadedExtensions): Found | null {
  return exact(long, loaded) ?? beginning(token, long, loaded)
}

function exact(long: string, { target, matches }: LoadedExtensions): Found | null {
  if (target) {
    const spec = optionOf(target.extension, long)
    if (spec) return { spec, owner: target }
  }
  for (let at = matches.length - 1; at >= 0; at--) {
    const owner = matches[at]
    const spec = optionOf(owner.extension, long)
    if (spec) return { spec, owner }
  }
  return null
}

function beginning(token: Token, long: string, { target, matches }: LoadedExtensions): Found | null {
  const owners = [target, ...matches.toReversed(), null].filter((owner, at) => owner !== null || at > 0)
  const starting: Found[] = []
  for (const owner of owners) {
    for (const spec of owner ? owner.extension.options : GENERIC_OPTIONS) {
      for (const name of [spec.name, ...(spec.aliases ?? [])]) {
        if (name === long) return { spec, owner }
        if (name.startsWith(long) && !starting.some((other) => other.spec === spec)) starting.push({ spec, owner })
      }
    }
  }
  for (const name of COMMAND_LINE_OPTIONS.values()) {
    if (name === long) throw commandLineOnly(token, `--${name}`)
    if (name.startsWith(long)) starting.push({ spec: { name }, owner: null })
  }
  if (starting.length > 1) {
    const names = starting.map(({ spec }) => `--${spec.name}`).join(' and ')
    throw new Refusal(token, `"--${long}" could be ${names}; write it out`)
  }
  const [only] = starting
  if (only && [...COMMAND_LINE_OPTIONS.values()].includes(only.spec.name)) throw commandLineOnly(token, `--${long}`)
  return only ?? null
}

/** `-p tcp --dport 22` loads the tcp match. */
function impliedMatch(at: Token, { family, protocol, matches }: LoadedExtensions): Loaded | null {
  const extension = protocol === 0 ? undefined : findMatch(printProtocol(protocol))
  if (!extension || (extension.family ?? family) !== family) return null
  if (matches.some((loaded) => loaded.extension === extension)) return null
  return { extension, at, uses: [] }
}

function unknownShort(token: Token): Refusal {
  const [dash, letter, ...more] = token.text
  const other = `${dash}${letter === letter?.toUpperCase() ? letter?.toLowerCase() : letter?.toUpperCase()}`
  const instead = more.length === 0 && SHORT_OPTIONS.has(other) ? `did you mean ${other}?` : 'take it away'
  return new Refusal(token, oneDash(token.text) ?? `the option "${token.text}" is not known; ${instead}`)
}

function commandLineOnly(token: Token, name: string): Refusal {
  const instead = /^-t$|^--t/.test(name)
    ? `put the line under the table that it names, without ${name}`
    : 'take it away here'
  return new Refusal(token, `${name} is for the command line of iptables; ${instead}`)
}

const OPTIONS_BY_NAME = new WeakMap<object, ReadonlyMap<string, OptionSpec>>()

/** The option of exactly this name. */
function optionOf(extension: MatchExtension | TargetExtension, long: string): OptionSpec | undefined {
  let byName = OPTIONS_BY_NAME.get(extension)
  if (byName === undefined) {
    // Where two have the same name, the first counts.
    const named = extension.options.flatMap((spec) =>
      [spec.name, ...(spec.aliases ?? [])].map((name) => [name, spec] as const),
    )
    byName = new Map(named.toReversed())
    OPTIONS_BY_NAME.set(extension, byName)
  }
  return byName.get(long)
}
